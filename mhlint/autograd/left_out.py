"""Attributes that the set-up of an object has left out on a path: what reads one there raises."""

from __future__ import annotations

import re

from mhlint.autograd.machine import Machine
from mhlint.autograd.values import ClassValue, Instance
from mhlint.syntax.program import Program

SETS_UP = re.compile(
    r"_*(initiali[sz]e|init|setup|set_up|build|create|define|configure)"
    r"(_(model|network|net|module|optimizer|optim|loss|criterion|training|train|all)e?s?)?$"
)
"""What a method is called that makes what `__init__` has not made: networks, optimizers."""
_FREE_STORES = ("setattr(", "__dict__", "vars(")


def is_left_out(machine: Machine, owner: Instance, name: str) -> bool:
    """Does nothing but the set-up of a root's object make an attribute, and has it not made it on this path?

    `if options.train: self.opt = ...` in `__init__`: a step that reads it where it was not made does not come about.
    """
    if machine.set_up is None or machine.set_up.owner is not owner or name in owner.attributes:
        return False
    classes = [cls for cls in owner.cls.order() if isinstance(cls, ClassValue)]
    programs = frozenset(cls.program for cls in classes)
    stores = [(program, node) for program in programs for node in program.stored_attributes.get(name, ())]
    if not stores or not all(_in_set_up(machine, program, getattr(node, "lineno", 0)) for program, node in stores):
        return False
    if any(free in program.source.text for program in programs for free in _FREE_STORES):
        return False
    return not machine.project.stored_elsewhere(name, frozenset(cls.definition.name for cls in classes), programs)


def _in_set_up(machine: Machine, program: Program, row: int) -> bool:
    assert machine.set_up is not None
    around = program.functions_around(row)
    if not around or around[0] not in machine.set_up.run:
        return False
    return around[0].name == "__init__" or SETS_UP.match(around[0].name) is not None
