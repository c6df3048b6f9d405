import torch
import torch.nn as nn
import torch.nn.functional as F
class Finetune(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.fc = nn.Linear(4, num_classes)

    def forward(self, x):
        return self.fc(self.features(x))


model = Finetune(10)
model.fc = nn.Linear(4, 2)
for param in model.parameters():
    param.requires_grad = False
optimizer = torch.optim.SGD(model.fc.parameters(), lr=0.01)
for _ in range(2):
    out = model(torch.randn(3, 1, 8, 8))
    loss = nn.CrossEntropyLoss()(out, torch.tensor([0, 1, 0]))
    loss.backward()  # expect: MHL104
    optimizer.step()
