# deep supervision: every stage gives a prediction and a loss
import torch
import torch.nn as nn
import torch.nn.functional as F


class Stage(nn.Module):
    def __init__(self, ch):
        super().__init__()
        self.conv = nn.Conv2d(ch, ch, 3, padding=1)
        self.pred = nn.Conv2d(ch, 1, 1)

    def forward(self, x):
        x = F.relu(self.conv(x))
        return x, self.pred(x)


class Hourglass(nn.Module):
    def __init__(self, n_stages=3, ch=4):
        super().__init__()
        self.stem = nn.Conv2d(1, ch, 3, padding=1)
        self.stages = nn.ModuleList([Stage(ch) for _ in range(n_stages)])

    def forward(self, x):
        x = self.stem(x)
        preds = []
        for stage in self.stages:
            x, p = stage(x)
            preds.append(p)
        return preds


def main():
    net = Hourglass()
    optim = torch.optim.RMSprop(net.parameters(), lr=1e-3)
    for it in range(2):
        img, heat = torch.rand(2, 1, 6, 6), torch.rand(2, 1, 6, 6)
        losses = []
        for pred in net(img):
            losses.append(F.mse_loss(pred, heat))
        optim.zero_grad()
        for loss in losses:
            loss.backward()  # expect: MHL101
        optim.step()


main()
