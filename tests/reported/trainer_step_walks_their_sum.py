import torch
from torch import nn
from transformers import Trainer, TrainingArguments


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(4, 8), nn.GELU())
        self.a, self.b = nn.Linear(8, 2), nn.Linear(8, 3)

    def forward(self, input_ids):
        h = self.enc(input_ids)
        return self.a(h), self.b(h)


class MultiTaskTrainer(Trainer):
    def training_step(self, model, inputs, num_items_in_batch=None):
        model.train()
        inputs = self._prepare_inputs(inputs)
        out_a, out_b = model(inputs["input_ids"])
        loss_a = nn.functional.cross_entropy(out_a, inputs["label_a"])
        loss_b = nn.functional.cross_entropy(out_b, inputs["label_b"])
        loss = loss_a + loss_b
        self.accelerator.backward(loss)
        return loss.detach()


data = [{"input_ids": torch.randn(4), "label_a": torch.tensor(i % 2), "label_b": torch.tensor(i % 3)} for i in range(4)]
MultiTaskTrainer(model=TwoHeads(), args=TrainingArguments("out"), train_dataset=data).train()
