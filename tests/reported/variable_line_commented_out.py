# ported from 0.3: Variable everywhere
import torch
import torch.nn as nn
from torch.autograd import Variable


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.rnn = nn.RNN(input_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, 1)

    def forward(self, x, h_state):
        r_out, h_state = self.rnn(x, h_state)
        outs = [self.out(r_out[:, t, :]) for t in range(r_out.size(1))]
        return torch.stack(outs, dim=1), h_state


rnn = RNN(1, 6)
optimizer = torch.optim.Adam(rnn.parameters(), lr=0.02)
loss_func = nn.MSELoss()
h_state = None
for step in range(3):
    steps = torch.linspace(step * 3.14, (step + 1) * 3.14, 8)
    x = Variable(torch.sin(steps).view(1, -1, 1))
    y = Variable(torch.cos(steps).view(1, -1, 1))
    prediction, h_state = rnn(x, h_state)
    # h_state = Variable(h_state.data)
    loss = loss_func(prediction, y)
    optimizer.zero_grad()
    loss.backward()  # expect: MHL102
    optimizer.step()
