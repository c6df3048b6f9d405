import torch
from torch import nn
import lightning as L


class Reset:
    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        pl_module.h = None


class Lit(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.rnn, self.fc, self.h = nn.GRU(3, 4, batch_first=True), nn.Linear(4, 1), None

    def on_train_batch_end(self, outputs, batch, batch_idx):
        self.h = None

    def training_step(self, batch, batch_idx):
        out, self.h = self.rnn(batch[0], self.h)
        return self.fc(out).pow(2).mean()

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters())


ds = torch.utils.data.TensorDataset(torch.randn(8, 2, 3))
L.Trainer(max_epochs=1, callbacks=[Reset()]).fit(Lit(), torch.utils.data.DataLoader(ds, batch_size=2))
