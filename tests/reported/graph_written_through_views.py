import torch

scale = torch.ones(3, requires_grad=True)

diagonal = torch.zeros(3, 3)
diagonal.diagonal().copy_(scale)
diagonal.sum().backward()

rows = torch.zeros(2, 3)
rows[0].copy_(scale)
rows.sum().backward()

tail = torch.zeros(4)
tail[1:].add_(scale * 3)
tail.sum().backward()

turned = torch.zeros(3, 2)
turned.t()[0] = scale
turned.mean().backward()
