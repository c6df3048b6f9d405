"""The older name of lightning."""

from lightning import Fabric, LightningModule, Trainer, seed_everything

__all__ = ["Fabric", "LightningModule", "Trainer", "seed_everything"]
