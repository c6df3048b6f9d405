"""Storing and deleting attributes: of tensors, modules, objects and classes."""

from __future__ import annotations

from mhlint.autograd import gradients, special_methods, tensors
from mhlint.autograd.attributes import member
from mhlint.autograd.binding_effects import note_effect
from mhlint.autograd.conditions import decide
from mhlint.autograd.graph import Level
from mhlint.autograd.library_bases import hold
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_evidence import is_module, sounds_like_layer
from mhlint.autograd.trace import Hook
from mhlint.autograd.values import (
    TRUE,
    Bound,
    ClassValue,
    Const,
    Function,
    Instance,
    Mapping,
    Module,
    Namespace,
    Tensor,
    Unknown,
    Value,
    is_none,
)
from mhlint.syntax.program import Site


def store(machine: Machine, owner: Value, name: str, value: Value, site: Site, *, raw: bool = False) -> None:
    """`owner.name = value`; `raw` where the class's own `__setattr__` does it."""
    own = member(machine, owner, "__setattr__") if isinstance(owner, Instance) and not raw else None
    if isinstance(own, Bound) and own.function not in machine.active:
        machine.call(machine, own, [Const(name), value], {}, site)
        return
    if isinstance(owner, Tensor):
        _store_on_tensor(machine, owner, name, value, site)
        return
    if isinstance(owner, Unknown) and owner.data and name == "requires_grad":
        tensor = tensors.as_tensor(machine, owner, site)
        if tensor is not None:
            set_requires_grad(machine, tensor, value, site)
        return
    if isinstance(owner, Unknown) and name == "requires_grad" and value == TRUE and not owner.module:
        tensors.ask_for_gradients(machine, owner, site)
    if isinstance(owner, Instance):
        setter = member(machine, owner, f"{name}.setter")
        if isinstance(setter, Bound):
            machine.call(machine, setter, [value], {}, site)
            return
        if special_methods.through_descriptor(machine, owner, name, site, value) is not None:
            return
        machine.begun_elsewhere.discard((owner, name))
        if (owner, name) in machine.stored_elsewhere and not isinstance(value, Unknown):
            value = machine.unknown(f"self.{name}")
    if isinstance(owner, Function) and name in ("__defaults__", "__kwdefaults__"):
        owner.defaults.update({parameter: machine.unknown(parameter) for parameter in owner.defaults})
        machine.effects += 1
        return
    table = getattr(owner, "attributes", None)
    if isinstance(owner, Mapping) and owner.named:
        table = owner.items
    if isinstance(owner, Namespace):
        table = owner.frame.variables
    if isinstance(owner, ClassValue):
        table = owner.members
    if isinstance(value, (Module, Instance, Unknown)) or (isinstance(value, Tensor) and value.parameter):
        machine.structure += 1
    if isinstance(table, dict):
        note_effect(machine, table.get(name), value)
        if isinstance(owner, Module) and name in owner.parameters and isinstance(value, Tensor):
            owner.parameters[name] = value
        if isinstance(owner, Module) and name in owner.children:
            table = owner.children
        table[name] = value
        if isinstance(owner, Instance):
            hold(owner, name, value)
    if isinstance(value, Unknown) and isinstance(owner, Instance):
        if any(text in owner.cls.program.module_evidence for text in (name, f"self.{name}")):
            value.module = max(value.module, Level.LIKELY)
        if is_module(owner) and sounds_like_layer(name):
            value.attributes["<of module>"] = TRUE


def _store_on_tensor(machine: Machine, owner: Tensor, name: str, value: Value, site: Site) -> None:
    if name == "grad":
        if is_none(value):
            gradients.clear_one(machine, owner, site, to_none=True)
        else:
            gradients.clip(machine, [owner], site, given=True)
            owner.gradient.level = max(owner.gradient.level, Level.LIKELY)
    elif name == "data":
        tensors.write(machine, owner, "a write to .data", site, seen=False)
    elif name == "requires_grad":
        set_requires_grad(machine, owner, value, site)
    else:
        owner.attributes[name] = value
        machine.effects += 1


def set_requires_grad(machine: Machine, tensor: Tensor, value: Value, site: Site | None) -> None:
    """`requires_grad = flag` on a leaf; on a non-leaf True does nothing (FACTS F78)."""
    machine.effects += 1
    if tensor.node is not None:
        return
    where = tensors.site_of(machine, site)
    flag = decide(machine, value, getattr(value, "label", "") or "requires_grad", where)
    if flag and tensor.requires_grad is False:
        tensor.silenced_at = where
    if tensor.parameter:
        machine.emit(Hook, where, target=tensor, flag=True)
    tensor.switch(flag)


def delete(machine: Machine, owner: Value, name: str, site: Site | None) -> None:
    """`del owner.name`: of a gradient, the same as to store None."""
    if isinstance(owner, Tensor) and name == "grad":
        gradients.clear_one(machine, owner, site, to_none=True)
    table = getattr(owner, "attributes", None)
    if isinstance(table, dict):
        table.pop(name, None)
