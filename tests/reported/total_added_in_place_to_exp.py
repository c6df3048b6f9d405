"""Homoscedastic weighting of two losses; the total is accumulated in place."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Weighting(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.log_vars = nn.Parameter(torch.zeros(n))

    def forward(self, losses):
        total = torch.exp(-self.log_vars[0] + torch.log(losses[0]))
        for i in range(1, len(losses)):
            total += torch.exp(-self.log_vars[i]) * losses[i]
        return total + self.log_vars.sum()


def main():
    net, weighting = nn.Linear(4, 3), Weighting(2)
    opt = torch.optim.Adam([*net.parameters(), *weighting.parameters()], lr=1e-2)
    for _ in range(2):
        out = net(torch.randn(5, 4))
        losses = [F.mse_loss(out, torch.randn(5, 3)), out.abs().mean()]
        loss = weighting(losses)
        opt.zero_grad()
        loss.backward()  # expect: MHL103
        opt.step()


if __name__ == "__main__":
    main()
