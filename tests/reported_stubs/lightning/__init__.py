"""A stand-in for lightning on one CPU process: manual and automatic optimisation, and Fabric."""

from __future__ import annotations

from typing import Any

import torch


class LightningModule(torch.nn.Module):
    """A module with training hooks; `manual_backward` is one plain backward."""

    automatic_optimization = True

    def __init__(self) -> None:
        super().__init__()
        self.current_epoch = 0
        self.global_step = 0
        self._optimizers: list[torch.optim.Optimizer] = []

    def optimizers(self) -> Any:
        return self._optimizers[0] if len(self._optimizers) == 1 else self._optimizers

    def manual_backward(self, loss: torch.Tensor, *args: Any, **kwargs: Any) -> None:
        loss.backward(*args, **kwargs)  # type: ignore[no-untyped-call]

    def toggle_optimizer(self, optimizer: torch.optim.Optimizer) -> None:
        own = {id(p) for group in optimizer.param_groups for p in group["params"]}
        self._toggled = [p for p in self.parameters() if id(p) not in own and p.requires_grad]
        for parameter in self._toggled:
            parameter.requires_grad_(False)

    def untoggle_optimizer(self, optimizer: torch.optim.Optimizer) -> None:
        for parameter in self._toggled:
            parameter.requires_grad_(True)

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    def save_hyperparameters(self, *_: Any, **__: Any) -> None:
        return None

    def log(self, *_: Any, **__: Any) -> None:
        return None

    def log_dict(self, *_: Any, **__: Any) -> None:
        return None

    def on_train_epoch_start(self) -> None:
        return None

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        return None


class Trainer:
    """Runs `training_step` over a loader, as the real trainer does on one device."""

    def __init__(self, max_epochs: int = 1, **_: Any) -> None:
        self.max_epochs = max_epochs

    def fit(self, model: LightningModule, loader: Any) -> None:
        configured: Any = model.configure_optimizers()  # type: ignore[operator]
        if isinstance(configured, tuple) and isinstance(configured[0], list):
            configured = configured[0]
        found = configured if isinstance(configured, (list, tuple)) else [configured]
        found = [item["optimizer"] if isinstance(item, dict) else item for item in found]
        model._optimizers = list(found)
        model.train()
        for epoch in range(self.max_epochs):
            model.current_epoch = epoch
            model.on_train_epoch_start()
            for index, batch in enumerate(loader):
                self._step(model, batch, index)

    def _step(self, model: Any, batch: Any, index: int) -> None:
        outputs = model.training_step(batch, index)
        if model.automatic_optimization:
            loss = outputs["loss"] if isinstance(outputs, dict) else outputs
            (optimizer,) = model._optimizers
            if loss is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        model.on_train_batch_end(outputs, batch, index)
        model.global_step += 1


class Fabric:
    """One process, no precision plugin; `backward` is one plain backward."""

    def __init__(self, **_: Any) -> None:
        self.device = torch.device("cpu")

    def launch(self) -> None:
        return None

    def setup(self, module: Any, *optimizers: Any) -> Any:
        return (module, *optimizers) if optimizers else module

    def setup_dataloaders(self, *loaders: Any) -> Any:
        return loaders[0] if len(loaders) == 1 else loaders

    def backward(self, tensor: torch.Tensor, *args: Any, **kwargs: Any) -> None:
        tensor.backward(*args, **kwargs)  # type: ignore[no-untyped-call]


def seed_everything(seed: int = 0, **_: Any) -> int:
    torch.manual_seed(seed)
    return seed
