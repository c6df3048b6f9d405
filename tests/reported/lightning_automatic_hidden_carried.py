import lightning as L
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class SeqTagger(L.LightningModule):
    def __init__(self, n_in=3, n_hidden=8):
        super().__init__()
        self.rnn = nn.LSTM(n_in, n_hidden, batch_first=True)
        self.head = nn.Linear(n_hidden, 1)
        self.hidden = None
        self.criterion = nn.MSELoss()

    def forward(self, x):
        out, self.hidden = self.rnn(x, self.hidden)
        return self.head(out[:, -1])

    def training_step(self, batch, batch_idx):
        x, y = batch
        y_hat = self(x)
        loss = self.criterion(y_hat, y)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


if __name__ == "__main__":
    data = TensorDataset(torch.randn(8, 5, 3), torch.randn(8, 1))
    trainer = L.Trainer(max_epochs=2)
    trainer.fit(SeqTagger(), DataLoader(data, batch_size=4))  # expect: MHL102
