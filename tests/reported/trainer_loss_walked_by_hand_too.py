import torch
from torch import nn
from transformers import Trainer, TrainingArguments


class DistillTrainer(Trainer):
    def __init__(self, *args, teacher=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.teacher = teacher

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        s = model(inputs["x"])
        with torch.no_grad():
            t = self.teacher(inputs["x"])
        kd = nn.functional.kl_div(s.log_softmax(-1), t.softmax(-1), reduction="batchmean")
        ce = nn.functional.cross_entropy(s, inputs["y"])
        loss = kd + ce
        loss.backward()
        return loss


mk = lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
data = [{"x": torch.randn(4), "y": torch.tensor(i % 2)} for i in range(4)]
trainer = DistillTrainer(mk(), TrainingArguments("out"), train_dataset=data, teacher=mk())
trainer.train()  # expect: MHL101
