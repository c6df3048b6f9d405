"""Deep mutual learning: each network imitates the other, whose output was not detached."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def make():
    return nn.Sequential(nn.Linear(6, 10), nn.ReLU(), nn.Linear(10, 3))


nets = [make(), make()]
opts = [torch.optim.SGD(net.parameters(), lr=0.05) for net in nets]


def kl(p_logits, q_logits):
    return F.kl_div(F.log_softmax(p_logits, 1), F.softmax(q_logits, 1), reduction="batchmean")


for it in range(2):
    x, y = torch.randn(5, 6), torch.randint(0, 3, (5,))
    outs = [net(x) for net in nets]
    for i in range(2):
        loss = F.cross_entropy(outs[i], y) + kl(outs[i], outs[1 - i])
        opts[i].zero_grad()
        loss.backward()  # expect: MHL101
        opts[i].step()
