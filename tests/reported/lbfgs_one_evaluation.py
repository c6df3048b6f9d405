import torch
import torch.nn as nn


class PhysicsInformedNN:
    def __init__(self, X_u, u, X_f, layers, nu):
        self.x_u, self.t_u = (c.clone().detach().requires_grad_(True) for c in X_u.split(1, dim=1))
        self.x_f, self.t_f = (c.clone().detach().requires_grad_(True) for c in X_f.split(1, dim=1))
        self.u, self.nu = u, nu
        mods = []
        for i, o in zip(layers[:-2], layers[1:-1]):
            mods += [nn.Linear(i, o), nn.Tanh()]
        self.dnn = nn.Sequential(*mods, nn.Linear(layers[-2], layers[-1]))
        self.optimizer = torch.optim.LBFGS(self.dnn.parameters(), lr=1.0, max_iter=1)
        self.iter = 0
        self.u_pred = self.net_u(self.x_u, self.t_u)

    def net_u(self, x, t):
        return self.dnn(torch.cat([x, t], dim=1))

    def net_f(self, x, t):
        u = self.net_u(x, t)
        u_t = torch.autograd.grad(u, t, grad_outputs=torch.ones_like(u), retain_graph=True, create_graph=True)[0]
        u_x = torch.autograd.grad(u, x, grad_outputs=torch.ones_like(u), retain_graph=True, create_graph=True)[0]
        return u_t + u * u_x

    def loss_func(self):
        self.optimizer.zero_grad()
        f_pred = self.net_f(self.x_f, self.t_f)
        loss = torch.mean((self.u - self.u_pred) ** 2) + torch.mean(f_pred ** 2)
        loss.backward()
        self.iter += 1
        return loss

    def train(self):
        self.dnn.train()
        self.optimizer.step(self.loss_func)


X_u, X_f = torch.rand(6, 2), torch.rand(8, 2)
model = PhysicsInformedNN(X_u, torch.rand(6, 1), X_f, [2, 10, 10, 1], 0.01)
model.train()
