import torch
import torch.nn as nn


class PatchCritic(nn.Module):
    """Gives one score for every patch of the image."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, 4, 3, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4, 1, 3, padding=1),
        )

    def forward(self, image):
        return self.net(image)


critic = PatchCritic()
optimizer = torch.optim.RMSprop(critic.parameters(), lr=5e-5)

for i in range(2):
    real, fake = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    optimizer.zero_grad()
    loss = critic(fake) - critic(real)
    loss.backward()  # expect: MHL104
    optimizer.step()
    print(i, loss.mean().item())
