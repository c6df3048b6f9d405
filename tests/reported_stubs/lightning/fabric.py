"""Where lightning 2 keeps Fabric."""

from lightning import Fabric

__all__ = ["Fabric"]
