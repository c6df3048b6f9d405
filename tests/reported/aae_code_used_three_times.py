import torch
import torch.nn as nn

enc = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2))
dec = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 6))
dis = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1), nn.Sigmoid())
opt_ae = torch.optim.Adam([*enc.parameters(), *dec.parameters()], lr=1e-3)
opt_dis = torch.optim.Adam(dis.parameters(), lr=1e-3)
opt_enc = torch.optim.Adam(enc.parameters(), lr=1e-4)
EPS = 1e-12


def reconstruction_phase(x, code):
    opt_ae.zero_grad()
    loss = nn.functional.mse_loss(dec(code), x)
    loss.backward()
    opt_ae.step()
    return loss.item()


def regularisation_phase(code):
    opt_dis.zero_grad()
    prior = torch.randn_like(code)
    loss = -(torch.log(dis(prior) + EPS) + torch.log(1 - dis(code) + EPS)).mean()
    loss.backward()  # expect: MHL101
    opt_dis.step()
    opt_enc.zero_grad()
    fool = -torch.log(dis(enc(batch)) + EPS).mean()
    fool.backward()
    opt_enc.step()
    return loss.item(), fool.item()


for epoch in range(2):
    batch = torch.rand(5, 6)
    code = enc(batch)
    print(reconstruction_phase(batch, code))
    print(regularisation_phase(code))
