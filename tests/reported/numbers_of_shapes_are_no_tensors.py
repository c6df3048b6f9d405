import torch
from torch import nn

scores = torch.randn(2, 6, 20)
batch, steps, words = scores.shape
flat = scores.reshape(batch * steps, words)
joined = torch.cat([flat.view(-1, scores.size(2)), flat[: scores.shape[0]]])

weights = nn.Linear(words, words)
(joined * weights(joined).size(0)).mean().backward()  # expect: MHL104
