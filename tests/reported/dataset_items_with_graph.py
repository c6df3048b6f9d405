"""Features are computed in the data set, by a layer that is being trained."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

embed = nn.Sequential(nn.Linear(4, 6), nn.ReLU())


class FeatureDataset(Dataset):
    def __init__(self, n):
        raw = torch.randn(n, 4)
        self.features = embed(raw)
        self.labels = (raw.sum(1) > 0).long()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.features[i], self.labels[i]


def collate(items):
    xs, ys = zip(*items)
    return torch.stack(xs), torch.stack(ys)


loader = DataLoader(FeatureDataset(8), batch_size=4, collate_fn=collate)
classifier = nn.Linear(6, 2)
optimizer = torch.optim.Adam([*embed.parameters(), *classifier.parameters()])
criterion = nn.CrossEntropyLoss()

for epoch in range(2):
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(classifier(x), y)
        loss.backward()  # expect: MHL101
        optimizer.step()
