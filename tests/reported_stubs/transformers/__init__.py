"""A stand-in for transformers on one CPU process: its trainer's loop over `training_step` and `compute_loss`."""

from __future__ import annotations

from typing import Any

import torch


class TrainingArguments:
    """The settings that the loop reads."""

    def __init__(self, output_dir: str = "out", num_train_epochs: int = 1, learning_rate: float = 1e-3) -> None:
        self.output_dir = output_dir
        self.num_train_epochs = num_train_epochs
        self.learning_rate = learning_rate


class _Accelerator:
    def backward(self, loss: torch.Tensor, **kwargs: Any) -> None:
        loss.backward(**kwargs)  # type: ignore[no-untyped-call]


class Trainer:
    """Batches of two, AdamW, a step and a clearing after each batch, as the real one does by default."""

    def __init__(self, model: Any = None, args: Any = None, train_dataset: Any = None, **_: Any) -> None:
        self.model = model
        self.args = args or TrainingArguments()
        self.train_dataset = train_dataset
        self.accelerator = _Accelerator()

    def _prepare_inputs(self, inputs: Any) -> Any:
        return inputs

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any) -> Any:
        outputs = model(**inputs)
        loss = outputs["loss"] if isinstance(outputs, dict) else outputs[0]
        return (loss, outputs) if return_outputs else loss

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
        model.train()
        loss = self.compute_loss(model, self._prepare_inputs(inputs))
        self.accelerator.backward(loss)
        return loss.detach()

    def train(self) -> None:
        optimizer = torch.optim.AdamW(self.model.parameters(), lr=self.args.learning_rate)
        loader = torch.utils.data.DataLoader(self.train_dataset, batch_size=2)
        for _ in range(self.args.num_train_epochs):
            for inputs in loader:
                self.training_step(self.model, inputs)
                optimizer.step()
                self.model.zero_grad()
