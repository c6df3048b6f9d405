import torch
import torch.nn as nn

n_samples, n_in = 16, 4
X = torch.randn(n_samples, n_in)
true_w = torch.tensor([[1.0], [0.0], [-2.0], [0.0]])
y = X @ true_w + 0.05 * torch.randn(n_samples, 1)

model = nn.Linear(n_in, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
mse = nn.MSELoss()

l1_lambda = 1e-3
l1_norm = sum(p.abs().sum() for p in model.parameters())

for epoch in range(10):
    optimizer.zero_grad()
    y_hat = model(X)
    loss = mse(y_hat, y) + l1_lambda * l1_norm
    loss.backward()  # expect: MHL101
    optimizer.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch}: {loss.item():.4f}")

print(model.weight.data)
