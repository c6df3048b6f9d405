import torch
import torch.nn as nn


class Callback:
    def on_loss(self, trainer):
        pass

    def on_step_end(self, trainer):
        pass


class ActivationPenalty(Callback):
    """Adds a penalty on the last activations to the loss."""

    def __init__(self, weight):
        self.weight = weight

    def on_loss(self, trainer):
        trainer.loss = trainer.loss + self.weight * trainer.hidden.abs().mean()


class Trainer:
    def __init__(self, body, head, callbacks):
        self.body, self.head, self.callbacks = body, head, callbacks
        self.opt = torch.optim.SGD([*body.parameters(), *head.parameters()], lr=0.1)

    def call(self, event):
        for callback in self.callbacks:
            getattr(callback, event)(self)

    def fit(self, batches):
        for x, y in batches:
            self.opt.zero_grad()
            self.hidden = self.body(x)
            self.loss = nn.functional.mse_loss(self.head(self.hidden), y)
            self.call("on_loss")
            self.loss.backward()
            self.call("on_step_end")
            self.opt.step()


batches = [(torch.randn(3, 4), torch.randn(3, 1)) for _ in range(2)]
body = nn.Sequential(nn.Linear(4, 6), nn.Tanh())
Trainer(body, nn.Linear(6, 1), [ActivationPenalty(0.01)]).fit(batches)
