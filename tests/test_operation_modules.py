"""The table of operations over torch.nn: verdicts in both modes, and what a step may not touch."""

from __future__ import annotations

import ast
import fnmatch
from typing import Any

import pytest

from mhlint.autograd.operations import Arguments, Operation, gives, module, updates_buffers

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from walking import evaluated, grown, said, scope, seen, walk  # noqa: E402

MODULES = """
Linear(8, 3): x
Bilinear(8, 8, 3): x, y
Conv2d(3, 4, 3): i
ConvTranspose2d(3, 4, 3): i
BatchNorm1d(8): x
BatchNorm2d(3): i
InstanceNorm2d(3): i
GroupNorm(1, 3): i
LayerNorm(8): x
RMSNorm(8): x
PReLU(): x
Embedding(9, 4): idx
LSTM(8, 4): s
GRU(8, 4, 2): s
RNN(8, 4, 2): s
GRUCell(8, 4): x
MultiheadAttention(8, 2, batch_first=True): s, s * 1, s * 1
TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True): s
ReLU(): x
GELU(): x
Sigmoid(): x
Softmax(1): x
Dropout(0.5): x
Dropout(0.0): x
Dropout(p=0): x
AdaptiveAvgPool2d(1): i
AdaptiveAvgPool2d(2): i
MaxPool2d(2): i
MaxPool2d(2, return_indices=True): i
AvgPool2d(2): i
Flatten(): i
Identity(): x
PixelShuffle(1): i
ZeroPad2d(1): i
ReflectionPad2d(1): i
Upsample(scale_factor=2): i
CrossEntropyLoss(): x, lab
MSELoss(): x, c
MSELoss(reduction='none'): x, c
L1Loss(): x, c
BCEWithLogitsLoss(): x, c
KLDivLoss(reduction='sum'): x, c
CosineSimilarity(): x, y
"""


def built(line: str) -> tuple[Operation, Arguments, Any, list[Any], dict[str, Any]]:
    """The row, the constructor's arguments, the module and its inputs."""
    constructor, _, inputs = line.rpartition(": ")
    call = ast.parse(constructor, mode="eval").body
    assert isinstance(call, ast.Call)
    row = module(ast.unparse(call.func))
    assert row is not None
    init = evaluated(call.args, {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg})
    values = scope()
    return row, init, eval(f"nn.{constructor}", {"nn": nn}), list(eval(f"({inputs},)", values)), values


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("line", MODULES.strip().splitlines())
def test_a_module(line: str, training: bool) -> None:
    row, init, made, inputs, _ = built(line)
    made.train(training)
    result = made(*inputs)
    assert seen(result) == said(row, init, training)
    assert bool(gives(row, "multi", init)) == isinstance(result, tuple)
    if gives(row, "scalar", init):
        assert result.numel() == 1
    for name, _ in made.named_parameters():
        assert any(fnmatch.fnmatchcase(name, known) for known in row.parameters)
    running = [name for name, _ in made.named_buffers() if name.startswith("running")]
    assert updates_buffers(row, init) == bool(running)
    if row.random and training and init.positional == (0.5,):
        assert not torch.equal(made(*inputs), made(*inputs))


@pytest.mark.parametrize("given", ["input", "parameters", "both"])
@pytest.mark.parametrize("line", MODULES.strip().splitlines())
def test_which_parameters_a_module_needs_unchanged(line: str, given: str) -> None:
    row, init, made, _, _ = built(line)
    names = [name for name, _ in made.named_parameters()]
    if given != "input" and not names:
        return
    for changed in [*names, "input", "result"]:
        _, _, _, inputs, _ = built(line)
        inputs = [item if given != "parameters" else item.detach() for item in inputs]
        made.requires_grad_(given != "input")
        result = made(*inputs)
        if not grown(result):
            return
        places = {"input": inputs[:1], "result": grown(result)}
        for tensor in places.get(changed) or [made.get_parameter(changed)]:
            torch.autograd.graph.increment_version(tensor)
        raises = walk(result) == "version"
        wanting = set(row.args.split(", ")) if given != "parameters" else set()
        wanting |= {"parameters", *names} if given != "input" else set()
        needs = [need for need in row.needs if fnmatch.fnmatchcase(changed, need.place)]
        needs = [need for need in needs if not need.if_grad or matched(need.if_grad, wanting)]
        if any(need.certain for need in needs):
            assert raises or said(row, init, True) != "always", f"{changed} is said to be needed"
        if not needs:
            assert not raises, f"{changed} is said not to be needed"


def matched(globs: tuple[str, ...], names: set[str]) -> bool:
    """Whether one of the names is meant by one of the globs."""
    return any(fnmatch.fnmatchcase(name, glob) for glob in globs for name in names)
