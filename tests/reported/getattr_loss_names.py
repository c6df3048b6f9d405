import torch
import torch.nn as nn
import torch.nn.functional as F


class Detector(nn.Module):
    loss_names = ["loss_cls", "loss_box"]

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(8, 16), nn.ReLU())
        self.cls = nn.Linear(16, 3)
        self.box = nn.Linear(16, 4)
        self.optimizer = torch.optim.SGD(self.parameters(), lr=0.01)

    def set_input(self, data):
        self.feat = data["feat"]
        self.labels = data["labels"]
        self.boxes = data["boxes"]

    def forward(self):
        h = self.backbone(self.feat)
        self.loss_cls = F.cross_entropy(self.cls(h), self.labels)
        self.loss_box = F.smooth_l1_loss(self.box(h), self.boxes)

    def optimize(self):
        self.forward()
        self.optimizer.zero_grad()
        for name in self.loss_names:
            getattr(self, name).backward()  # expect: MHL101
        self.optimizer.step()

    def current_losses(self):
        return {name: float(getattr(self, name)) for name in self.loss_names}


model = Detector()
for i in range(2):
    model.set_input({"feat": torch.randn(4, 8), "labels": torch.randint(0, 3, (4,)), "boxes": torch.rand(4, 4)})
    model.optimize()
    print(model.current_losses())
