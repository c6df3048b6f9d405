import torch
from unseen_trainers import judge


class Painter:
    def __init__(self, depth):
        self.layers = judge.eval()
        self.depth = depth
        self.response = 0
        self.seen = 0

    def watch(self):
        def keep(module, given, out):
            self.response = out[:, 0]

        self.layers[self.depth].register_forward_hook(keep)
        self.layers[0].register_forward_hook(self.note)

    def note(self, module, given, out):
        self.seen = out.mean()

    def paint(self, turns):
        self.watch()
        picture = torch.randn(2, 4, requires_grad=True)
        opt = torch.optim.Adam([picture], lr=0.1)
        for _ in range(turns):
            opt.zero_grad()
            self.seen = torch.zeros(1)
            x = picture
            for position, layer in enumerate(self.layers):
                x = layer(x)
                if position == self.depth:
                    break
            first = torch.mean(self.seen)
            first.backward(retain_graph=True)
            loss = -torch.mean(self.response)
            loss.backward()
            opt.step()


Painter(1).paint(3)
