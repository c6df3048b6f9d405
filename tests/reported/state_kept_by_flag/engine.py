import torch


class Trainer:
    def __init__(self, model, args):
        self.model, self.args = model, args
        self.opt = torch.optim.RMSprop(model.parameters(), lr=1e-3)

    def fit(self, data):
        for epoch in range(self.args.epochs):
            state = self.model.init_state(4)
            for x, y in data:
                pred, state = self.model(x, state)
                loss = (pred - y).pow(2).mean()
                self.opt.zero_grad()
                loss.backward()  # expect: MHL102
                self.opt.step()
                if self.args.no_detach:
                    state = tuple(s.detach() for s in state)
