"""`backward` here is the user's own method, and it may be called as often as one likes."""
import numpy as np
import torch


class Dense:
    def __init__(self, n_in, n_out):
        self.w = np.random.default_rng(0).normal(size=(n_in, n_out))
        self.cache = None

    def forward(self, x):
        self.cache = x
        return x @ self.w

    def backward(self, grad):
        self.grad = self.cache.T @ grad
        return grad @ self.w.T


class Loss:
    def forward(self, pred, target):
        self.diff = pred - target
        return (self.diff ** 2).mean()

    def backward(self):
        return 2 * self.diff / self.diff.size


layer, loss = Dense(3, 2), Loss()
x, y = np.ones((4, 3)), np.zeros((4, 2))
for epoch in range(3):
    value = loss.forward(layer.forward(x), y)
    grad = loss.backward()
    layer.backward(grad)
    first = layer.grad.copy()
    layer.backward(loss.backward())
    assert np.allclose(first, layer.grad)
    layer.w -= 0.1 * layer.grad
    print(epoch, torch.tensor(value).item())
