"""A hook sums up the squares of what each walk sends through a layer: the walks are needed one by one."""

import torch
from torch import nn
from unseen_trainers import drive

squares = []


def keep(module, inputs, outputs):
    squares.append(outputs[0].pow(2).sum(0))


class Fisher:
    def of(self, net):
        for _, layer in net.named_modules():
            if isinstance(layer, nn.Linear):
                layer.register_full_backward_hook(keep)
        for x in torch.randn(2, 5, 4):
            features = net(x.requires_grad_())
            for draw in range(4):
                (features * torch.randn_like(features)).sum().backward(retain_graph=draw < 3)


drive(Fisher(), ["of"], [nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))])
