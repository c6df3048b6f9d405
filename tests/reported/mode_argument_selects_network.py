import torch
import torch.nn as nn


class AAE(nn.Module):
    """Adversarial auto-encoder behind one call."""

    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2))
        self.dec = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 6))
        self.dis = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, x, mode):
        if mode == "reconstruct":
            return self.dec(self.enc(x))
        if mode == "encode":
            return self.enc(x)
        if mode == "discriminate":
            return self.dis(x)
        raise ValueError(mode)


net = AAE()
opt_ae = torch.optim.Adam([*net.enc.parameters(), *net.dec.parameters()], lr=1e-3)
opt_dis = torch.optim.Adam(net.dis.parameters(), lr=1e-3)
opt_enc = torch.optim.Adam(net.enc.parameters(), lr=1e-4)
bce = nn.BCEWithLogitsLoss()

for epoch in range(2):
    x = torch.rand(5, 6)
    rec_loss = (net(x, mode="reconstruct") - x).abs().mean()
    opt_ae.zero_grad()
    rec_loss.backward()
    opt_ae.step()

    with torch.no_grad():
        code = net(x, mode="encode")
    d_real = net(torch.randn(5, 2), mode="discriminate")
    d_fake = net(code, mode="discriminate")
    dis_loss = bce(d_real, torch.ones(5, 1)) + bce(d_fake, torch.zeros(5, 1))
    opt_dis.zero_grad()
    dis_loss.backward()
    opt_dis.step()

    enc_loss = bce(net(net(x, mode="encode"), mode="discriminate"), torch.ones(5, 1))
    opt_enc.zero_grad()
    enc_loss.backward()
    opt_enc.step()
