import torch, torch.nn as nn
import pytorch_lightning as pl
from torch.utils.data import DataLoader, TensorDataset


class ElmanLM(pl.LightningModule):
    def __init__(self, hparams=None):
        super().__init__()
        self.batch_size = 2
        self.rnn = nn.RNN(4, 6, batch_first=True)
        self.fc = nn.Linear(6, 4)
        self.state = torch.zeros(1, self.batch_size, 6)

    def forward(self, x):
        y, self.state = self.rnn(x, self.state)
        return self.fc(y)

    def training_step(self, batch, batch_idx):
        x, y = batch
        return {"loss": ((self.forward(x) - y) ** 2).mean()}

    def on_train_batch_end(self, outputs, batch, batch_idx):
        self.state = self.state.detach()

    def train_dataloader(self):
        return DataLoader(TensorDataset(torch.randn(6, 3, 4), torch.randn(6, 3, 4)), batch_size=self.batch_size)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters())


model = ElmanLM()
pl.Trainer(max_epochs=1).fit(model, model.train_dataloader())
