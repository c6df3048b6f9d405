# attention map that is thresholded in place
import torch
from torch import nn


class SpatialAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 3, padding=1)
        self.sigmoid = nn.Sigmoid()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        pooled = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)
        attention = self.sigmoid(self.conv(pooled))
        attention -= 0.5
        return x * self.relu(attention)


backbone = nn.Conv2d(3, 4, 3, padding=1)
attend = SpatialAttention()
fc = nn.Linear(4, 1)
opt = torch.optim.Adam([*backbone.parameters(), *attend.parameters(), *fc.parameters()])

for step in range(2):
    features = attend(backbone(torch.rand(2, 3, 5, 5)))
    loss = nn.functional.mse_loss(fc(features.flatten(2).mean(2)), torch.ones(2, 1))
    opt.zero_grad()
    loss.backward()  # expect: MHL103
    opt.step()
