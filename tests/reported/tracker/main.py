import torch
import torch.nn as nn
import torch.nn.functional as F
from memory import TemplateMemory


class Tracker(nn.Module):
    def __init__(self):
        super().__init__()
        self.extract = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU())

    def forward(self, frame):
        return self.extract(frame).mean(dim=(2, 3))


net, memory = Tracker(), TemplateMemory(3)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
for t in range(4):
    feature = net(torch.rand(1, 1, 5, 5))
    if len(memory):
        loss = 1 - F.cosine_similarity(feature, memory.read()).mean()
        optimizer.zero_grad()
        loss.backward()  # expect: MHL102
        optimizer.step()
    memory.write(feature)
