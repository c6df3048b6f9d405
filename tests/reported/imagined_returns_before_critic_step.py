import argparse
import torch
import torch.nn as nn
from torch.nn.functional import mse_loss
from torch.nn.utils import clip_grad_norm_


class RSSM(nn.Module):
    def __init__(self, s, a):
        super().__init__()
        self.rnn = nn.GRUCell(s + a, s)

    def prior(self, state, action):
        return self.rnn(torch.cat([state, action], dim=1), state)


class ValueModel(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.fc1 = nn.Linear(s, 8)
        self.fc2 = nn.Linear(8, 1)

    def forward(self, s):
        return self.fc2(torch.relu(self.fc1(s)))


class ActionModel(nn.Module):
    def __init__(self, s, a):
        super().__init__()
        self.fc1 = nn.Linear(s, 8)
        self.fc2 = nn.Linear(8, a)

    def forward(self, s):
        return torch.tanh(self.fc2(torch.relu(self.fc1(s))))


def lambda_target(rewards, values, gamma, lambda_):
    target = values[-1]
    out = []
    for r, v in zip(reversed(rewards), reversed(values)):
        target = r + gamma * ((1 - lambda_) * v + lambda_ * target)
        out.append(target)
    return torch.stack(out[::-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--imagination-horizon', type=int, default=4)
    parser.add_argument('--gamma', type=float, default=0.9)
    parser.add_argument('--lambda_', type=float, default=0.95)
    parser.add_argument('--clip-grad-norm', type=int, default=100)
    args = parser.parse_args()

    rssm = RSSM(6, 2)
    value_model = ValueModel(6)
    action_model = ActionModel(6, 2)
    value_optimizer = torch.optim.Adam(value_model.parameters(), lr=8e-5)
    action_optimizer = torch.optim.Adam(action_model.parameters(), lr=8e-5)

    for update_step in range(2):
        state = torch.randn(3, 6)
        states = []
        for h in range(args.imagination_horizon):
            action = action_model(state)
            state = rssm.prior(state, action)
            states.append(state)
        flatten_states = torch.stack(states)
        imaginated_values = value_model(flatten_states.view(-1, 6)).view(args.imagination_horizon, -1)
        rewards = flatten_states.mean(-1)
        targets = lambda_target(list(rewards), list(imaginated_values), args.gamma, args.lambda_)

        value_loss = 0.5 * mse_loss(imaginated_values, targets.detach())
        value_optimizer.zero_grad()
        value_loss.backward(retain_graph=True)
        clip_grad_norm_(value_model.parameters(), args.clip_grad_norm)

        action_loss = -1 * (targets.mean())
        action_optimizer.zero_grad()
        action_loss.backward()
        clip_grad_norm_(action_model.parameters(), args.clip_grad_norm)
        action_optimizer.step()
        value_optimizer.step()


if __name__ == '__main__':
    main()
