"""Dicts whose keys are their attributes: `class Config(dict)` with a `__getattr__`, `EasyDict`, `Namespace`."""

from __future__ import annotations

import ast

from mhlint.autograd.builtin_names import call_builtin
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import ClassValue, Function, Mapping, Value
from mhlint.syntax.program import Site

_DICTS = frozenset({"builtins.dict", "collections.OrderedDict", "collections.UserDict"})


def keys_are_attributes(cls: ClassValue) -> bool:
    """Does a class derived from dict give its keys as attributes: by `__getattr__`, or by `self.__dict__ = self`?"""
    if not _DICTS & set(cls.library_bases()):
        return False
    for base in cls.order():
        if isinstance(base, ClassValue):
            init = base.members.get("__init__")
            if "__getattr__" in base.members:
                return True
            if isinstance(init, Function) and "__dict__ = self" in ast.unparse(init.definition):
                return True
    return False


def make(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """A dict of this kind, of the same arguments as `dict`."""
    made = call_builtin(machine, "dict", args, keywords, site)
    if not isinstance(made, Mapping):
        return machine.unknown("options", ())
    made.named = True
    return made


CALLS: dict[str, Handler] = dict.fromkeys(
    (
        "easydict.EasyDict", "addict.Dict", "munch.Munch", "munch.munchify", "box.Box", "ml_collections.ConfigDict",
        "omegaconf.OmegaConf.create", "argparse.Namespace",
    ),
    make,
)  # fmt: skip
