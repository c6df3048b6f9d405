"""A stand-in for skorch: `fit` makes the module, the criterion and the optimizer, and walks a loss for each batch."""

from __future__ import annotations

from typing import Any

import torch


class NeuralNet:
    """Batches of four, plain SGD."""

    def __init__(self, module: Any, criterion: Any, max_epochs: int = 2, lr: float = 0.01, **_: Any) -> None:
        self.module = module
        self.criterion = criterion
        self.max_epochs = max_epochs
        self.lr = lr

    def initialize(self) -> NeuralNet:
        self.module_ = self.module() if isinstance(self.module, type) else self.module
        self.criterion_ = self.criterion() if isinstance(self.criterion, type) else self.criterion
        self.optimizer_ = torch.optim.SGD(self.module_.parameters(), lr=self.lr)
        return self

    def infer(self, data: Any) -> Any:
        return self.module_(data)

    def get_loss(self, y_pred: Any, y_true: Any, X: Any = None, training: bool = False) -> Any:
        return self.criterion_(y_pred, y_true)

    def train_step_single(self, batch: Any) -> Any:
        data, target = batch
        loss = self.get_loss(self.infer(data), target, X=data, training=True)
        loss.backward()
        return loss

    def fit(self, data: torch.Tensor, target: torch.Tensor) -> NeuralNet:
        self.initialize()
        for _ in range(self.max_epochs):
            for start in range(0, len(data), 4):
                self.optimizer_.zero_grad()
                self.train_step_single((data[start : start + 4], target[start : start + 4]))
                self.optimizer_.step()
        return self


NeuralNetClassifier = NeuralNetRegressor = NeuralNet
