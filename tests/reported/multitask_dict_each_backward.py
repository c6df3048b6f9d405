import torch
import torch.nn as nn


class MultiTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU())
        self.heads = nn.ModuleDict({"age": nn.Linear(16, 1), "gender": nn.Linear(16, 2), "race": nn.Linear(16, 5)})

    def forward(self, x):
        h = self.shared(x)
        return {name: head(h) for name, head in self.heads.items()}


criteria = {"age": nn.L1Loss(), "gender": nn.CrossEntropyLoss(), "race": nn.CrossEntropyLoss()}
weights = {"age": 0.1, "gender": 1.0, "race": 1.0}


def batches(n):
    for _ in range(n):
        yield torch.randn(4, 6), {
            "age": torch.rand(4, 1) * 80,
            "gender": torch.randint(0, 2, (4,)),
            "race": torch.randint(0, 5, (4,)),
        }


model = MultiTask()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for x, targets in batches(3):
    outputs = model(x)
    optimizer.zero_grad()
    total = 0.0
    for task in outputs:
        loss = weights[task] * criteria[task](outputs[task], targets[task])
        loss.backward()  # expect: MHL101
        total += loss.item()
    optimizer.step()
    print(total)
