import torch

# polynomial regression by hand; the walk starts at the vector of residuals
torch.manual_seed(0)
degree = 3
w = torch.zeros(degree + 1, 1, requires_grad=True)
xs = torch.linspace(-1, 1, 20).unsqueeze(1)
ys = 1 - 2 * xs + 0.5 * xs ** 3


def features(x):
    return torch.cat([x ** k for k in range(degree + 1)], dim=1)


def loss_function(prediction, target):
    return (prediction - target) ** 2


lr = 0.1
for epoch in range(10):
    prediction = features(xs) @ w
    loss = loss_function(prediction, ys)
    loss.backward(torch.ones_like(loss) / len(loss))
    with torch.no_grad():
        w -= lr * w.grad
        w.grad.zero_()
    print(epoch, loss.mean().item())
