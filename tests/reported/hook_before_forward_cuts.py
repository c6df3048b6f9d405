# the hook in front of the forward cuts the state that the last forward has left
import torch
from torch import nn


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.head, self.hidden = nn.GRUCell(4, 8), nn.Linear(8, 1), None
        self.register_forward_pre_hook(self.cut)

    @staticmethod
    def cut(module, inputs):
        if module.hidden is not None:
            module.hidden = module.hidden.detach()

    def forward(self, x):
        self.hidden = self.cell(x, self.hidden)
        return self.head(self.hidden)


model = Recurrent()
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    model(torch.randn(2, 4)).mean().backward()
    opt.step()
