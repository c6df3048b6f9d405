import torch
from torch import nn, optim


def discounted(rewards, gamma=0.9):
    out, total = [], 0.0
    for r in reversed(rewards):
        total = r + gamma * total
        out.append(total)
    return torch.tensor(out[::-1])


policy = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
value_net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = optim.Adam([*policy.parameters(), *value_net.parameters()], lr=1e-3)

for iteration in range(2):
    states = torch.randn(7, 3)
    with torch.no_grad():
        dist = torch.distributions.Categorical(logits=policy(states))
        actions = dist.sample()
        old = dist.log_prob(actions)
    returns = discounted([1.0, 0.0, 0.5, 1.0, 0.0, 0.0, 1.0])
    advantages = returns - value_net(states).squeeze(-1)

    for epoch in range(3):
        new = torch.distributions.Categorical(logits=policy(states)).log_prob(actions)
        ratio = (new - old).exp()
        surrogate = torch.min(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages)
        value_loss = (returns - value_net(states).squeeze(-1)).pow(2)
        loss = (0.5 * value_loss - surrogate).mean()
        optimizer.zero_grad()
        loss.backward()  # expect: MHL101
        optimizer.step()
