import torch

w = torch.randn(3, requires_grad=True)
with torch.autograd.graph.allow_mutation_on_saved_tensors():
    y = w.exp()
    y2 = y.clone()
    loss = (y * y2).sum()
    y.sin_()
    loss.backward()
