import torch
import torch.nn as nn

branches = nn.ModuleList([nn.Linear(3, 1) for _ in range(3)])
optimizers = [torch.optim.SGD(b.parameters(), lr=0.1) for b in branches]


def all_losses(x, y):
    """Independent networks, one list of losses."""
    return [0.5 * torch.abs(branch(x) - y).mean() for branch in branches]


def run():
    for epoch in range(2):
        x, y = torch.randn(5, 3), torch.randn(5, 1)
        losses = all_losses(x, y)
        for k in range(len(branches)):
            optimizers[k].zero_grad()
            losses[k].backward()
            optimizers[k].step()
        print(epoch, [loss.item() for loss in losses])


if __name__ == "__main__":
    run()
