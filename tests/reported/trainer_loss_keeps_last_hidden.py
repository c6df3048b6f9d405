import torch
from torch import nn
from transformers import Trainer, TrainingArguments


class Toy(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.Tanh())
        self.cls = nn.Linear(8, 2)

    def forward(self, input_ids, labels=None):
        h = self.body(input_ids)
        return {"logits": self.cls(h), "hidden": h}


class ConsistencyTrainer(Trainer):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.prev_hidden = None

    def compute_loss(self, model, inputs, return_outputs=False, **kwargs):
        labels = inputs.pop("labels")
        outputs = model(**inputs)
        loss = nn.functional.cross_entropy(outputs["logits"], labels)
        if self.prev_hidden is not None:
            loss = loss + 0.1 * nn.functional.mse_loss(outputs["hidden"].mean(0), self.prev_hidden.mean(0))
        self.prev_hidden = outputs["hidden"]
        return (loss, outputs) if return_outputs else loss


data = [{"input_ids": torch.randn(4), "labels": torch.tensor(i % 2)} for i in range(6)]
trainer = ConsistencyTrainer(model=Toy(), args=TrainingArguments("out", num_train_epochs=1), train_dataset=data)
trainer.train()  # expect: MHL102
