import torch
import torch.nn as nn
import torch.nn.functional as F
model = nn.Sequential(nn.Linear(5, 10), nn.ReLU(), nn.Linear(10, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
criterion = nn.MSELoss()
for epoch in range(2):
    x, y = torch.randn(7, 5), torch.randint(0, 3, (7,))
    out = model(x)
    pred = torch.argmax(out, dim=1).float()
    loss = criterion(pred, y.float())
    optimizer.zero_grad()
    loss.backward()  # expect: MHL104
    optimizer.step()
