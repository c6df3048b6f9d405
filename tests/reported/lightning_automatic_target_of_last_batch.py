import torch
from torch import nn
import pytorch_lightning as pl


class EnhanceModule(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 3, 3, padding=1))
        self.loss = nn.MSELoss()
        self.previous = None

    def generate_pseudo(self, im):
        return (im * 2).clamp(0, 1)

    def training_step(self, batch, batch_idx):
        im = batch[0]
        pred = self.model(im)
        if self.previous is None:
            self.previous = (im, pred)
            return None
        nth_input, nth_pseudo = self.previous
        out = self.model(nth_input)
        loss = self.loss(out, nth_pseudo)
        self.previous = (im, pred)
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        return [torch.optim.Adam(self.parameters(), lr=1e-3)]


loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.rand(8, 3, 4, 4)), batch_size=2)
pl.Trainer(max_epochs=1).fit(EnhanceModule(), loader)  # expect: MHL103
