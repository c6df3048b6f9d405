"""One encoding, many decodings; every turn but the last one keeps the graph."""
import torch
import torch.nn as nn

encoder = nn.Sequential(nn.Linear(5, 8), nn.Tanh())
decoder = nn.GRUCell(3, 8)
readout = nn.Linear(8, 1)
params = [*encoder.parameters(), *decoder.parameters(), *readout.parameters()]
opt = torch.optim.SGD(params, lr=0.01)


def walk_lengths(n_samples, context):
    start = encoder(context)
    norms = []
    for k in range(n_samples):
        state = start
        for _ in range(2):
            state = decoder(torch.randn(context.size(0), 3), state)
        loss = readout(state).square().mean() / n_samples
        loss.backward(retain_graph=k < n_samples - 1)
        # the norm after each sample shows how noisy the estimate is
        norms.append(encoder[0].weight.grad.norm().item())
    return norms


for step in range(2):
    opt.zero_grad()
    print(walk_lengths(3, torch.randn(4, 5)))
    nn.utils.clip_grad_norm_(params, 1.0)
    opt.step()
