import math

import torch
import torch.nn as nn


class Sine(nn.Module):
    def __init__(self):
        super(Sine, self).__init__()
        self.lstm1 = nn.LSTMCell(1, 8)
        self.linear = nn.Linear(8, 1)

    def forward(self, x):
        h, c = torch.zeros(x.size(0), 8), torch.zeros(x.size(0), 8)
        out = []
        for t in x.split(1, dim=1):
            h, c = self.lstm1(t, (h, c))
            out.append(self.linear(h))
        return torch.cat(out, dim=1)


t = torch.arange(0, 6).float()
data = torch.stack([torch.sin(t / math.pi + k) for k in range(3)])
seq = Sine()
criterion = nn.MSELoss()
optimizer = torch.optim.LBFGS(seq.parameters(), lr=0.8, max_iter=4)

for step in range(2):
    print("STEP", step)
    out = seq(data[:, :-1])
    loss = criterion(out, data[:, 1:])

    def closure():
        optimizer.zero_grad()
        loss.backward()  # expect: MHL101
        return loss

    optimizer.step(closure)
