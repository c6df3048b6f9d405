"""Python's own functions that ask what an object is, read or write its attributes, or convert it."""

from __future__ import annotations

import ast
from collections import namedtuple
from typing import cast

from mhlint.autograd import attribute_stores, attributes, dict_attributes, enumerations, tensors, unknown_names
from mhlint.autograd.command_lines import known_options, picked
from mhlint.autograd.conditions import truth_of
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import (
    FALSE,
    NONE,
    TRUE,
    Bound,
    ClassValue,
    Const,
    Function,
    Instance,
    Key,
    Library,
    Mapping,
    Module,
    Namespace,
    Object,
    Partial,
    Sequence,
    Tensor,
    Unknown,
    Value,
    key_of,
    tensors_in,
)
from mhlint.syntax.program import Site


def _isinstance(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if len(args) != 2:
        return machine.unknown("isinstance")
    value, kind = args
    kinds = kind.items if isinstance(kind, Sequence) else [kind]
    names = [item.name for item in kinds if isinstance(item, Library)]
    answers = [is_a(value, item) for item in kinds]
    if True in answers:
        return TRUE
    if None not in answers and answers:
        return FALSE
    return machine.derived("isinstance", (value, tuple(names)), f"isinstance({getattr(value, 'label', '...')}, ...)")


_A_RECORD = namedtuple("_A_RECORD", ())()
_CONTAINERS = {"list": "list", "tuple": "tuple", "set": "set"}


def is_tensor(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`torch.is_tensor`."""
    return _isinstance(machine, [*args[:1], Library("torch.Tensor")], {}, site)


def is_a(value: Value, kind: Value) -> bool | None:
    """`isinstance(value, kind)`, as far as it is known."""
    if isinstance(value, Unknown) or (isinstance(value, Tensor) and value.unseen_call):
        return None
    if isinstance(kind, ClassValue):
        if isinstance(value, Sequence) and value.fields:
            return kind.record == "tuple" and value.fields == kind.record_fields
        if isinstance(value, Instance):
            return kind in value.cls.order() or (None if value.cls.has_unseen_base() else False)
        if isinstance(value, Const) and enumerations.real(kind) is not None:
            return isinstance(value.value, enumerations.real(kind))
        return None if isinstance(value, Mapping) and value.named else False
    if not isinstance(kind, Library):
        return None
    name = kind.name.rpartition(".")[2]
    if isinstance(value, Tensor):
        return True if name == "Tensor" else None if "Tensor" in name or name in ("Parameter", "Variable") else False
    if isinstance(value, Sequence):
        if name not in ("list", "tuple", "set", "dict", "Tensor", "str"):
            return None
        # A bounded deque is no list; one without a bound is kept as if it were a list.
        return value.kind == _CONTAINERS.get(name)
    if isinstance(value, Mapping):
        return name in ("dict", "Mapping") if name in ("dict", "list", "tuple", "Tensor", "Mapping") else None
    if isinstance(value, Const) and name in (
        "int",
        "float",
        "str",
        "bool",
        "list",
        "tuple",
        "dict",
        "Tensor",
    ):
        return type(value.value).__name__ == name or (name == "int" and isinstance(value.value, bool))
    if isinstance(value, Instance):
        bases = value.cls.library_bases()
        return True if kind.name in bases else None if value.cls.has_unseen_base() or bases else False
    if isinstance(value, Module):
        return name in (value.kind, "Module") or (False if name[:1].isupper() else None)
    return None


def _getattr(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if len(args) < 2:
        return machine.unknown("getattr")
    owner, name = args[0], args[1]
    if isinstance(owner, (Library, Namespace)):
        name = picked(name)
    if isinstance(name, Const) and isinstance(name.value, str):
        if len(args) > 2 and isinstance(owner, Mapping) and owner.named and owner.exact:
            return owner.items.get(name.value) or dict_attributes.of_named_default(machine, owner, name.value, args[2])
        if len(args) > 2 and attributes.surely_lacks(machine, owner, name.value):
            return args[2]
        return attributes.load(machine, owner, name.value, site)
    deps = tuple(t for v in getattr(owner, "attributes", {}).values() for t in tensors_in(v))
    return machine.derived("getattr", (owner, name), "getattr", deps)


def _setattr(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if len(args) == 3 and isinstance(args[1], Const):
        attribute_stores.store(machine, args[0], str(args[1].value), args[2], tensors.site_of(machine, site))
    elif len(args) == 3:
        machine.effects += 1
        table = unknown_names.table_of(args[0])
        if table is not None:
            unknown_names.forget_one(machine, table, args[1], args[2])
    return NONE


def _set_raw(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`object.__setattr__`: stores whatever the class itself would do."""
    if len(args) == 3 and isinstance(args[1], Const):
        attribute_stores.store(machine, args[0], str(args[1].value), args[2], tensors.site_of(machine, site), raw=True)
        return NONE
    return _setattr(machine, args, keywords, site)


def _hasattr(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if len(args) == 2 and isinstance(args[0], Instance) and isinstance(args[1], Const):
        if args[1].value in args[0].attributes or machine.member(machine, args[0], str(args[1].value)) is not None:
            return TRUE
        if not args[0].cls.has_unseen_base() and not args[0].cls.library_bases():
            return FALSE
        if attributes.surely_lacks(machine, args[0], str(args[1].value)):
            return FALSE
    if len(args) == 2 and isinstance(args[0], Sequence) and args[0].fields and isinstance(args[1], Const):
        return TRUE if args[1].value in args[0].fields or hasattr(_A_RECORD, str(args[1].value)) else FALSE
    if len(args) == 2 and isinstance(args[0], Mapping) and isinstance(args[1], Const) and args[0].named:
        if args[1].value in args[0].items:
            return TRUE
    parts = tuple(key_of(arg) for arg in args)
    return machine.derived("hasattr", parts, "hasattr(...)")


def _str(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    tensors.show(machine, args, site)
    known = len(args) == 1 and isinstance(args[0], Const) and isinstance(args[0].value, (str, int, bool, type(None)))
    return Const(str(args[0].value)) if known else machine.unknown("text")  # type: ignore[attr-defined]


def _bool(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    value = args[0] if args else FALSE
    known = truth_of(machine, value)
    if known is None and isinstance(value, Unknown):
        return value
    if known is None and isinstance(value, Library):
        return Unknown(("truth", value), value.name)
    return machine.derived("bool", (value,), "bool") if known is None else Const(known)


def _number(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    value = args[0] if args else Const(0)
    if isinstance(value, Unknown) and not value.deps:
        return value
    return machine.derived("number", (key_of(value), machine.next_serial()), "number")


def _type(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    value = args[0] if len(args) == 1 else NONE
    if len(args) == 3 and isinstance(args[1], Sequence) and isinstance(args[2], Mapping) and site is not None:
        members = {str(name): item for name, item in args[2].items.items()}
        name = str(getattr(args[0], "value", "made"))
        return ClassValue(ast.ClassDef(name, [], [], [], []), site.program, tuple(args[1].items), members)
    if isinstance(value, Instance):
        return value.cls
    if isinstance(value, Tensor) and not value.unseen_call:
        return Library("torch.Tensor")
    if isinstance(value, Sequence) and not value.fields and value.kind == "tuple":
        return Library(f"builtins.{value.kind}")
    if isinstance(value, Module):
        return Library(f"torch.nn.{value.kind}")
    return machine.derived("type", (key_of(value),), "type(...)")


def _vars(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if len(args) == 1 and isinstance(args[0], Mapping) and args[0].named:
        return args[0]
    if len(args) == 1 and isinstance(args[0], (Library, Namespace)):
        return attributes.load(machine, args[0], "__dict__", site)
    options = known_options(args[0]) if len(args) == 1 else None
    if options is not None:
        return options
    if len(args) == 1 and isinstance(args[0], (Instance, Object)):
        return Mapping(cast("dict[Key, Value]", args[0].attributes), exact=isinstance(args[0], Object), of_names=True)
    return machine.derived("vars", tuple(key_of(arg) for arg in args), "vars(...)")


def _id(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """The address of an object, which no other has; of what is not known, perhaps that of another."""
    value = args[0] if args else NONE
    value = machine.picked_from.get(value, value) if isinstance(value, Tensor) else value
    alone = isinstance(value, (Tensor, Module, Instance, Sequence, Mapping, Function, ClassValue))
    return machine.derived("address" if alone and value not in machine.stand_ins else "id", (value,), "id(...)")


def _callable(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    surely = len(args) == 1 and isinstance(args[0], (Function, Bound, Module, ClassValue, Partial))
    return TRUE if surely else machine.derived("callable", tuple(key_of(arg) for arg in args), "callable(...)")


CALLS: dict[str, Handler] = {
    "isinstance": _isinstance, "type": _type, "callable": _callable, "getattr": _getattr, "setattr": _setattr,
    "hasattr": _hasattr, "bool": _bool, "int": _number, "float": _number, "vars": _vars, "round": _number, "str": _str,
    "id": _id, "object.__setattr__": _set_raw,
}  # fmt: skip
