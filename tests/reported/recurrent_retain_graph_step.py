# "I added retain_graph=True and now I get another error"
import torch
import torch.nn as nn

torch.manual_seed(3)
cell = nn.RNNCell(4, 7)
readout = nn.Linear(7, 1)
params = list(cell.parameters()) + list(readout.parameters())
optimizer = torch.optim.SGD(params, lr=0.01)
criterion = nn.MSELoss()


def stream(length):
    for t in range(length):
        x = torch.sin(torch.arange(4.0) + t).unsqueeze(0)
        yield x, torch.tensor([[float(t % 2)]])


state = torch.zeros(1, 7)
losses = []
for x, y in stream(8):
    state = cell(x, state)
    prediction = readout(state)
    loss = criterion(prediction, y)
    optimizer.zero_grad()
    loss.backward(retain_graph=True)  # expect: MHL103
    optimizer.step()
    losses.append(loss.item())

print("mean", sum(losses) / len(losses))
