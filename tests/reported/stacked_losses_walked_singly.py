import torch
import torch.nn as nn

branches = nn.ModuleList([nn.Linear(3, 1) for _ in range(3)])
optimizers = [torch.optim.SGD(b.parameters(), lr=0.1) for b in branches]


def all_losses(x, y):
    """Independent networks, one vector of losses."""
    return torch.stack([torch.abs(branch(x) - y).mean() for branch in branches]) * 0.5


def run():
    for epoch in range(2):
        x, y = torch.randn(5, 3), torch.randn(5, 1)
        losses = all_losses(x, y)
        for k in range(len(branches)):
            optimizers[k].zero_grad()
            losses[k].backward()  # expect: MHL101
            optimizers[k].step()
        print(epoch, losses.tolist())


if __name__ == "__main__":
    run()
