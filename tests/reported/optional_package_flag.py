import torch
try:
    import an_accelerator_that_is_not_installed  # noqa: F401
    FAST = True
    def settle(loss):
        loss.backward()
except ImportError:
    FAST = False
    def settle(loss):
        loss.detach()
weight = torch.ones(3, requires_grad=True)
loss = weight.exp().sum()
settle(loss)
loss.backward()
if FAST is True:
    loss.mean()
else:
    weight.tanh().sum().backward()
