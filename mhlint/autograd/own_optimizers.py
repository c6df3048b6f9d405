"""Optimizers that a program writes itself, as subclasses of torch's: what their base class keeps and does for them."""

from __future__ import annotations

from mhlint.autograd.attributes import optimizer_base
from mhlint.autograd.machine import Machine
from mhlint.autograd.optimizers import call_optimizer, make_optimizer
from mhlint.autograd.values import (
    NONE,
    Instance,
    Mapping,
    Optimizer,
    Sequence,
    Value,
)
from mhlint.syntax.program import Site

_ABSTRACT = "Optimizer"


def inner(owner: Value) -> Optimizer | None:
    """What the base class of an own optimizer holds, once its `__init__` has run."""
    held = owner.attributes.get("<optimizer>") if isinstance(owner, Instance) else None
    return held if isinstance(held, Optimizer) else None


def begin(
    machine: Machine, owner: Instance, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    """`super().__init__(params, defaults)`: groups of parameters, each with the defaults."""
    made = make_optimizer(machine, optimizer_base(owner.cls), args, keywords, site)
    owner.attributes["<optimizer>"] = made
    given = args[0] if args else keywords.get("params", NONE)
    defaults = args[1] if len(args) > 1 else keywords.get("defaults")
    settings = dict(defaults.items) if isinstance(defaults, Mapping) else {}
    groups: list[Value] = []
    if isinstance(given, Sequence) and given.items and all(isinstance(item, Mapping) for item in given.items):
        # The base class keeps the dicts that it is given, and fills in what they lack.
        for group in given.items:
            assert isinstance(group, Mapping)
            for name, value in settings.items():
                group.items.setdefault(name, value)
            groups.append(group)
    else:
        held: list[Value] = list(made.parameters)
        groups.append(Mapping({"params": Sequence(held, exact=made.exact), **settings}, exact=False))
    owner.attributes["param_groups"] = Sequence(groups)
    return NONE


def call(
    machine: Machine, owner: Instance, name: str, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    """A method that an own optimizer has from its base class. The base of all has a `step` that does nothing."""
    held = inner(owner)
    if held is None or (name == "step" and held.name == _ABSTRACT):
        return machine.unknown(name)
    return call_optimizer(machine, held, name, args, keywords, site)
