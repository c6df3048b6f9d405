import lightning as L
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Net(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(4, 8), nn.Tanh())
        self.dec = nn.Linear(8, 4)

    def training_step(self, batch, batch_idx):
        (x,) = batch
        z = self.enc(x)
        loss = F.mse_loss(self.dec(z), x)
        loss.backward()
        grads = torch.cat([p.grad.flatten() for p in self.parameters()])
        self.log("grad_norm", grads.norm())
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters())


L.Trainer(max_epochs=1).fit(Net(), DataLoader(TensorDataset(torch.randn(8, 4)), batch_size=4))  # expect: MHL101
