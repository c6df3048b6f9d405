from .shared import SharedNet

__all__ = ["SharedNet"]
