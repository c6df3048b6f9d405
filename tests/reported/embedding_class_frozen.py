import torch
from torch import nn
class ScaledEmbedding(nn.Embedding):
    def __init__(self, n, d):
        nn.Embedding.__init__(self, n, d)
        self.scale = d ** 0.5
        self.weight.data.normal_(0, 0.1)
    def forward(self, ids):
        return super().forward(ids) * self.scale
emb = ScaledEmbedding(10, 4)
emb.requires_grad_(False)
ids = torch.tensor([1, 2])
e = emb(ids)
(e.pow(2).sum()).backward()  # expect: MHL104
(e.abs().sum()).backward()
