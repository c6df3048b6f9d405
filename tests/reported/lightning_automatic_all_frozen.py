import lightning as L
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Frozen(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(4, 2)
        for p in self.net.parameters():
            p.requires_grad = False

    def training_step(self, batch, batch_idx):
        x, y = batch
        return F.cross_entropy(self.net(x), y)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


data = TensorDataset(torch.randn(8, 4), torch.randint(0, 2, (8,)))
L.Trainer(max_epochs=1).fit(Frozen(), DataLoader(data, batch_size=4))  # expect: MHL104
