import torch
import torch.nn as nn
net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
x = torch.randn(5, 2)
out = net(x)
opt = torch.optim.LBFGS(net.parameters(), 1.0, 1, line_search_fn="strong_wolfe")
def closure():
    opt.zero_grad()
    loss = out.pow(2).mean()
    loss.backward()  # expect: MHL101
    return loss
opt.step(closure)
