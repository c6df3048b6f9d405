import pytorch_lightning as pl
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class StatefulGRU(pl.LightningModule):
    """Automatic optimisation; the state of the last batch is the start of the next one."""

    def __init__(self, n_features=2, hidden=6):
        super().__init__()
        self.gru = nn.GRU(n_features, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)
        self.state = None

    def on_train_epoch_start(self):
        self.state = None

    def forward(self, x):
        y, self.state = self.gru(x, self.state)
        return self.out(y[:, -1])

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = nn.functional.mse_loss(self(x), y)
        self.log("train_loss", loss)
        return loss

    def on_train_batch_end(self, outputs, batch, batch_idx):
        self.state = self.state.detach()

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


data = TensorDataset(torch.randn(8, 4, 2), torch.randn(8, 1))
trainer = pl.Trainer(max_epochs=2, logger=False)
trainer.fit(StatefulGRU(), DataLoader(data, batch_size=4))
