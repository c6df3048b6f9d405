# truncated back-propagation: one backward per window, the state is cut between windows
import torch
import torch.nn as nn

torch.manual_seed(3)
cell = nn.RNNCell(4, 7)
readout = nn.Linear(7, 1)
params = list(cell.parameters()) + list(readout.parameters())
optimizer = torch.optim.SGD(params, lr=0.01)
criterion = nn.MSELoss()
window = 3


def stream(length):
    for t in range(length):
        x = torch.sin(torch.arange(4.0) + t).unsqueeze(0)
        yield t, x, torch.tensor([[float(t % 2)]])


state = torch.zeros(1, 7)
loss = 0
for t, x, y in stream(9):
    state = cell(x, state)
    loss = loss + criterion(readout(state), y)
    if (t + 1) % window == 0:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(t, loss.item())
        loss = 0
        state = state.detach()
