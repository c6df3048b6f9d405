import torch
from torch import nn
from ignite.engine import Engine, Events


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(3, 6)
        self.out = nn.Linear(6, 1)

    def forward(self, x, h):
        h = self.cell(x, h)
        return self.out(h), h


model = Model()
optimizer = torch.optim.Adam(model.parameters())
state = {"h": torch.zeros(4, 6)}


def train_step(engine, batch):
    model.train()
    optimizer.zero_grad()
    x, y = batch
    pred, state["h"] = model(x, state["h"])
    loss = nn.functional.mse_loss(pred, y)
    loss.backward()  # expect: MHL102
    optimizer.step()
    return loss.item()


trainer = Engine(train_step)


@trainer.on(Events.EPOCH_STARTED)
def reset(engine):
    state["h"] = torch.zeros(4, 6)


trainer.run([(torch.randn(4, 3), torch.randn(4, 1)) for _ in range(3)], max_epochs=2)
