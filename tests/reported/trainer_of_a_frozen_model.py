import torch
from torch import nn
from transformers import Trainer, TrainingArguments


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.proj = nn.Embedding(10, 8), nn.Linear(8, 10)

    def forward(self, input_ids, labels):
        logits = self.proj(self.emb(input_ids))
        return {"loss": nn.functional.cross_entropy(logits.view(-1, 10), labels.view(-1)), "logits": logits}


model = LM()
for name, p in model.named_parameters():
    if "lora" not in name:
        p.requires_grad = False
ds = [{"input_ids": torch.randint(0, 10, (5,)), "labels": torch.randint(0, 10, (5,))} for _ in range(4)]
trainer = Trainer(model=model, args=TrainingArguments("out"), train_dataset=ds)
trainer.train()  # expect: MHL104
