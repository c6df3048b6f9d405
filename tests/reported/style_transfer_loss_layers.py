"""Old style of neural style transfer: each loss layer has a backward of its own."""
import torch
import torch.nn as nn


class ContentLoss(nn.Module):
    def __init__(self, target, weight):
        super().__init__()
        self.target = target.detach() * weight
        self.weight = weight
        self.criterion = nn.MSELoss()

    def forward(self, x):
        self.loss = self.criterion(x * self.weight, self.target)
        return x

    def backward(self):
        self.loss.backward()  # expect: MHL101
        return self.loss


cnn = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU())
for p in cnn.parameters():
    p.requires_grad_(False)

content = torch.rand(1, 3, 8, 8)
model, losses, feat = nn.Sequential(), [], content
for i, layer in enumerate(cnn):
    model.add_module("layer_%d" % i, layer)
    feat = layer(feat)
    if isinstance(layer, nn.ReLU):
        cl = ContentLoss(feat, 1.0)
        model.add_module("content_%d" % i, cl)
        losses.append(cl)

image = torch.rand(1, 3, 8, 8, requires_grad=True)
optimizer = torch.optim.Adam([image], lr=0.01)
for step in range(2):
    optimizer.zero_grad()
    model(image)
    score = 0
    for cl in losses:
        score += cl.backward().item()
    optimizer.step()
    print(step, score)
