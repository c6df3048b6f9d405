import torch


def seeded(function):
    def wrapper(self, *args, **kwargs):
        if self.seed is not None:
            torch.manual_seed(self.seed)
        return function(self, *args, **kwargs)

    return wrapper
