"""Two walks over one shared tensor that keeps nothing: additions, slices and views."""
import torch
import torch.nn as nn


class Offsets(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.offset = nn.Parameter(torch.zeros(n, 4))
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, anchors):
        boxes = anchors + self.offset - self.bias
        return boxes.view(-1, 2, 2)


model = Offsets(5)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(3):
    anchors = torch.rand(5, 4)
    corners = model(anchors)
    top_left, bottom_right = corners[:, 0], corners[:, 1]
    opt.zero_grad()
    (top_left - 0.2).abs().mean().backward()
    (bottom_right - 0.8).abs().mean().backward()
    opt.step()
    print(step, model.offset.abs().sum().item())
