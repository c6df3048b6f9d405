import argparse

import deepspeed
import torch
import torch.nn as nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Embedding(12, 8), nn.Linear(8, 8), nn.ReLU())
        self.lm_head = nn.Linear(8, 12)
        self.value_head = nn.Linear(8, 1)

    def forward(self, ids):
        h = self.body(ids)
        return self.lm_head(h), self.value_head(h).squeeze(-1)


parser = argparse.ArgumentParser()
parser.add_argument("--local_rank", type=int, default=-1)
parser.add_argument("--steps", type=int, default=2)
args = parser.parse_args([])

net = Model()
config = {"train_batch_size": 4, "optimizer": {"type": "SGD", "params": {"lr": 0.01}}}
engine, optimizer, _, _ = deepspeed.initialize(args=args, model=net, model_parameters=net.parameters(), config=config)

for step in range(args.steps):
    ids = torch.randint(0, 12, (4, 6))
    logits, values = engine(ids)
    lm_loss = nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    value_loss = (values - 1.0).pow(2).mean()
    engine.backward(lm_loss)
    engine.backward(value_loss)  # expect: MHL101
    engine.step()
