import torch
from torch import nn
from transformers import Trainer, TrainingArguments


class KD(Trainer):
    def __init__(self, *args, teacher=None, alpha=0.5, **kwargs):
        super().__init__(*args, **kwargs)
        self.teacher = teacher
        self.alpha = alpha
        self.history = []

    def compute_loss(self, model, inputs, return_outputs=False, **kwargs):
        y = inputs.pop("y")
        out = model(**inputs)
        with torch.no_grad():
            t = self.teacher(**inputs)
        loss = self.alpha * nn.functional.cross_entropy(out, y) + nn.functional.mse_loss(out, t)
        self.history.append(loss.detach())
        self.last = loss
        return (loss, out) if return_outputs else loss

    def training_step(self, model, inputs, num_items_in_batch=None):
        loss = super().training_step(model, inputs, num_items_in_batch)
        self.history.append(loss)
        return loss


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(3, 2)

    def forward(self, x):
        return self.l(x)


data = [{"x": torch.randn(3), "y": torch.tensor(i % 2)} for i in range(4)]
KD(M(), TrainingArguments("out"), train_dataset=data, teacher=M()).train()
