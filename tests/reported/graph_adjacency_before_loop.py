"""Graph network whose learned adjacency is normalised once, before training."""
import torch
import torch.nn as nn
import torch.nn.functional as F

n_nodes, n_feats, n_classes = 6, 4, 2
scores = nn.Parameter(torch.randn(n_nodes, n_nodes))
adjacency = torch.softmax(scores, dim=1)
features = torch.randn(n_nodes, n_feats)
labels = torch.randint(0, n_classes, (n_nodes,))


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.gc1 = nn.Linear(n_feats, 8)
        self.gc2 = nn.Linear(8, n_classes)

    def forward(self, x, adj):
        x = F.relu(adj @ self.gc1(x))
        return F.log_softmax(adj @ self.gc2(x), dim=1)


model = GCN()
optimizer = torch.optim.Adam([scores, *model.parameters()], lr=0.01)


def train(epoch):
    model.train()
    optimizer.zero_grad()
    output = model(features, adjacency)
    loss_train = F.nll_loss(output, labels)
    loss_train.backward()  # expect: MHL101
    optimizer.step()
    return loss_train.item()


for epoch in range(3):
    print(epoch, train(epoch))
