"""What PyTorch's operations do to the graph: the table in operations.json, typed.

The table is measured by scripts/probe_operations.py and checked against the installed PyTorch by
tests/test_operations.py.

Conditions in the table are short sentences over the arguments of the call (of the constructor, for modules):
`dim` (given), `other is tensor`, `mode is reflect|replicate`, `operands > 1`, `index is fancy`, `dropping`.
A verdict that hangs on one reads `if CONDITION` or `unless CONDITION`.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any, NamedTuple


class Opaque(Enum):
    """Stand-ins for arguments that are no Python literal: a tensor, or something unknown."""

    TENSOR = "tensor"
    UNKNOWN = "unknown"


TENSOR, UNKNOWN = Opaque.TENSOR, Opaque.UNKNOWN


class Arguments(NamedTuple):
    """The arguments of one call: Python literals, `TENSOR` or `UNKNOWN`. A method's receiver comes first."""

    positional: tuple[object, ...] = ()
    keywords: Mapping[str, object] = {}


class Saves(str, Enum):
    """What an operation's node keeps for its walk, or why there is no walk over it."""

    ALWAYS = "always"
    NEVER = "never"
    DEPENDS = "depends"
    CUTS = "cuts"  # the result has no graph
    UNDERIVABLE = "underivable"  # the result requires grad, but its first backward raises
    CREATES = "creates"  # a new tensor without a graph


class Need(NamedTuple):
    """A tensor that must stay unchanged until the node is walked.

    `place` is the name of an argument (`input`: the first argument or the receiver), `result`, or for modules
    also the glob of a parameter's name. It is needed if one of the places in `if_grad` requires grad
    (`parameters`: any of the module's); an empty `if_grad` asks nothing. Not `certain`: some calls need it,
    others do not: all but those of which the condition `unless` is true, where there is one.
    """

    place: str
    if_grad: tuple[str, ...] = ()
    certain: bool = True
    unless: str = ""


@dataclass(frozen=True)
class Operation:
    """One row of the table.

    `when` says on what a `depends` hangs. `out` says what the result is, each word alone or with a
    condition (ask `gives`): `scalar` (one element), `multi` (a tuple or list), `view` (shares its input's
    memory), `alias` (may be or share its input), `inplace` (is the changed receiver), `python` (no tensor).
    `args` and `init` are the signatures of the call and of a module's constructor. `buffers` is the condition
    under which a forward in training mode updates running statistics.
    """

    name: str
    saves: Saves
    needs: tuple[Need, ...] = ()
    out: tuple[str, ...] = ()
    when: str = ""
    args: str = "input"
    init: str = ""
    parameters: tuple[str, ...] = ()
    random: bool = False
    buffers: str = ""


def operation(name: str) -> Operation | None:
    """The function of a dotted name such as `torch.relu` or `torch.nn.functional.relu`; None if unknown."""
    return _row("functions", name.removeprefix("torch."), name) if name.startswith("torch.") else None


def method(name: str) -> Operation | None:
    """The method or attribute of `torch.Tensor` of that name; None if unknown."""
    return _row("methods", name, name)


def operator(symbol: str) -> Operation | None:
    """The operator `+`, `r/` (a number on the left), `+=`, `unary -`, `[]` or `[]=`; None if unknown."""
    return _row("operators", symbol, symbol)


def module(class_name: str) -> Operation | None:
    """The module class `Linear`, also written `nn.Linear` or `torch.nn.Linear`; None if unknown."""
    head, _, name = class_name.rpartition(".")
    known = head in {"", "nn", "torch.nn"} or head.startswith("torch.nn.modules.")
    return _row("modules", name, name) if known else None


def saves(row: Operation, arguments: Arguments, training: bool | None = None) -> bool | None:
    """Whether this call leaves something that the first walk frees; None if its arguments do not tell.

    `arguments` are those of the call, or of the constructor for a module, whose mode is `training`.
    """
    if row.saves is Saves.DEPENDS:
        return _holds(row, row.when, arguments, training) if row.when else None
    return row.saves is Saves.ALWAYS


def is_input(row: Operation, arguments: Arguments, training: bool | None = None) -> bool:
    """Whether the result is the input itself: dropout that drops nothing, in place or not (FACTS F10)."""
    return row.when == "if dropping" and saves(row, arguments, training) is False


_RESULT_IN_PLACE = frozenset({"elu", "selu", "celu", "leakyrelu", "rrelu"})


def keeps_input(name: str, in_place: bool) -> bool:
    """Whether an operation that needs its input needs the tensor it was given: in place it keeps a copy of the old
    values, or for a few activations its result, which is that tensor (tests/reported/*_activations_in_place.py)."""
    return not in_place or name.rpartition(".")[2].replace("_", "").lower() in _RESULT_IN_PLACE


def gives(row: Operation, word: str, arguments: Arguments) -> bool | None:
    """Whether the result of this call is `scalar`, `multi`, ... (see `Operation`); None if unknown."""
    for item in row.out:
        head, _, condition = item.partition(" ")
        if head == word:
            return _holds(row, condition, arguments, None) if condition else True
    return False


