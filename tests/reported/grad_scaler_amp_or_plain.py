import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.amp import GradScaler, autocast


class UNetish(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(1, 4, 3, padding=1)
        self.seg = nn.Conv2d(4, 2, 1)
        self.edge = nn.Conv2d(4, 1, 1)

    def forward(self, x):
        f = F.relu(self.down(x))
        return self.seg(f), self.edge(f)


use_amp = torch.cuda.is_available()
model = UNetish()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
scaler = GradScaler("cuda", enabled=use_amp)

for i in range(2):
    image, mask = torch.rand(2, 1, 6, 6), torch.randint(0, 2, (2, 6, 6))
    edges = torch.rand(2, 1, 6, 6)
    optimizer.zero_grad(set_to_none=True)
    with autocast("cuda", enabled=use_amp):
        seg, edge = model(image)
        loss = F.cross_entropy(seg, mask) + F.binary_cross_entropy_with_logits(edge, edges)
    if use_amp:
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
    else:
        loss.backward()
        optimizer.step()
