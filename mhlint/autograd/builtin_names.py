"""Python's own names: which exist without an import, and the calls of them that the machine computes."""

from __future__ import annotations

import builtins

from mhlint.autograd import (
    builtin_folds,
    builtin_items,
    builtin_iterators,
    builtin_objects,
    executed_text,
    operations,
    tensors,
)
from mhlint.autograd.computing import compute
from mhlint.autograd.frames import ProgramRaises
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.machine import Machine
from mhlint.autograd.table import result_of
from mhlint.autograd.values import NONE, Const, Library, Tensor, Value
from mhlint.syntax.program import Site

_KNOWN = frozenset(dir(builtins))
_OPERATIONS = frozenset({"abs", "pow"})
"""Those that are torch's own operations where a tensor is given."""


def builtin(name: str) -> Value | None:
    """The value of a name that is Python's own."""
    return Library(f"builtins.{name}") if name in _KNOWN else None


def call_builtin(machine: Machine, name: str, args: Args, keywords: Keywords, site: Site | None) -> Value | None:
    """The result of a call of one of Python's own functions; None for those that are not modelled."""
    known = compute(name, args, keywords)
    if known is not None:
        return known
    row = operations.operation(f"torch.{name}") if name in _OPERATIONS else None
    if row is not None and any(isinstance(arg, Tensor) and not arg.unseen_call for arg in args):
        return result_of(machine, row, args, keywords, site)
    if name in ("int", "float") and _is_no_number(name, args):
        raise ProgramRaises("ValueError")
    handler = _CALLS.get(name)
    return None if handler is None else handler(machine, args, keywords, site)


def _is_no_number(name: str, args: Args) -> bool:
    """Is a text surely none that stands for a number?"""
    if len(args) != 1 or not isinstance(args[0], Const) or not isinstance(args[0].value, str):
        return False
    try:
        (int if name == "int" else float)(args[0].value)
    except ValueError:
        return True
    return False


def _print(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    tensors.show(machine, args, site)
    return NONE


def _text(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    tensors.show(machine, args, site)
    return machine.unknown("value")


def _not_used(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return machine.unknown("value")


_CALLS: dict[str, Handler] = {
    **builtin_items.CALLS, **builtin_folds.CALLS, **builtin_iterators.CALLS, **builtin_objects.CALLS,
    **executed_text.CALLS, "print": _print, "repr": _text, "format": _text, "hash": _not_used,
    "open": _not_used, "input": _not_used,
}  # fmt: skip
