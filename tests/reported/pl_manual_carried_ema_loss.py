import pytorch_lightning as pl
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class SmoothedLoss(pl.LightningModule):
    """Manual optimisation of an exponential average of the loss."""

    def __init__(self, beta=0.8):
        super().__init__()
        self.automatic_optimization = False
        self.net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
        self.beta = beta
        self.average = None

    def training_step(self, batch, batch_idx):
        x, y = batch
        opt = self.optimizers()
        loss = nn.functional.huber_loss(self.net(x), y)
        if self.average is None:
            self.average = loss
        else:
            self.average = self.beta * self.average + (1 - self.beta) * loss
        opt.zero_grad()
        self.manual_backward(self.average)  # expect: MHL102
        opt.step()

    def configure_optimizers(self):
        return torch.optim.SGD(self.net.parameters(), lr=0.1)


if __name__ == "__main__":
    data = TensorDataset(torch.randn(6, 3), torch.randn(6, 1))
    pl.Trainer(max_epochs=1).fit(SmoothedLoss(), DataLoader(data, batch_size=2))
