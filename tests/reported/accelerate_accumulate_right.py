import torch
from accelerate import Accelerator
from torch import nn


class PolicyTrainer:
    """A trainer in the manner of RLHF: each mini-batch has its own forward."""

    def __init__(self, model, lr=1e-3):
        self.accelerator = Accelerator(gradient_accumulation_steps=2)
        self.model, self.optimizer = self.accelerator.prepare(model, torch.optim.Adam(model.parameters(), lr=lr))

    def step(self, queries, scores, mini_batch_size=2):
        stats = []
        for start in range(0, len(queries), mini_batch_size):
            rows = slice(start, start + mini_batch_size)
            with self.accelerator.accumulate(self.model):
                stats.append(self.train_minibatch(queries[rows], scores[rows]))
        return stats

    def train_minibatch(self, queries, scores):
        logprobs = self.model(queries).log_softmax(-1).amax(-1)
        loss = -(logprobs * scores).mean()
        self.accelerator.backward(loss)
        if self.accelerator.sync_gradients:
            self.accelerator.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad()
        return {"loss": loss.item()}


def main():
    model = nn.Sequential(nn.Linear(5, 10), nn.ReLU(), nn.Linear(10, 4))
    trainer = PolicyTrainer(model)
    for epoch in range(2):
        print(trainer.step(torch.randn(6, 5), torch.randn(6)))


if __name__ == "__main__":
    main()
