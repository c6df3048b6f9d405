import torch
from torch import nn
import lightning as L


class Lit(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
        self.training_step_outputs = []
        self.best = None
        self.last_loss = 0.0

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = nn.functional.cross_entropy(self.net(x), y)
        self.training_step_outputs.append(loss)
        if self.best is None or loss < self.best:
            self.best = loss
        self.log("delta", loss - self.last_loss)
        self.last_loss = loss
        return {"loss": loss, "preds": self.net(x).argmax(1)}

    def on_train_epoch_end(self):
        self.log("mean", torch.stack(self.training_step_outputs).mean())
        self.training_step_outputs.clear()

    def configure_optimizers(self):
        opt = torch.optim.Adam(self.parameters())
        return {"optimizer": opt, "lr_scheduler": {"scheduler": torch.optim.lr_scheduler.StepLR(opt, 1), "monitor": "x"}}


ds = torch.utils.data.TensorDataset(torch.randn(8, 3), torch.randint(0, 2, (8,)))
L.Trainer(max_epochs=1).fit(Lit(), torch.utils.data.DataLoader(ds, batch_size=2))
