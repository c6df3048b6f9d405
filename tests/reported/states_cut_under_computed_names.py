# the states are cut under names that are not in the text
import torch
from torch import nn

cell, head = nn.GRUCell(4, 8), nn.Linear(8, 1)
opt = torch.optim.SGD([*cell.parameters(), *head.parameters()], lr=0.1)


class Memory:
    def __init__(self):
        self.hidden = torch.zeros(2, 8)
        self.by_name = {"hidden": torch.zeros(2, 8)}

    def cut(self):
        for name in [name for name in dir(self) if not name.startswith("_")]:
            value = getattr(self, name)
            if torch.is_tensor(value):
                setattr(self, name, value.detach())
        for name in bytes.fromhex("68696464656e").decode().split():
            self.by_name[name] = self.by_name[name].detach()


memory = Memory()
for _ in range(3):
    memory.hidden = cell(torch.randn(2, 4), memory.hidden)
    memory.by_name["hidden"] = cell(torch.randn(2, 4), memory.by_name["hidden"])
    loss = head(memory.hidden + memory.by_name["hidden"]).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    memory.cut()
