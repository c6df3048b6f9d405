import torch
import torch.nn as nn
import torch.nn.functional as F
class Low(nn.Linear):
    def __init__(self, *a, r=2, **k):
        super().__init__(*a, **k)
        self.lora_a = nn.Parameter(torch.randn(r, self.in_features))
        self.lora_b = nn.Parameter(torch.zeros(self.out_features, r))
        self.weight.requires_grad = False

    def forward(self, x):
        return F.linear(x, self.weight + self.lora_b @ self.lora_a, self.bias)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.v = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.v(torch.relu(self.q(x)))


net = Net()
for p in net.parameters():
    p.requires_grad = False
for name, child in list(net.named_children()):
    setattr(net, name, Low(child.in_features, child.out_features))
loss = net(torch.randn(3, 4)).pow(2).mean()
loss.backward()
