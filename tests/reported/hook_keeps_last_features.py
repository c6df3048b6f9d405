import torch
import torch.nn as nn
import torch.nn.functional as F

features = {}


def save_features(name):
    def hook(module, inputs, output):
        features[name] = output
    return hook


backbone = nn.Sequential(nn.Linear(6, 10), nn.Tanh(), nn.Linear(10, 10), nn.Tanh())
classifier = nn.Linear(10, 3)
backbone[1].register_forward_hook(save_features("early"))
opt = torch.optim.SGD([*backbone.parameters(), *classifier.parameters()], lr=0.1)

previous = None
for step in range(3):
    x, y = torch.randn(4, 6), torch.randint(0, 3, (4,))
    logits = classifier(backbone(x))
    loss = F.cross_entropy(logits, y)
    if previous is not None:
        # keep the early features from drifting too fast
        loss = loss + 0.1 * F.mse_loss(features["early"].mean(0), previous.mean(0))
    opt.zero_grad()
    loss.backward()  # expect: MHL102
    opt.step()
    previous = features["early"]
