import torch
import torch.nn as nn


class GridWorld:
    def __init__(self, n=5):
        self.n = n

    def reset(self):
        self.pos = 0
        return self.observe()

    def observe(self):
        x = torch.zeros(self.n)
        x[self.pos] = 1.0
        return x

    def step(self):
        self.pos = min(self.pos + 1, self.n - 1)
        done = self.pos == self.n - 1
        return self.observe(), 1.0 if done else 0.0, done


env = GridWorld()
value = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
opt = torch.optim.SGD(value.parameters(), lr=0.1)
gamma = 0.9

for episode in range(2):
    v = value(env.reset())
    done = False
    while not done:
        obs, reward, done = env.step()
        v_next = value(obs)
        td_error = reward + gamma * v_next * (1 - float(done)) - v
        loss = td_error.pow(2).sum()
        opt.zero_grad()
        loss.backward()  # expect: MHL102
        opt.step()
        v = v_next
