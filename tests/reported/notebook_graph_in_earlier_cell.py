# %% data
import torch

xs = torch.randint(0, 5, (20,))
ys = torch.randint(0, 5, (20,))

# %% weights
g = torch.Generator().manual_seed(7)
W = torch.randn((5, 5), generator=g, requires_grad=True)

# %% forward pass
xenc = torch.nn.functional.one_hot(xs, num_classes=5).float()
logits = xenc @ W
counts = logits.exp()
prob = counts / counts.sum(1, keepdim=True)
loss = -prob[torch.arange(20), ys].log().mean()
print(loss.item())

# %% backward pass
W.grad = None
loss.backward()

# %% update
W.data += -0.1 * W.grad

# %% run the last cells a few times more
for _ in range(5):
    W.grad = None
    loss.backward()  # expect: MHL101
    W.data += -0.1 * W.grad
