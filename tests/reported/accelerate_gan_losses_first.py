import torch
from accelerate import Accelerator
from torch import nn


def build(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 10), nn.SiLU(), nn.Linear(10, n_out))


def main():
    accelerator = Accelerator(mixed_precision="no")
    gen, dis = build(4, 6), build(6, 1)
    gen_optim = torch.optim.AdamW(gen.parameters(), lr=1e-3)
    dis_optim = torch.optim.AdamW(dis.parameters(), lr=1e-3)
    gen, dis, gen_optim, dis_optim = accelerator.prepare(gen, dis, gen_optim, dis_optim)

    for step in range(3):
        real = torch.randn(5, 6, device=accelerator.device)
        fake = gen(torch.randn(5, 4, device=accelerator.device))
        # all losses in one place
        gen_loss = -dis(fake).mean()
        dis_loss = torch.relu(1 - dis(real)).mean() + torch.relu(1 + dis(fake.detach())).mean()

        dis_optim.zero_grad()
        accelerator.backward(dis_loss)
        dis_optim.step()

        gen_optim.zero_grad()
        accelerator.backward(gen_loss)  # expect: MHL103
        accelerator.clip_grad_norm_(gen.parameters(), 1.0)
        gen_optim.step()
        if accelerator.is_main_process:
            print(step, gen_loss.item(), dis_loss.item())


if __name__ == "__main__":
    main()
