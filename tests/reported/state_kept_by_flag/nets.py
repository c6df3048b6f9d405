import torch
import torch.nn as nn


class RecurrentNet(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.rnn = nn.LSTM(3, hidden)
        self.fc = nn.Linear(hidden, 1)

    def init_state(self, bsz):
        return (torch.zeros(1, bsz, self.rnn.hidden_size), torch.zeros(1, bsz, self.rnn.hidden_size))

    def forward(self, x, state):
        y, state = self.rnn(x, state)
        return self.fc(y[-1]), state


def build_model(args):
    return RecurrentNet(args.hidden)
