import torch
import torch.nn as nn
from losses import AdversarialLoss

sr = nn.Sequential(nn.Linear(4, 12), nn.PReLU(), nn.Linear(12, 8))
critic = nn.Sequential(nn.Linear(8, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
adv = AdversarialLoss(critic, torch.optim.Adam(critic.parameters(), lr=1e-3))
l1 = nn.L1Loss()
optimizer = torch.optim.Adam(sr.parameters(), lr=1e-3)

for batch in range(2):
    low, high = torch.rand(3, 4), torch.rand(3, 8)
    out = sr(low)
    loss = l1(out, high) + 1e-3 * adv(out, high)
    optimizer.zero_grad()
    loss.backward()  # expect: MHL101
    optimizer.step()
