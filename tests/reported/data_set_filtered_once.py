import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader


class Spectrogram(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 4, 3, padding=1)

    def forward(self, x):
        return self.conv(x.unsqueeze(0)).squeeze(0)


class AudioSet(Dataset):
    def __init__(self, n, transform):
        self.items = [transform(torch.randn(1, 8)) for _ in range(n)]
        self.labels = torch.randint(2, (n,))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i], self.labels[i]


def collate(batch):
    return torch.stack([b[0] for b in batch]), torch.stack([b[1] for b in batch])


loader = DataLoader(AudioSet(6, Spectrogram()), batch_size=3, collate_fn=collate)
clf = nn.Sequential(nn.Flatten(), nn.Linear(32, 2))
opt = torch.optim.Adam(clf.parameters())
for epoch in range(2):
    for x, y in loader:
        loss = nn.functional.cross_entropy(clf(x), y)
        opt.zero_grad()
        loss.backward()  # expect: MHL101
        opt.step()
