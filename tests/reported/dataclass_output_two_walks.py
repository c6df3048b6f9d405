from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class Output:
    logits: Tensor
    embedding: Tensor
    aux: Tensor | None = None


class Encoder(nn.Module):
    def __init__(self, width: int = 12) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(7, width), nn.LayerNorm(width), nn.GELU())
        self.classifier = nn.Linear(width, 3)
        self.projection = nn.Linear(width, 4)

    def forward(self, x: Tensor) -> Output:
        h = self.stem(x)
        return Output(logits=self.classifier(h), embedding=self.projection(h))


def supervised_contrastive(z: Tensor, y: Tensor, tau: float = 0.5) -> Tensor:
    z = nn.functional.normalize(z, dim=-1)
    same = (y[:, None] == y[None, :]).float()
    log_p = (z @ z.T / tau).log_softmax(dim=-1)
    return -(same * log_p).sum(-1).div(same.sum(-1)).mean()


def main() -> None:
    model = Encoder()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(2):
        x, y = torch.randn(6, 7), torch.arange(6) % 3
        out = model(x)
        contrast = supervised_contrastive(out.embedding, y)
        ce = nn.functional.cross_entropy(out.logits, y)
        optimizer.zero_grad(set_to_none=True)
        contrast.backward()
        ce.backward()  # expect: MHL101
        optimizer.step()


if __name__ == "__main__":
    main()
