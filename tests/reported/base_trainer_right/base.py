import torch


class BaseTrainer:
    """Template method: subclasses say what the losses are."""

    def __init__(self, model, lr=0.05):
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr)

    def compute_losses(self, batch):
        raise NotImplementedError

    def train_step(self, batch):
        losses = self.compute_losses(batch)
        self.optimizer.zero_grad()
        torch.autograd.backward(list(losses.values()))
        self.optimizer.step()
        return {name: value.item() for name, value in losses.items()}
