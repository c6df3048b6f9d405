"""Methods of modules: listing parameters and children, modes, freezing, loading, adding."""

from __future__ import annotations

import ast

from mhlint.autograd import gradients, module_names, tensors
from mhlint.autograd.attributes import of_instance
from mhlint.autograd.conditions import decide
from mhlint.autograd.iteration import elements
from mhlint.autograd.library_bases import base_of, hold
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_forward import compiles
from mhlint.autograd.module_parameters import freeze, named_parameters_of, parameters_of
from mhlint.autograd.trace import Hook
from mhlint.autograd.values import (
    FALSE,
    NONE,
    TRUE,
    Const,
    Function,
    Instance,
    Key,
    Mapping,
    Module,
    Object,
    Sequence,
    Tensor,
    Unknown,
    Value,
)
from mhlint.syntax.program import Site

_SELF = frozenset(("to cuda cpu float half double bfloat16 share_memory type compile apply xpu").split())
_NAMED = frozenset({"named_parameters", "named_children", "named_modules", "named_buffers"})


_FORWARD_HOOKS = {"register_forward_hook": "<hooks>", "register_forward_pre_hook": "<hooks before>"}
"""Where the functions are kept that run behind and before a module's forward."""


def call_module_method(
    machine: Machine,
    owner: Module | Instance,
    name: str,
    args: list[Value],
    keywords: dict[str, Value],
    site: Site | None,
) -> Value:
    """Call a method that every module has."""
    first = args[0] if args else next(iter(keywords.values()), NONE)
    if name in ("parameters", "named_parameters"):
        named, exact = named_parameters_of(machine, owner)
        recurse = keywords.get("recurse", args[1] if name == "named_parameters" and len(args) > 1 else first)
        if recurse == FALSE:
            named = [(path, tensor) for path, tensor in named if path is not None and "." not in path]
        # One name such as `weight_ih_l*` stands for several parameters.
        exact = exact and not any("*" in tensor.name for _, tensor in named)
        if name == "parameters":
            return Sequence([tensor for _, tensor in named], exact=exact, once=True)
        plain = name != "named_parameters" or not (args or keywords.keys() - {"recurse"})
        pairs = (
            (Const(path) if plain and path is not None else machine.unknown("name"), tensor) for path, tensor in named
        )
        return Sequence([Sequence(list(pair), "tuple") for pair in pairs], exact=exact, once=True)
    if name == "apply" and isinstance(first, Function) and _freezes(first):
        for _, module in module_names.tree(owner):
            machine.call(machine, first, [module], {}, site)
    if name == "compile" and compiles(keywords):
        owner.region = "torch.compile"
    if name in _SELF:
        return owner
    if name in ("train", "eval"):
        given = args[:1] or [value for key, value in keywords.items() if key == "mode"]
        known = bool(given[0].value) if given and isinstance(given[0], Const) else None if given else True
        _set_mode(owner, known if name == "train" else False)
        return owner
    if name == "requires_grad_":
        flag_value = first if args or keywords else TRUE
        label = getattr(flag_value, "label", "") or "requires_grad"
        freeze(machine, owner, decide(machine, flag_value, label, tensors.site_of(machine, site)))
        return owner
    if name == "zero_grad":
        flag_value = first if args or keywords else TRUE
        to_none = bool(flag_value.value) if isinstance(flag_value, Const) else None
        found, exact = parameters_of(machine, owner)
        gradients.clear(machine, found, site, exact=exact, to_none=to_none)
        return NONE
    if name == "load_state_dict":
        assigned = keywords.get("assign") == TRUE
        for tensor in parameters_of(machine, owner)[0]:
            tensors.write(machine, tensor, "load_state_dict()", site, seen=not assigned)
        return NONE
    if name == "state_dict" and not args and not keywords:
        return _state(machine, owner, site)
    if name == "update_parameters" and isinstance(owner, Module) and owner.kind == "AveragedModel":
        for tensor in parameters_of(machine, owner)[0]:
            tensors.write(machine, tensor, "update_parameters()", site)
        return NONE
    if name in ("children", "modules", "named_children", "named_modules", "values", "items", "keys"):
        return _children(machine, owner, name)
    if name in ("forward", "__call__"):
        return machine.call(machine, owner, args, keywords, site)
    if name in _FORWARD_HOOKS and keywords.get("with_kwargs", FALSE) == FALSE:
        hooks = owner.attributes.setdefault(_FORWARD_HOOKS[name], Sequence([]))
        assert isinstance(hooks, Sequence)
        hooks.items.append(first)
        return Object("hook handle", {"hooks": hooks, "hook": first})
    if name.startswith("register_") and "hook" in name:
        if "backward" in name:
            machine.emit(Hook, tensors.site_of(machine, site), target=owner)
        return machine.unknown("handle")
    if name in ("register_buffer", "register_parameter", "add_module", "register_module") and len(args) > 1:
        machine.structure += 1
        # A name that is not known is another one in each call.
        name_of = str(first.value) if isinstance(first, Const) else f"<unknown {machine.next_serial()}>"
        _add(owner, name_of, args[1])
        return NONE
    if name in ("append", "extend", "insert") and isinstance(owner, Instance):
        base = base_of(owner)
        return owner if base is None else call_module_method(machine, base, name, args, keywords, site)
    if name in ("append", "extend", "insert") and isinstance(owner, Module):
        machine.effects += 1
        machine.structure += 1
        items, exact = elements(machine, first, site) if name == "extend" else ([args[-1] if args else first], True)
        for item in items:
            owner.children[str(len(owner.children))] = item
        owner.exact = owner.exact and exact
        return owner
    if name == "update" and isinstance(owner, Module) and isinstance(first, Mapping):
        owner.children.update({str(key): item for key, item in first.items.items()})
        return NONE
    if name == "get_submodule" and isinstance(owner, Instance) and isinstance(first, Const):
        return of_instance(machine, owner, str(first.value).partition(".")[0], site)
    return machine.unknown(name)


