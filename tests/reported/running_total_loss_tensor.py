import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.fc = nn.Linear(2 * 4 * 4, 3)

    def forward(self, x):
        x = F.relu(self.conv(x))
        return self.fc(x.view(x.size(0), -1))


def train_epoch(net, loader, optimizer):
    running_loss = 0.0
    for i, (images, labels) in enumerate(loader):
        optimizer.zero_grad()
        outputs = net(images)
        running_loss = running_loss + F.cross_entropy(outputs, labels)
        running_loss.backward()  # expect: MHL102
        optimizer.step()
    return running_loss.item() / len(loader)


dataset = TensorDataset(torch.randn(8, 1, 6, 6), torch.randint(0, 3, (8,)))
loader = DataLoader(dataset, batch_size=2)
net = Net()
optimizer = torch.optim.Adam(net.parameters())
for epoch in range(2):
    print("epoch %d loss %.3f" % (epoch, train_epoch(net, loader, optimizer)))
