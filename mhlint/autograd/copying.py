"""`copy.deepcopy`: new parameters, new objects, nothing shared; `copy.copy`: a new container of the same things."""

from __future__ import annotations

from dataclasses import replace

from mhlint.autograd import tensors
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Instance, Mapping, Module, Optimizer, Sequence, Tensor, Unknown, Value
from mhlint.syntax.program import Site


def deep_copy(machine: Machine, value: Value, site: Site | None, done: dict[int, Value] | None = None) -> Value:
    """A copy that shares no memory and no graph with the original."""
    done = {} if done is None else done
    if id(value) in done:
        return done[id(value)]
    made: Value = value
    if isinstance(value, Tensor):
        made = tensors.leaf(machine, site, requires_grad=value.requires_grad, name=value.name)
        made.parameter, made.elements = value.parameter, value.elements
    elif isinstance(value, Instance):
        made = Instance(value.cls, training=value.training, region=value.region)
        done[id(value)] = made
        made.attributes = {name: deep_copy(machine, item, site, done) for name, item in value.attributes.items()}
    elif isinstance(value, Module):
        made = Module(value.kind, settings=dict(value.settings), training=value.training, exact=value.exact)
        made.region, made.computed = value.region, dict(value.computed)
        done[id(value)] = made
        wrapped = made.settings.get("module")
        if wrapped is not None:
            made.settings["module"] = deep_copy(machine, wrapped, site, done)
        made.parameters = {name: _tensor_copy(machine, item, site, done) for name, item in value.parameters.items()}
        made.children = {name: deep_copy(machine, item, site, done) for name, item in value.children.items()}
    elif isinstance(value, Optimizer):
        # It holds copies: those of a module that is copied with it, or copies that belong to nobody.
        held = [_tensor_copy(machine, item, site, done) for item in value.parameters]
        made = replace(value, parameters=held)
    elif isinstance(value, Sequence):
        items = [deep_copy(machine, item, site, done) for item in value.items]
        made = Sequence(items, value.kind, value.exact, value.fields)
    elif isinstance(value, Mapping):
        made = Mapping({key: deep_copy(machine, item, site, done) for key, item in value.items.items()}, value.exact)
        made.named, made.cls = value.named, value.cls
    elif isinstance(value, Unknown):
        made = machine.unknown(value.label)
        made.module = value.module
    done[id(value)] = made
    return made


def shallow_copy(value: Value) -> Value:
    """`copy.copy`: a container or an object of its own that holds the same things."""
    if isinstance(value, Sequence):
        return replace(value, items=list(value.items))
    if isinstance(value, Mapping):
        return replace(value, items=dict(value.items))
    if isinstance(value, Instance):
        return replace(value, attributes=dict(value.attributes))
    return value


def _tensor_copy(machine: Machine, tensor: Tensor, site: Site | None, done: dict[int, Value]) -> Tensor:
    made = deep_copy(machine, tensor, site, done)
    assert isinstance(made, Tensor)
    return made
