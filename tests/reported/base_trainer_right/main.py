import torch
import torch.nn as nn

from .base import BaseTrainer


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(6, 4), nn.Softplus())
        self.dec = nn.Linear(4, 6)

    def forward(self, x):
        code = self.enc(x)
        return code, self.dec(code)


class SparseTrainer(BaseTrainer):
    def compute_losses(self, batch):
        code, recon = self.model(batch)
        return {"recon": (recon - batch).pow(2).mean(), "sparse": 0.01 * code.abs().mean()}


if __name__ == "__main__":
    trainer = SparseTrainer(AutoEncoder())
    for _ in range(2):
        print(trainer.train_step(torch.randn(5, 6)))
