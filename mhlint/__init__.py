"""mhlint reads PyTorch training code and says what autograd will do with it."""

__version__ = "0.1.0"
