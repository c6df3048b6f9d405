import torch
import torch.nn as nn
import torch.nn.functional as F
def fit(model, dataloaders, criterion, optimizer, epochs=1):
    for epoch in range(epochs):
        for phase in ['train', 'val']:
            model.train() if phase == 'train' else model.eval()
            for x, y in dataloaders[phase]:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == 'train'):
                    loss = criterion(model(x), y)
                loss.backward()  # expect: MHL104
                optimizer.step()


net = nn.Linear(3, 2)
data = {p: [(torch.randn(4, 3), torch.randint(0, 2, (4,)))] for p in ['train', 'val']}
fit(net, data, nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), 0.1))
