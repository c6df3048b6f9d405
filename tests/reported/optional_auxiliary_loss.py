"""An option decides whether the auxiliary loss is walked apart or not at all."""
import argparse

import torch
import torch.nn as nn


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--aux", choices=["none", "sum", "separate"], default="sum")
    parser.add_argument("--steps", type=int, default=2)
    return parser.parse_args([])


def main(args):
    stem = nn.Sequential(nn.Linear(6, 8), nn.ReLU())
    main_head, aux_head = nn.Linear(8, 2), nn.Linear(8, 2)
    opt = torch.optim.SGD([*stem.parameters(), *main_head.parameters(), *aux_head.parameters()], lr=0.1)
    ce = nn.CrossEntropyLoss()
    for _ in range(args.steps):
        x, y = torch.randn(4, 6), torch.randint(0, 2, (4,))
        h = stem(x)
        loss, aux = ce(main_head(h), y), ce(aux_head(h), y)
        opt.zero_grad()
        if args.aux == "none":
            loss.backward()
        elif args.aux == "sum":
            (loss + 0.4 * aux).backward()
        else:
            loss.backward(retain_graph=True)
            print("main only", stem[0].weight.grad.norm().item())
            (0.4 * aux).backward()
        opt.step()


if __name__ == "__main__":
    main(parse())
