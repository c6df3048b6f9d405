import torch
from torch import nn
import lightning as L


class SAM(torch.optim.Optimizer):
    def __init__(self, params, rho=0.05, lr=0.1):
        super().__init__(params, dict(rho=rho, lr=lr))

    @torch.no_grad()
    def first_step(self, zero_grad=False):
        for g in self.param_groups:
            for p in g["params"]:
                if p.grad is None:
                    continue
                self.state[p]["e"] = p.grad * g["rho"]
                p.add_(self.state[p]["e"])
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def second_step(self, zero_grad=False):
        for g in self.param_groups:
            for p in g["params"]:
                if p.grad is None:
                    continue
                p.sub_(self.state[p]["e"])
                p.sub_(p.grad, alpha=g["lr"])
        if zero_grad:
            self.zero_grad()


class Lit(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))

    def compute_loss(self, batch):
        return nn.functional.cross_entropy(self.net(batch[0]), batch[1])

    def training_step(self, batch, batch_idx):
        opt = self.optimizers()
        loss = self.compute_loss(batch)
        self.manual_backward(loss)
        opt.first_step(zero_grad=True)
        loss_2 = self.compute_loss(batch)
        self.manual_backward(loss_2)
        opt.second_step(zero_grad=True)
        return loss

    def configure_optimizers(self):
        return SAM(self.parameters())


ds = torch.utils.data.TensorDataset(torch.randn(8, 3), torch.randint(0, 2, (8,)))
L.Trainer(max_epochs=1).fit(Lit(), torch.utils.data.DataLoader(ds, batch_size=4))
