import torch.nn as nn
import torch.nn.functional as F


class SharedNet(nn.Module):
    """Returns a dict: depth map, segmentation and the features they share."""

    def __init__(self, ch=4, n_classes=3):
        super().__init__()
        self.backbone = nn.Conv2d(3, ch, 3, padding=1)
        self.depth = nn.Conv2d(ch, 1, 1)
        self.seg = nn.Conv2d(ch, n_classes, 1)

    def forward(self, image):
        feats = F.relu(self.backbone(image))
        return {"depth": self.depth(feats), "seg": self.seg(feats), "features": feats}
