import torch
import torch.nn as nn


class StatefulEncoder(nn.Module):
    def __init__(self, n_in, n_hidden):
        super().__init__()
        self.n_hidden = n_hidden
        self.cell = nn.GRUCell(n_in, n_hidden)
        self.state = None

    def reset(self):
        self.state = None

    def cut(self):
        if self.state is not None:
            self.state.detach_()

    def forward(self, x):
        if self.state is None:
            self.state = torch.zeros(x.size(1), self.n_hidden)
        for frame in x:
            self.state = self.cell(frame, self.state)
        return self.state