def _freezes(function: Function) -> bool:
    """Other functions are not run on every module: they initialise weights, by names that the machine would have
    to guess at."""
    names = {getattr(node, "attr", "") for node in ast.walk(function.definition)}
    return bool(names & {"requires_grad", "requires_grad_"})


def _set_mode(owner: Value, training: bool | None) -> None:
    for _, module in module_names.tree(owner):
        module.training = training
        if isinstance(module, Instance):
            module.attributes["<mode>"] = NONE if training is None else Const(training)


def _add(owner: Module | Instance, name: str, value: Value) -> None:
    if isinstance(owner, Instance) or isinstance(value, Tensor):
        owner.attributes[name] = value
        if isinstance(owner, Instance):
            hold(owner, name, value)
    else:
        owner.children[name] = value


def _state(machine: Machine, owner: Module | Instance, site: Site | None) -> Value:
    """`state_dict()`: the parameters' memory without their graph, with one counter of versions (FACTS F39)."""
    named, _ = named_parameters_of(machine, owner)
    if not named or any(path is None or "*" in path for path, _ in named):
        return machine.unknown("state_dict")
    held: dict[Key, Value] = {}
    for path, tensor in named:
        part = tensors.leaf(machine, site)
        part.storage, part.shape, part.elements = tensor.storage, tensor.shape, tensor.elements
        held[path] = part
    # Buffers are in it, too.
    return Mapping(held, exact=False)


def _children(machine: Machine, owner: Module | Instance, name: str) -> Value:
    found: dict[str, Value]
    exact = True
    if name in ("modules", "named_modules"):
        found = dict(module_names.tree(owner))
    elif isinstance(owner, Module):
        found, exact = owner.children, owner.exact
    else:
        kept = (Module, Instance, Unknown)
        found = {key: value for key, value in module_names.held(owner).items() if isinstance(value, kept)}
        exact = all(not isinstance(value, Unknown) for value in found.values())
    if name == "keys":
        return Sequence([Const(key) for key in found], exact=exact)
    if name in _NAMED or name in ("items", "named_children"):
        named = [(module_names.as_value(machine, key), value) for key, value in found.items()]
        return Sequence([Sequence([key, value], "tuple") for key, value in named], exact=exact)
    return Sequence(list(found.values()), exact=exact)
