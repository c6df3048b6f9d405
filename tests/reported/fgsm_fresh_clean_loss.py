"""Adversarial training: gradient of the clean loss for the attack, a fresh clean loss for the weights."""
import torch
import torch.nn as nn
import torch.nn.functional as F

net = nn.Sequential(nn.Flatten(), nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 3))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
epsilon = 0.1


def attack(image, label):
    image = image.clone().requires_grad_(True)
    loss = F.cross_entropy(net(image), label)
    gradient = torch.autograd.grad(loss, image)[0]
    return (image + epsilon * gradient.sign()).clamp(0, 1).detach()


for epoch in range(2):
    image, label = torch.rand(4, 1, 4, 4), torch.randint(0, 3, (4,))
    adversarial = attack(image, label)
    loss = F.cross_entropy(net(image), label) + F.cross_entropy(net(adversarial), label)
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(epoch, loss.item())
