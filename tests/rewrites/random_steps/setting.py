"""The models, optimizer and helpers of a random step: those that it names."""

from __future__ import annotations

import re

_IMPORTS = """\
from collections import namedtuple

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

torch.manual_seed(0)


"""
_PIECES = {
    "Both": """\
class Both(nn.Module):
    def __init__(self, one, other):
        super().__init__()
        self.one = one
        self.other = other

    def forward(self, x):
        return self.one(x), self.other(x)


""",
    "Pyramid": """\
class Pyramid(Both):
    def forward(self, x):
        low, high = super().forward(x)
        return {"low": low, "high": high}


""",
    "Scale": """\
class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        return t.view_as(t)

    @staticmethod
    def backward(ctx, g):
        return g / (1 + g.abs().max())


""",
    "Engine": """\
class Engine:
    def walk(self, loss, **kwargs):
        loss.backward(**kwargs)


""",
    "Meter": """\
class Meter:
    def __init__(self):
        self.sum = 0.0

    def update(self, value, n=1):
        self.sum += value * n


""",
    "Book": """\
class Book:
    def __init__(self):
        self.values = []

    def add(self, loss):
        self.values.append(float(loss.detach()))


""",
    "shifted": "def shifted(t):\n    t += 0.5\n    return t\n\n\n",
    "walk": "def walk(loss, **kwargs):\n    loss.backward(**kwargs)\n\n\n",
    "ghost": "def ghost(module):\n    print([p.grad is None for p in module.parameters()])\n\n\n",
    "trunk": """\
trunk = nn.Sequential(
    nn.Linear(4, 6, bias=False), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.3), nn.Linear(6, 6), nn.Sigmoid()
)
""",
    "linear_trunk": "linear_trunk = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 6))\n",
    "both": "both = Both(trunk, linear_trunk)\n",
    "pyramid": "pyramid = Pyramid(trunk, linear_trunk)\n",
    "stages": """\
stages = nn.ModuleList([nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Tanh()) for _ in range(2)])
""",
    "widen": "widen = torch.randn(4, 6)\n",
    "heads": """\
heads = nn.ModuleList(
    [nn.Sequential(nn.Dropout(0.3), nn.Linear(6, 3, bias=False), nn.BatchNorm1d(3)) for _ in range(3)]
)
""",
    "first": "first, second, third = heads\n",
    "bold": "bold = nn.ModuleList([nn.Sequential(nn.ReLU(inplace=True), nn.Linear(6, 3)) for _ in range(2)])\n",
    "named": 'named = nn.ModuleDict({"a": nn.Linear(6, 2), "b": nn.Linear(6, 2)})\n',
    "drop": "drop = nn.Dropout(0.2)\n",
    "criterion": "criterion = nn.MSELoss()\n",
    "log_vars": "log_vars = nn.Parameter(torch.zeros(2))\n",
    "everything": "everything = nn.ModuleList([{models}])\n",
    "opt": "opt = torch.optim.SGD(everything.parameters(), lr=0.1, momentum=0.5)\n",
    "scheduler": "scheduler = torch.optim.lr_scheduler.StepLR(opt, 2)\n",
    "scaler": 'scaler = torch.amp.GradScaler("cpu", init_scale=8.0)\n',
    "Out": 'Out = namedtuple("Out", "low high")\n',
    "engine": "engine = Engine()\n",
    "meter": "meter = Meter()\n",
    "book": "book = Book()\n",
    "running": "running = []\n",
}
_MODELS = ("trunk", "linear_trunk", "stages", "heads", "bold", "named")
LEFT = """
print(torch.rand(()).item(), *[value.item() for value in globals().get("running", [])])
print(getattr(globals().get("meter"), "sum", None), *getattr(globals().get("book"), "values", []))
print(*[float(b.double().sum()) for b in everything.buffers()])
print(*[0.0 if p.grad is None else float(p.grad.sum()) for p in everything.parameters()])
print(*[float(p.sum()) for p in everything.parameters()])
"""
"""Shows what a program leaves behind: appended where it is run, not where it is analysed."""


def setting(program: str) -> str:
    """What has to stand in front of a program that uses some of these names."""
    # Always there, so that hazards which name it can be strewn in anywhere.
    wanted = _named(program) | {"everything", "trunk"}
    while more := _named("".join(_PIECES[name] for name in wanted)) - wanted:
        wanted |= more
    if {"second", "third"} & set(re.findall(r"\w+", program)):
        wanted |= {"first", "heads"}
    models = [name for name in _MODELS if name in wanted]
    text = "".join(piece for name, piece in _PIECES.items() if name in wanted).replace("{models}", ", ".join(models))
    if "log_vars" in wanted:
        text = text.replace("everything.parameters()", "[*everything.parameters(), log_vars]")
    return f"{_IMPORTS}{text}\n\n"


def _named(text: str) -> set[str]:
    return set(re.findall(r"\w+", text)) & _PIECES.keys()
