import torch
import torch.nn as nn
import torch.nn.functional as F
class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc, self.dec = nn.Linear(6, 3), nn.Linear(3, 6)

    def forward(self, x):
        return self.dec(torch.relu(self.enc(x)))


def train(model, loader, optimizer):
    for x in loader:
        with torch.no_grad():
            out = model(x)
        loss = F.mse_loss(out, x)
        optimizer.zero_grad()
        loss.backward()  # expect: MHL104
        optimizer.step()


net = Autoencoder()
train(net, [torch.randn(4, 6) for _ in range(2)], torch.optim.Adam(net.parameters()))
