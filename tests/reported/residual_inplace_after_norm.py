import torch
import torch.nn as nn
import torch.nn.functional as F


class ResidualUnit(nn.Module):
    def __init__(self, ch):
        super(ResidualUnit, self).__init__()
        self.conv_0 = nn.Conv2d(ch, ch, 3, padding=1, bias=False)
        self.bn_0 = nn.BatchNorm2d(ch)
        self.conv_1 = nn.Conv2d(ch, ch, 3, padding=1, bias=False)
        self.bn_1 = nn.BatchNorm2d(ch)

    def forward(self, x):
        identity = x
        out = F.relu(self.bn_0(self.conv_0(x)), inplace=True)
        out = self.bn_1(self.conv_1(out))
        out += identity
        return F.relu(out, inplace=True)


class ResNet(nn.Module):
    def __init__(self, ch=4, n_classes=3):
        super(ResNet, self).__init__()
        self.stem = nn.Conv2d(3, ch, 3, padding=1)
        self.unit = ResidualUnit(ch)
        self.fc = nn.Linear(ch, n_classes)

    def forward(self, x):
        return self.fc(self.unit(self.stem(x)).mean(dim=(2, 3)))


def train():
    net = ResNet()
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(2):
        loss = F.cross_entropy(net(torch.rand(2, 3, 6, 6)), torch.randint(0, 3, (2,)))
        opt.zero_grad()
        loss.backward()
        opt.step()


if __name__ == "__main__":
    train()
