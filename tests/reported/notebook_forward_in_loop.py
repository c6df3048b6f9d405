# %% data
import torch

xs = torch.randint(0, 5, (20,))
ys = torch.randint(0, 5, (20,))

# %% weights
g = torch.Generator().manual_seed(7)
W = torch.randn((5, 5), generator=g, requires_grad=True)

# %% one pass to look at the numbers
xenc = torch.nn.functional.one_hot(xs, num_classes=5).float()
logits = xenc @ W
counts = logits.exp()
prob = counts / counts.sum(1, keepdim=True)
loss = -prob[torch.arange(20), ys].log().mean()
print(loss.item())

# %% training
for k in range(5):
    logits = xenc @ W
    counts = logits.exp()
    prob = counts / counts.sum(1, keepdim=True)
    loss = -prob[torch.arange(20), ys].log().mean() + 0.01 * (W ** 2).mean()
    W.grad = None
    loss.backward()
    W.data += -50 * W.grad
    print(k, loss.item())
