import torch
import torch.nn.functional as F
from models import SharedNet


def main():
    net = SharedNet()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    for it in range(2):
        image = torch.rand(2, 3, 6, 6)
        depth, mask = torch.rand(2, 1, 6, 6), torch.randint(0, 3, (2, 6, 6))
        out = net(image)
        depth_loss = F.l1_loss(out["depth"], depth)
        seg_loss = F.cross_entropy(out["seg"], mask)
        optimizer.zero_grad()
        depth_loss.backward()
        seg_loss.backward()  # expect: MHL101
        optimizer.step()
        print(it, depth_loss.item(), seg_loss.item())


main()
