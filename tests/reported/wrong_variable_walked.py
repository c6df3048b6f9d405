# copy-and-paste error: the second block walks the first loss again
import torch
import torch.nn as nn

encoder = nn.Linear(4, 3)
decoder = nn.Linear(3, 4)
probe = nn.Linear(4, 2)

ae_opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
probe_opt = torch.optim.Adam(probe.parameters(), lr=1e-3)
mse, ce = nn.MSELoss(), nn.CrossEntropyLoss()

for epoch in range(2):
    for _ in range(2):
        x, y = torch.randn(8, 4), torch.randint(0, 2, (8,))

        # auto-encoder
        recon = decoder(encoder(x))
        ae_loss = mse(recon, x)
        ae_opt.zero_grad()
        ae_loss.backward()
        ae_opt.step()

        # probe
        pred = probe(x)
        probe_loss = ce(pred, y)
        probe_opt.zero_grad()
        ae_loss.backward()  # expect: MHL101
        probe_opt.step()
    print("epoch", epoch, ae_loss.item(), probe_loss.item())