def surely_needs(row: Operation, need: Need, arguments: Arguments) -> bool:
    """Whether this call is one of those that have the need."""
    if need.certain or not need.unless:
        return need.certain
    return _condition(need.unless, bind(row.args, arguments), None) is False


def updates_buffers(row: Operation, arguments: Arguments) -> bool | None:
    """Whether a module made with these constructor arguments updates running statistics in training mode."""
    return _holds(row, row.buffers, arguments, None) if row.buffers else False


def bind(signature: str, arguments: Arguments) -> dict[str, object]:
    """The value of each parameter of a signature (`input, p=0.5, *rest`), defaults filled in."""
    bound: dict[str, object] = {}
    positional = list(arguments.positional)
    for parameter in _parameters(signature):
        if parameter.name.startswith("*"):
            bound[parameter.name[1:]] = tuple(positional)
            positional = []
        elif positional:
            bound[parameter.name] = positional.pop(0)
        elif parameter.name in arguments.keywords:
            bound[parameter.name] = arguments.keywords[parameter.name]
        elif parameter.has_default:
            bound[parameter.name] = parameter.default
    return bound


def _holds(row: Operation, sentence: str, arguments: Arguments, training: bool | None) -> bool | None:
    word, _, condition = sentence.partition(" ")
    verdict = _condition(condition, bind(row.init or row.args, arguments), training)
    return verdict if verdict is None or word == "if" else not verdict


def _condition(text: str, bound: dict[str, object], training: bool | None) -> bool | None:
    if text == "dropping":
        return _dropping(bound, training)
    name, relation, wanted = [*text.split(" ", 2), "", ""][:3]
    value = bound.get(name)
    if value is UNKNOWN:
        return None
    if wanted == "fancy":
        return _fancy(value)
    if wanted == "whole":
        return value is Ellipsis or value == slice(None)
    if relation == ">":
        return _longer(value, int(wanted))
    if wanted == "tensor":
        return value is TENSOR
    if relation == "is":
        return _one_of(value, wanted)
    return value is not None and value is not False and value is not TENSOR


def _one_of(value: object, wanted: str) -> bool | None:
    values = value if isinstance(value, (tuple, list)) and value else (value,)
    if any(isinstance(item, Opaque) for item in values):
        return None
    return all(str(item) in wanted.split("|") for item in values)


def _longer(value: object, count: int) -> bool | None:
    if isinstance(value, (tuple, list)) and len(value) == 1:
        value = value[0] if isinstance(value[0], (tuple, list, Opaque)) else value
    if value is TENSOR:
        return count < 1
    return len(value) > count if isinstance(value, (tuple, list)) else None


def _fancy(index: object) -> bool | None:
    """Whether an index copies (and keeps) by a list, a tensor or a mask rather than making a view."""
    if isinstance(index, tuple):
        verdicts = [_fancy(item) for item in index]
        return True if True in verdicts else None if None in verdicts else False
    if index is UNKNOWN:
        return None
    return isinstance(index, (list, bool)) or index is TENSOR


def _dropping(bound: dict[str, object], training: bool | None) -> bool | None:
    mode = bound.get("training", bound.get("train", UNKNOWN if training is None else training))
    p = bound.get("p", UNKNOWN)
    if mode is False or p == 0:
        return False
    return None if isinstance(mode, Opaque) or isinstance(p, Opaque) else True


class _Parameter(NamedTuple):
    name: str
    default: object = None
    has_default: bool = False


@cache
def _parameters(signature: str) -> tuple[_Parameter, ...]:
    parsed = ast.parse(f"lambda {signature}: 0", mode="eval").body
    assert isinstance(parsed, ast.Lambda)
    names = [parameter.arg for parameter in parsed.args.args]
    required = len(names) - len(parsed.args.defaults)
    defaults = [ast.literal_eval(default) for default in parsed.args.defaults]
    parameters = [_Parameter(name) for name in names[:required]]
    optional = zip(names[required:], defaults, strict=True)
    parameters += [_Parameter(name, value, True) for name, value in optional]
    if parsed.args.vararg:
        parameters.append(_Parameter("*" + parsed.args.vararg.arg))
    return tuple(parameters)


@cache
def _table() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("operations.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


@cache
def _row(section: str, key: str, name: str) -> Operation | None:
    table = _table()
    entry = table[section].get(key)
    if isinstance(entry, str):  # another name of the same operation
        found = [table[part].get(entry) for part in ("functions", "methods")]
        entry = next((item for item in found if isinstance(item, dict)), None)
    if entry is None:
        return None
    return Operation(
        name=name,
        saves=Saves(entry["saves"]),
        needs=tuple(_need(text) for text in entry.get("needs", ())),
        out=tuple(entry.get("out", ())),
        when=entry.get("when", ""),
        args=entry.get("args", "input"),
        init=entry.get("init", ""),
        parameters=tuple(entry.get("parameters", ())),
        random=entry.get("random", False),
        buffers=entry.get("buffers", ""),
    )


def _need(text: str) -> Need:
    said, _, unless = text.lstrip("~").partition(" unless ")
    place, _, condition = said.partition(" if ")
    return Need(place, tuple(condition.split("|")) if condition else (), not text.startswith("~"), unless)
