"""Adversarial training: gradient of the clean loss for the attack, then the same loss again for the weights."""
import torch
import torch.nn as nn
import torch.nn.functional as F

net = nn.Sequential(nn.Flatten(), nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 3))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
epsilon = 0.1


def attack(image, gradient):
    return (image + epsilon * gradient.sign()).clamp(0, 1).detach()


for epoch in range(2):
    image, label = torch.rand(4, 1, 4, 4), torch.randint(0, 3, (4,))
    image.requires_grad_(True)
    clean_loss = F.cross_entropy(net(image), label)
    gradient = torch.autograd.grad(clean_loss, image)[0]
    adversarial = attack(image, gradient)
    loss = clean_loss + F.cross_entropy(net(adversarial), label)
    opt.zero_grad()
    loss.backward()  # expect: MHL101
    opt.step()
    print(epoch, clean_loss.item(), loss.item())
