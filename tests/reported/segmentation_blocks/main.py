import torch
import torch.nn as nn
from blocks import GatedBlock

net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), GatedBlock(4), nn.Conv2d(4, 2, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(2):
    images, masks = torch.rand(2, 3, 6, 6), torch.randint(0, 2, (2, 6, 6))
    optimizer.zero_grad()
    loss = criterion(net(images), masks)
    loss.backward()  # expect: MHL103
    optimizer.step()
