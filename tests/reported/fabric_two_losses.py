import torch
import torch.nn as nn
import torch.nn.functional as F
from lightning import Fabric, seed_everything
from torch.utils.data import DataLoader, TensorDataset


class AutoClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(6, 8), nn.ReLU())
        self.decoder = nn.Linear(8, 6)
        self.classifier = nn.Linear(8, 2)

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code), self.classifier(code)


def main():
    seed_everything(1)
    fabric = Fabric(accelerator="cpu", devices=1)
    fabric.launch()
    model = AutoClassifier()
    optimizer = torch.optim.Adam(model.parameters())
    model, optimizer = fabric.setup(model, optimizer)
    loader = DataLoader(TensorDataset(torch.randn(8, 6), torch.randint(0, 2, (8,))), batch_size=4)
    loader = fabric.setup_dataloaders(loader)
    for x, y in loader:
        optimizer.zero_grad()
        recon, logits = model(x)
        fabric.backward(F.mse_loss(recon, x))
        fabric.backward(F.cross_entropy(logits, y))  # expect: MHL101
        optimizer.step()


if __name__ == "__main__":
    main()
