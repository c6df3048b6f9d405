# the object's own __setattr__ cuts what is stored, and a frozen record is changed behind its back
from dataclasses import dataclass

import torch
from torch import nn

cell, head = nn.GRUCell(4, 8), nn.Linear(8, 1)
opt = torch.optim.SGD([*cell.parameters(), *head.parameters()], lr=0.1)


class Cut:
    def __setattr__(self, name, value):
        super().__setattr__(name, value.detach() if torch.is_tensor(value) else value)


@dataclass(frozen=True)
class Record:
    hidden: torch.Tensor

    def cut(self):
        object.__setattr__(self, "hidden", self.hidden.detach())


memory, record = Cut(), Record(torch.zeros(2, 8))
memory.hidden = torch.zeros(2, 8)
for _ in range(3):
    hidden = memory.hidden = cell(torch.randn(2, 4), memory.hidden)
    record = Record(cell(torch.randn(2, 4), record.hidden))
    loss = head(hidden + record.hidden).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    record.cut()
