import torch
import torch.nn as nn
import torch.nn.functional as F


class PointerHead(nn.Module):
    """Scores the nodes of a tour; visited nodes get probability zero."""

    def __init__(self, dim=6):
        super().__init__()
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)

    def forward(self, nodes, current, visited):
        scores = (self.key(nodes) @ self.query(current)) / nodes.size(-1) ** 0.5
        probs = F.softmax(scores, dim=0)
        probs[visited] = 0.0
        return probs / probs.sum()


def rollout(head, nodes):
    log_probs, visited = [], torch.zeros(len(nodes), dtype=torch.bool)
    current = 0
    for _ in range(len(nodes) - 1):
        visited = visited.clone()
        visited[current] = True
        probs = head(nodes, nodes[current], visited)
        current = torch.multinomial(probs, 1).item()
        log_probs.append(torch.log(probs[current]))
    return torch.stack(log_probs).sum()


head = PointerHead()
optimizer = torch.optim.Adam(head.parameters(), lr=1e-3)
for epoch in range(2):
    log_prob = rollout(head, torch.rand(5, 6))
    loss = -log_prob * 0.7
    optimizer.zero_grad()
    loss.backward()  # expect: MHL103
    optimizer.step()
