import torch
from accelerate import Accelerator
from torch import nn


class PolicyTrainer:
    """A trainer in the manner of RLHF: one forward over the batch, then mini-batches of it."""

    def __init__(self, model, lr=1e-3):
        self.accelerator = Accelerator()
        self.model, self.optimizer = self.accelerator.prepare(model, torch.optim.Adam(model.parameters(), lr=lr))

    def step(self, queries, scores, mini_batch_size=2):
        logprobs = self.model(queries).log_softmax(-1).amax(-1)
        stats = []
        for start in range(0, len(queries), mini_batch_size):
            rows = slice(start, start + mini_batch_size)
            stats.append(self.train_minibatch(logprobs[rows], scores[rows]))
        return stats

    def train_minibatch(self, logprobs, scores):
        loss = -(logprobs * scores).mean()
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)  # expect: MHL101
        self.optimizer.step()
        return {"loss": loss.item()}


def main():
    model = nn.Sequential(nn.Linear(5, 10), nn.ReLU(), nn.Linear(10, 4))
    trainer = PolicyTrainer(model)
    for epoch in range(2):
        print(trainer.step(torch.randn(6, 5), torch.randn(6)))


if __name__ == "__main__":
    main()
