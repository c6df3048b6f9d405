import torch
import torch.nn as nn


class Mixer(nn.Module):
    def __init__(self, dim=8, length=5):
        super().__init__()
        self.pos = nn.Parameter(torch.randn(length, dim) * 0.02)
        self.proj = nn.Linear(4, dim)
        self.gate = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, 2)

    def forward(self, x):
        x = self.proj(x)
        x += self.pos  # nothing has kept x yet
        g = torch.sigmoid(self.gate(x))
        return self.out((x * g).mean(1))


model = Mixer()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(2):
    inputs, labels = torch.randn(3, 5, 4), torch.randint(0, 2, (3,))
    optimizer.zero_grad()
    loss = criterion(model(inputs), labels)
    loss.backward()
    optimizer.step()
