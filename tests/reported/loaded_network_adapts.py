import io

import torch
import torch.nn.functional as F
from torch import nn


class Conditioned(nn.Module):
    """A classifier with a context vector that is adapted to each task."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(6, 3)
        self.reset()

    def reset(self):
        self.context = torch.zeros(2, requires_grad=True)

    def forward(self, x):
        return self.body(torch.cat([x, self.context.expand(len(x), 2)], 1))


def adapt(model, tasks, rate):
    for x, y in tasks:
        model.reset()
        for _ in range(2):
            loss = F.cross_entropy(model(x), y)
            slope = torch.autograd.grad(loss, model.context)[0]
            model.context = model.context - rate * slope


def save():
    file = io.BytesIO()
    torch.save(Conditioned(), file)
    file.seek(0)
    return file


def main():
    model = torch.load(save(), weights_only=False)
    adapt(model, [(torch.randn(4, 4), torch.tensor([0, 1, 2, 0])) for _ in range(2)], 0.5)


if __name__ == "__main__":
    main()
