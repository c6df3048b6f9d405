"""The table of operations against the installed PyTorch: every row that can be called is walked twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest

from mhlint.autograd.operations import (
    TENSOR,
    UNKNOWN,
    Arguments,
    Operation,
    Saves,
    bind,
    method,
    module,
    operation,
    operator,
    saves,
)

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from walking import flat, literal, quietly, said, seen  # noqa: E402

TABLE = json.loads(resources.files("mhlint.autograd").joinpath("operations.json").read_text(encoding="utf-8"))
LOOKUPS: dict[str, Callable[[str], Operation | None]] = {
    "functions": lambda name: operation(f"torch.{name}"),
    "methods": method,
    "operators": operator,
    "modules": module,
}

# They need arguments of their own, or mean something else without them
NOT_CALLED = {
    "apply_",
    "map_",
    "map2_",
    "set_",
    "load",
    "from_file",
    "save",
    "resize_",
    "share_memory_",
    "pin_memory",
}
NOT_CALLED |= {"bernoulli", "einsum", "where"}


def plain_calls() -> list[tuple[Any, ...]]:
    """Argument lists that suit most operations: a positive definite matrix, a second one, small numbers."""
    torch.default_generator.manual_seed(0)
    matrix = torch.rand(4, 4)
    x = (matrix @ matrix.t() + 4 * torch.eye(4)).requires_grad_()
    y = torch.rand(4, 4).requires_grad_()
    image = torch.rand(2, 4, 6, 6).requires_grad_()
    vector = torch.rand(4).requires_grad_()
    index = torch.tensor([[0, 1, 2, 3]])
    return [
        (x,), (x, y), (x, 1), (x, x.detach() > 0.5, 0.5), (x, 0, index), (x, 0, index[0]), (x, 0, 1),
        (x, 0, 1, 2), (image, 2), (image, (2, 2)), (image,), (x, vector), (vector, vector), (vector, 2),
        ([x, y],), (x, 0, index, y), (x, y, x), (x, y, vector), (image[0], image[0], image[0]),
        (image, (1, 1, 1, 1)), (x, (4, 4)), (x, index), (x, index[0]), (index, x), (x, 0.0, 1.0),
        (x, 0, index[0], 1.0), (x, [2, 2]), (x, vector, vector, vector),
    ]  # fmt: skip


def target(section: str, name: str) -> Any:
    """The function or unbound method of a row; None for attributes and for what this PyTorch lacks."""
    if section == "methods":
        found: Any = getattr(torch.Tensor, name, None)
    else:
        found = torch
        for part in name.split("."):
            found = getattr(found, part, None)
    return found if callable(found) and not isinstance(found, (property, type)) else None


def called(function: Any, given: tuple[Any, ...], inplace: bool) -> Any:
    """The result of a call, or None if the arguments do not suit; in-place operations get a copy."""
    arguments = [item.clone() if inplace and isinstance(item, torch.Tensor) else item for item in given]
    try:
        result = function(*arguments)
    except (TypeError, RuntimeError, ValueError, IndexError, ArithmeticError, AttributeError, AssertionError):
        return None
    return result if result is not None else ()


@pytest.mark.parametrize("section", ["functions", "methods"])
def test_each_row_says_what_two_walks_say(section: str) -> None:
    wrong, checked = [], 0
    for name in TABLE[section]:
        row, function = LOOKUPS[section](name), target(section, name)
        if row is None or row.saves is Saves.CREATES or function is None or name in NOT_CALLED:
            continue
        for given in plain_calls():
            with quietly():
                torch.default_generator.manual_seed(0)
                result = called(function, given, inplace=name.endswith("_"))
            if result is None or any(tensor.numel() == 0 for tensor in flat(result)):
                continue
            verdict = said(row, Arguments(tuple(literal(item) for item in given)))
            try:
                with quietly():
                    truth = seen(result)
            except (RuntimeError, NotImplementedError):
                continue  # a derivative that these arguments do not have
            checked += 1
            if verdict not in {truth, "depends"} and not cut_by_arguments(truth, given) and flat(result):
                wrong.append(f"{name}{tuple(literal(item) for item in given)}: {truth}, table: {verdict}")
            break
    assert not wrong, "\n".join(wrong)
    assert checked > (350 if section == "functions" else 300)


def cut_by_arguments(truth: str, given: tuple[Any, ...]) -> bool:
    """Whether a call cut the graph because its first tensor has no grad to give."""
    first = given[0][0] if isinstance(given[0], list) else given[0]
    return truth == "cuts" and not first.requires_grad


def test_every_row_can_be_read() -> None:
    for section, find in LOOKUPS.items():
        for name in TABLE[section]:
            row = find(name)
            assert row is not None, name
            known = bind(row.args, Arguments()) is not None and bind(row.init, Arguments()) is not None
            assert known
            if row.when and not row.when.endswith(" > 1"):
                assert saves(row, Arguments((UNKNOWN,) * 20)) is None, name


def test_the_file_is_sorted_small_and_has_a_line_for_each_entry() -> None:
    text = resources.files("mhlint.autograd").joinpath("operations.json").read_text(encoding="utf-8")
    assert len(text) < 100_000
    assert (
        len(text.splitlines()) <= sum(len(rows) + 2 for rows in TABLE.values() if isinstance(rows, dict)) + 2
    )
    for section in LOOKUPS:
        assert list(TABLE[section]) == sorted(TABLE[section])


@pytest.mark.parametrize("name", ["relu", "torch.no_such", "numpy.zeros", "torch", ""])
def test_an_unknown_function_has_no_row(name: str) -> None:
    assert operation(name) is None


def test_names_of_modules_may_be_dotted() -> None:
    rows = [
        module(name) for name in ("Linear", "nn.Linear", "torch.nn.Linear", "torch.nn.modules.linear.Linear")
    ]
    assert None not in rows
    assert len({row.needs for row in rows if row}) == 1
    assert module("mine.Linear") is None


@pytest.mark.parametrize(
    ("row", "arguments", "expected"),
    [
        (operation("torch.nn.functional.dropout"), Arguments((TENSOR, 0.1, UNKNOWN)), None),
        (operation("torch.nn.functional.dropout"), Arguments((TENSOR, UNKNOWN, False)), False),
        (operation("torch.nn.functional.pad"), Arguments((TENSOR, UNKNOWN), {"mode": UNKNOWN}), None),
        (operation("torch.nn.functional.adaptive_avg_pool2d"), Arguments((TENSOR, (1, UNKNOWN))), None),
        (operation("torch.nn.functional.adaptive_avg_pool2d"), Arguments((TENSOR, (1, 2))), True),
        (operation("torch.einsum"), Arguments((UNKNOWN, [TENSOR, TENSOR])), True),
        (operation("torch.einsum"), Arguments((UNKNOWN, UNKNOWN)), None),
        (operator("[]"), Arguments((TENSOR, (0, UNKNOWN))), None),
        (operator("[]"), Arguments((TENSOR, (UNKNOWN, TENSOR))), True),
        (operator("%"), Arguments((TENSOR, UNKNOWN)), None),
        (module("Dropout"), Arguments((0.5,)), None),
    ],
)
def test_a_condition_over_unknown_arguments(
    row: Operation | None, arguments: Arguments, expected: bool | None
) -> None:
    assert row is not None
    assert saves(row, arguments) is expected


def test_inplace_methods_move_the_version_counter() -> None:
    checked = 0
    for name in TABLE["methods"]:
        row = method(name)
        if row is None or "inplace" not in row.out or name in NOT_CALLED:
            continue
        for arguments in ((), (1,), (0, 1), (torch.ones(4, 4),)):
            tensor = torch.rand(4, 4)
            before = tensor._version
            try:
                getattr(tensor, name)(*arguments)
            except (TypeError, RuntimeError, ValueError):
                continue
            checked += 1
            assert tensor._version > before, name
            break
    assert checked > 100


def test_what_draws_random_numbers() -> None:
    x = torch.full((50, 50), 0.5)
    for name in ("dropout", "alpha_dropout", "rrelu"):
        row = operation(f"torch.nn.functional.{name}")
        function = getattr(nn.functional, name)
        assert row is not None and row.random
        assert not torch.equal(function(-x, training=True), function(-x, training=True))
    for name in ("bernoulli", "poisson", "normal", "randn_like", "rand_like"):
        row = operation(f"torch.{name}")
        function = getattr(torch, name)
        assert row is not None and row.random
        assert not torch.equal(function(x), function(x))
    relu = operation("torch.relu")
    assert relu is not None and not relu.random
