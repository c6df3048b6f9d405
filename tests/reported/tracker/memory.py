import torch


class TemplateMemory:
    """Keeps the features of the last frames as templates."""

    def __init__(self, size):
        self.size, self.slots = size, []

    def write(self, feature):
        self.slots.append(feature)
        if len(self.slots) > self.size:
            self.slots.pop(0)

    def read(self):
        return torch.stack(self.slots).mean(0)

    def __len__(self):
        return len(self.slots)
