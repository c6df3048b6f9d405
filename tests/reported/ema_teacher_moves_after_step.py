"""The student's output goes through the teacher's head; the teacher is averaged at the end."""
import copy

import torch
import torch.nn as nn


class Student(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(6, 8), nn.ReLU())
        self.head = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))

    def forward(self, x):
        return self.encoder(x)


@torch.no_grad()
def ema(teacher, student, m=0.99):
    for t, s in zip(teacher.parameters(), student.parameters()):
        t.mul_(m).add_(s, alpha=1 - m)


student = Student()
teacher = copy.deepcopy(student).requires_grad_(False)
opt = torch.optim.SGD(student.parameters(), lr=0.1)

for it in range(2):
    x, y = torch.randn(4, 6), torch.randint(0, 3, (4,))
    features = student(x)
    loss = nn.functional.cross_entropy(teacher.head(features), y)
    loss = loss + nn.functional.cross_entropy(student.head(features), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    ema(teacher, student)
