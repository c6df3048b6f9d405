"""`operator`: Python's operators as functions."""

from __future__ import annotations

import ast

from mhlint.autograd import attributes, subscripts
from mhlint.autograd.arithmetic import arithmetic, unary
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.machine import Machine
from mhlint.autograd.tensors import site_of
from mhlint.autograd.values import NONE, Const, Native, Sequence, Value
from mhlint.syntax.program import Site

_BINARY: dict[str, type[ast.operator]] = {
    "add": ast.Add, "sub": ast.Sub, "mul": ast.Mult, "truediv": ast.Div, "floordiv": ast.FloorDiv, "mod": ast.Mod,
    "pow": ast.Pow, "matmul": ast.MatMult, "or_": ast.BitOr, "and_": ast.BitAnd, "xor": ast.BitXor, "concat": ast.Add,
}  # fmt: skip


def _by_symbol(op: type[ast.operator]) -> Handler:
    def call(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
        if len(args) != 2:
            return machine.unknown("result")
        return arithmetic(machine, args[0], op, args[1], site_of(machine, site))

    return call


def _neg(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return unary(machine, ast.USub(), args[0] if args else NONE, site_of(machine, site))


def _item(machine: Machine, owner: Value, key: Value, site: Site | None) -> Value:
    return subscripts.load(machine, owner, key, site)


def _attribute(machine: Machine, owner: Value, name: Value, site: Site | None) -> Value:
    found = owner
    for part in str(name.value).split(".") if isinstance(name, Const) else []:
        found = attributes.load(machine, found, part, site)
    return found


def _getter(kind: str) -> Handler:
    """`itemgetter` and `attrgetter`: one item, or a tuple of several."""
    read = _item if kind == "itemgetter" else _attribute

    def make(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
        def call(machine: Machine, given: Args, keywords: Keywords, site: Site | None) -> Value:
            found = [read(machine, given[0] if given else NONE, name, site) for name in args]
            return found[0] if len(found) == 1 else Sequence(found, "tuple")

        return Native(kind, call)

    return make


def _method_caller(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    def call(machine: Machine, given: Args, _: Keywords, site: Site | None) -> Value:
        method = _attribute(machine, given[0] if given else NONE, args[0] if args else NONE, site)
        return machine.call(machine, method, args[1:], keywords, site)

    return Native("methodcaller", call)


CALLS: dict[str, Handler] = {
    **{f"operator.{name}": _by_symbol(op) for name, op in _BINARY.items()}, "operator.neg": _neg,
    "operator.getitem": lambda m, a, k, s: _item(m, a[0], a[1], s) if len(a) == 2 else m.unknown("item"),
    "operator.itemgetter": _getter("itemgetter"), "operator.attrgetter": _getter("attrgetter"),
    "operator.methodcaller": _method_caller,
}  # fmt: skip
