# the dict of losses is made once and added to
import torch
import torch.nn as nn

features = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
heads = {"x": nn.Linear(8, 1), "y": nn.Linear(8, 1)}
parameters = list(features.parameters())
for head in heads.values():
    parameters += list(head.parameters())
optimizer = torch.optim.SGD(parameters, lr=0.01)

losses = {name: 0.0 for name in heads}
for batch in range(3):
    inputs = torch.randn(6, 4)
    goals = {"x": inputs[:, :1], "y": inputs[:, 1:2]}
    h = features(inputs)
    for name, head in heads.items():
        losses[name] = losses[name] + nn.functional.mse_loss(head(h), goals[name])
    optimizer.zero_grad()
    sum(losses.values()).backward()  # expect: MHL102
    optimizer.step()

# average over the batches
for name, value in losses.items():
    print(name, value.item() / 3)
