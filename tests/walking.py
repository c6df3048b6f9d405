"""Two walks over a result, and the words that the table of operations has for what they say."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from mhlint.autograd.operations import TENSOR, Arguments, Operation, Saves, saves

TWICE, VERSION = "backward through the graph a second time", "modified"


@contextmanager
def quietly() -> Iterator[None]:
    """Deprecations of the operations that are called are not what is tested."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def walk(result: Any) -> str:
    """What a walk over all results says: `fine`, `twice`, `version`, or `underivable`."""
    roots = grown(result)
    try:
        torch.autograd.backward(roots, [torch.zeros_like(root) for root in roots])
    except RuntimeError as error:
        text = str(error)
        for outcome, part in (("twice", TWICE), ("version", VERSION), ("underivable", "not implemented")):
            if part in text:
                return outcome
        raise
    return "fine"


def flat(result: Any) -> list[Any]:
    """The tensors of a result, tuples and lists opened."""
    if isinstance(result, torch.Tensor):
        return [result]
    return [tensor for item in result for tensor in flat(item)] if isinstance(result, (tuple, list)) else []


def grown(result: Any) -> list[Any]:
    """The results that have a graph."""
    return [tensor for tensor in flat(result) if tensor.requires_grad]


def seen(result: Any) -> str:
    """The row's word for what happened: `cuts`, `underivable`, `always` or `never`."""
    if not grown(result):
        return "cuts"
    first = walk(result)
    if first != "fine":
        return first
    return {"twice": "always", "fine": "never"}[walk(result)]


def said(row: Operation, arguments: Arguments, training: bool | None = None) -> str:
    """The same word from the table."""
    if row.saves in {Saves.CUTS, Saves.UNDERIVABLE}:
        return str(row.saves.value)
    return {True: "always", False: "never", None: "depends"}[saves(row, arguments, training)]


def literal(value: Any) -> object:
    """An argument as the table's conditions see it."""
    if isinstance(value, (list, tuple)):
        return type(value)(literal(item) for item in value)
    return TENSOR if isinstance(value, torch.Tensor) else value


def scope() -> dict[str, Any]:
    """The tensors the statements are written over; none of those that require grad is a leaf."""
    torch.default_generator.manual_seed(0)  # torch.manual_seed keeps a stack trace for each absent device
    shapes = {"x": (4, 8), "y": (4, 8), "w": (3, 8), "q": (4, 4), "v": (8,), "b": (8,), "s": (2, 4, 8)}
    shapes |= {"i": (2, 3, 6, 6), "k": (3, 3, 2, 2)}
    varying = {
        name: (torch.rand(shape) * 0.8 + 0.1).requires_grad_().clone() for name, shape in shapes.items()
    }
    fixed = {"c": torch.rand(4, 8), "mask": torch.rand(4, 8) > 0.5, "idx": torch.tensor([0, 1, 2])}
    return {**varying, **fixed, "lab": torch.tensor([0, 1, 2, 3]), "torch": torch}


def evaluated(arguments: list[ast.expr], keywords: dict[str, ast.expr]) -> Arguments:
    """The arguments of a statement as the table's conditions see them."""

    def value(node: ast.expr) -> object:
        return literal(
            eval(f"({ast.unparse(node)},)[0]" if not isinstance(node, ast.Slice) else "slice(None)", scope())
        )

    def index(node: ast.expr) -> object:
        if isinstance(node, ast.Tuple):
            return tuple(index(item) for item in node.elts)
        return slice(None) if isinstance(node, ast.Slice) else value(node)

    return Arguments(tuple(map(index, arguments)), {name: value(node) for name, node in keywords.items()})
