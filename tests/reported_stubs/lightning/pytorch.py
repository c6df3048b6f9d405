"""Where lightning 2 keeps what pytorch_lightning was."""

from lightning import LightningModule, Trainer, seed_everything

__all__ = ["LightningModule", "Trainer", "seed_everything"]
