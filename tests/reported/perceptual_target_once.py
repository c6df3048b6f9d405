"""Perceptual loss: features of the target are computed once, by a network that still has gradients."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class VGGLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.slice1 = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU())
        self.slice2 = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU())

    def forward(self, x):
        a = self.slice1(x)
        b = self.slice2(a)
        return [a, b]


def optimise_image(steps=3):
    vgg = VGGLike().eval()
    target_image = torch.rand(1, 3, 8, 8)
    target_feats = vgg(target_image)
    image = torch.rand(1, 3, 8, 8, requires_grad=True)
    opt = torch.optim.Adam([image], lr=0.05)
    for step in range(steps):
        opt.zero_grad()
        loss = 0.0
        for f, t in zip(vgg(image), target_feats):
            loss += F.mse_loss(f, t)
        loss.backward()  # expect: MHL101
        opt.step()
        image.data.clamp_(0, 1)
    return image.detach()


if __name__ == "__main__":
    optimise_image()
