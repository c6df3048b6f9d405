import argparse
import torch
from nets import build_model
from engine import Trainer


def get_parser():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hidden", default=8, type=int)
    parser.add_argument("--epochs", default=2, type=int)
    parser.add_argument("--no-detach", action="store_true")
    return parser


if __name__ == "__main__":
    args = get_parser().parse_args()
    model = build_model(args)
    data = [(torch.randn(5, 4, 3), torch.randn(4, 1)) for _ in range(3)]
    Trainer(model, args).fit(data)
