import argparse
import torch
import torch.nn as nn
p = argparse.ArgumentParser()
g = p.add_argument_group("train")
g.add_argument("-k", "--keep-graph", action="store_true", default=True)
g.add_argument("--n", default="3", type=int)
g.add_argument("--mode", choices=["a", "b"], default="a")
p.set_defaults(extra=False)
args, rest = p.parse_known_args([])
opts = vars(args)
net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
out = net(torch.randn(3, 2))
out.mean().backward(retain_graph=args.keep_graph)
if args.extra or args.mode == "b" or opts["mode"] == "b" or rest or args.n == 4:
    out.mean().backward()
out.sum().backward()
