import torch
import torch.nn as nn
import torch.nn.functional as F
class ContentLoss(nn.Module):
    def __init__(self, target):
        super().__init__()
        self.target = target

    def forward(self, x):
        self.loss = F.mse_loss(x, self.target)
        return x


def gram(x):
    b, c, h, w = x.size()
    f = x.view(b * c, h * w)
    return torch.mm(f, f.t()) / (b * c * h * w)


class StyleLoss(nn.Module):
    def __init__(self, target):
        super().__init__()
        self.target = gram(target)

    def forward(self, x):
        self.loss = F.mse_loss(gram(x), self.target)
        return x


cnn = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU())
content_img, style_img = torch.rand(1, 3, 6, 6), torch.rand(1, 3, 6, 6)
model = nn.Sequential()
content_losses, style_losses = [], []
i = 0
for layer in cnn.children():
    if isinstance(layer, nn.Conv2d):
        i += 1
        name = 'conv_{}'.format(i)
    else:
        name = 'relu_{}'.format(i)
        layer = nn.ReLU(inplace=False)
    model.add_module(name, layer)
    if name == 'conv_1':
        cl = ContentLoss(model(content_img))
        model.add_module("content_loss_{}".format(i), cl)
        content_losses.append(cl)
    if name in ('conv_1', 'conv_2'):
        sl = StyleLoss(model(style_img))
        model.add_module("style_loss_{}".format(i), sl)
        style_losses.append(sl)

input_img = content_img.clone().requires_grad_(True)
optimizer = torch.optim.LBFGS([input_img])
run = [0]
while run[0] <= 2:
    def closure():
        with torch.no_grad():
            input_img.clamp_(0, 1)
        optimizer.zero_grad()
        model(input_img)
        style_score = 0
        content_score = 0
        for sl in style_losses:
            style_score += sl.loss
        for cl in content_losses:
            content_score += cl.loss
        loss = 1e5 * style_score + content_score
        loss.backward()  # expect: MHL101
        run[0] += 1
        return loss

    optimizer.step(closure)
