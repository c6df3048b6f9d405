"""Special methods of the program's own classes: operators, length, truth, membership, descriptors."""

from __future__ import annotations

import ast

from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Bound, Function, Instance, Library, Value
from mhlint.syntax.program import Site

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.Pow: "pow", ast.MatMult: "matmul", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
    ast.LShift: "lshift", ast.RShift: "rshift", ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert",
}  # fmt: skip
_NOT_IMPLEMENTED = Library("builtins.NotImplemented")


def special(machine: Machine, owner: Value, name: str, args: list[Value], site: Site | None) -> Value | None:
    """What `__name__` of an object gives; None if its class has none, or it does not do this."""
    method = machine.member(machine, owner, f"__{name}__") if isinstance(owner, Instance) else None
    if not isinstance(method, (Bound, Function)):
        return None
    made = machine.call(machine, method, args, {}, site)
    return None if made == _NOT_IMPLEMENTED else made


def binary(machine: Machine, left: Value, op: type[ast.operator], right: Value, site: Site) -> Value | None:
    """`left op right` where one of them is an object whose class says what that means."""
    name = _OPERATORS[op]
    made = special(machine, left, name, [right], site)
    return made if made is not None else special(machine, right, f"r{name}", [left], site)


def update(machine: Machine, owner: Value, op: type[ast.operator], operand: Value, site: Site) -> Value | None:
    """`owner op= operand` by `__iadd__` and its kind."""
    return special(machine, owner, f"i{_OPERATORS[op]}", [operand], site)


def unary(machine: Machine, op: ast.unaryop, value: Value, site: Site) -> Value | None:
    """`-value` and its kind."""
    return special(machine, value, _OPERATORS[type(op)], [], site)


def through_descriptor(
    machine: Machine, owner: Instance, name: str, site: Site | None, stored: Value | None = None
) -> Value | None:
    """What an attribute gives, or a store to it does, whose class holds an object with `__get__` and `__set__`."""
    for cls in owner.cls.order():
        held = getattr(cls, "members", {}).get(name)
        if isinstance(held, Instance):
            args: list[Value] = [owner, owner.cls if stored is None else stored]
            return special(machine, held, "get" if stored is None else "set", args, site)
    return None
