"""Running modules forward: torch's own by their table, those that cannot be seen by what they take."""

from __future__ import annotations

from collections.abc import Iterable

from mhlint.autograd import operations, shapes, tensors
from mhlint.autograd.graph import Level, Node
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_making import WRAPPERS
from mhlint.autograd.module_parameters import known_parameters, stand_in
from mhlint.autograd.operations import Arguments
from mhlint.autograd.packed_sequences import is_packed, packed
from mhlint.autograd.table import as_level, literal
from mhlint.autograd.trace import ModuleCall
from mhlint.autograd.values import (
    FALSE,
    ORIGIN,
    Const,
    Key,
    Mapping,
    Module,
    Sequence,
    Tensor,
    Unknown,
    Value,
    key_of,
    tensors_in,
)
from mhlint.syntax.program import Site

_COPYING_PARTS = frozenset({"GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"})
"""Layers that first copy what is part of a larger memory."""
_CONVOLUTIONS = frozenset({"Conv1d", "Conv2d", "Conv3d"})


def run_module(
    machine: Machine, module: Module, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    """`module(x)` for one of torch's own modules."""
    where = tensors.site_of(machine, site)
    if module.kind == "Sequential":
        value: Value = args[0] if args else machine.unknown("input")
        for child in module.children.values():
            if isinstance(child, Module) and not child.attributes:
                value = run_module(machine, child, [value], {}, site)
            else:
                value = machine.call(machine, child, [value], {}, site)
        return value
    if module.kind in WRAPPERS:
        return _in_region(machine, module, args, keywords, where)
    machine.spend()
    row = operations.module(module.kind)
    given: list[Tensor] = []
    for arg in (*args, *keywords.values()):
        tensor = tensors.as_tensor(machine, arg, site) if isinstance(arg, Unknown) else None
        given.extend([tensor] if tensor is not None else tensors_in(arg))
    if row is None:
        result = tensors.make(machine, module.kind, [*given, *module.parameters.values()], Level.LIKELY, site)
        result.unseen_call = True
        machine.randomness += 1
        return result
    constructor = module.constructor
    if not isinstance(constructor, Arguments):
        constructor = Arguments((), {name: literal(value) for name, value in module.settings.items()})
        module.constructor = constructor
    keeps = as_level(operations.saves(row, constructor, module.training))
    if module.kind == "Linear" and not module.computed and "weight" in module.parameters:
        # The gradient of the bias is that of the output: for it alone nothing is kept.
        keeps = min(keeps, max(_grad_level(given), _grad_level([module.parameters["weight"]])))
    keeps = min(keeps, Level.MAYBE) if _keeps_for_others(row, module, given) else keeps
    if row.random and keeps:
        machine.randomness += 1
    if given and (module.kind == "Identity" or operations.is_input(row, constructor, module.training)):
        return given[0]
    if given and operations.gives(row, "inplace", constructor):
        # Whether dropout drops may not be known (FACTS F10).
        level = keeps if row.random else Level.CERTAIN
        result = tensors.in_place(machine, given[0], module.kind, given[1:], keeps, where, level=level)
    else:
        result = tensors.make(machine, module.kind, [*given, *module.parameters.values()], keeps, site)
    _keep_needed(row, module, result, given, keeps)
    if operations.gives(row, "scalar", constructor):
        result.elements = 1
    elif constructor.keywords.get("reduction") == "none" or module.kind.startswith("Conv"):
        result.elements = 3
        if module.kind in _CONVOLUTIONS and given:
            shape = shapes.convolved(given[0], module.settings.get("out_channels"), int(module.kind[4]))
            shapes.set_shape(result, shape)
        elif module.kind in shapes.ELEMENTWISE_LOSSES and len(given) > 1:
            shapes.broadcast(given[0], given[1], result)
    elif module.kind in ("LSTM", "LSTMCell", "GRU", "RNN", "MultiheadAttention"):
        outputs = _outputs(module.kind, result)
        if args and is_packed(args[0]):
            outputs.items[0] = packed(machine, result, site)
        return outputs
    elif operations.gives(row, "multi", constructor):
        return Sequence([result, tensors.alias(result)], "tuple", exact=False)
    elif module.kind == "Linear":
        width = module.settings.get("out_features")
        known = width.value if isinstance(width, Const) and isinstance(width.value, int) else None
        rows = given[0].shape[:-1] if given and given[0].shape else None
        shapes.set_shape(result, (None, known) if rows is None else (*rows, known))
    elif module.kind == "Embedding":
        width = module.settings.get("embedding_dim")
        known = width.value if isinstance(width, Const) and isinstance(width.value, int) else None
        shapes.set_shape(result, (*((given[0].shape if given else None) or (None,)), known))
    elif module.kind in shapes.SAME_LAYERS and given:
        result.elements = given[0].elements
        shapes.set_shape(result, given[0].shape)
    return result


def _outputs(kind: str, result: Tensor) -> Sequence:
    """What recurrent layers and attention return: outputs of one node (FACTS F25)."""
    other = tensors.alias(result)
    if kind == "LSTMCell":
        return Sequence([result, other], "tuple")
    if kind == "LSTM":
        return Sequence([result, Sequence([other, tensors.alias(result)], "tuple")], "tuple")
    return Sequence([result, other], "tuple")


def _keeps_for_others(row: operations.Operation, module: Module, given: list[Tensor]) -> bool:
    """Is all that a layer is known to keep kept for inputs and weights that require no grad: does its bias alone?"""
    places = {place for need in row.needs for place in need.if_grad}
    if not places or not all(need.if_grad for need in row.needs) or not module.exact:
        return False
    weights = [tensor for name, tensor in module.parameters.items() if name in places]
    return bool(weights) and not _grad_level([*given, *weights]) and "parameters" not in places


def _keep_needed(row: operations.Operation, module: Module, result: Tensor, given: list[Tensor], keeps: Level) -> None:
    node = result.node
    if node is None:
        return
    levels = {"input": _grad_level(given), "parameters": _grad_level(list(module.parameters.values()))}
    levels.update({name: _grad_level([tensor]) for name, tensor in module.parameters.items()})
    recurs = _recurs(module, given) if module.kind in ("GRU", "RNN") else Level.CERTAIN
    for name in module.computed.keys() & module.parameters.keys():
        # It is made of others in each forward, which the making may keep, whatever the layer itself needs.
        level = min(levels[name], module.computed[name])
        tensors.keep(node, module.parameters[name], f"{module.kind}'s {name}", level)
    for need in row.needs:
        # What keeps nothing needs nothing: pooling to one number is a mean.
        level = min(keeps, Level.CERTAIN if need.certain else Level.MAYBE)
        if need.if_grad:
            level = min(level, max(levels.get(place, Level.MAYBE) for place in need.if_grad))
        if not level:
            continue
        if need.place == "result":
            tensors.keep(node, result, module.kind, max(level, _keeps_sequence(module)))
        elif need.place == "input" and given and operations.keeps_input(module.kind, result is given[0]):
            copied = module.kind in _COPYING_PARTS and given[0].storage.viewed
            tensors.keep(node, given[0], given[0].name or "input", min(level, Level.MAYBE) if copied else level)
        elif need.place == "hx":
            for state in given[1:]:
                tensors.keep(node, state, state.name or "state", level)
        elif need.place == "target" and len(given) > 1:
            tensors.keep(node, given[1], given[1].name or "target", level)
        else:
            for name, tensor in module.parameters.items():
                if name not in module.computed and _matches(name, _in_all_layers(module, need.place)):
                    sure = min(level, recurs) if name.startswith("weight_hh") else level
                    if sure:
                        tensors.keep(node, tensor, f"{module.kind}'s {name}", sure)


def _keeps_sequence(module: Module) -> Level:
    """Whether an LSTM keeps its output: oneDNN and cuDNN do, for one direction in 32 bits, the default."""
    settings = (module.settings.get("bidirectional", FALSE), module.settings.get("proj_size", Const(0)))
    plain = all(isinstance(value, Const) and not value.value for value in settings)
    return Level.LIKELY if module.kind == "LSTM" and plain else Level.NO


def _recurs(module: Module, given: list[Tensor]) -> Level:
    """How sure it is that `weight_hh` meets a hidden state with a graph: in each turn of a sequence but the first."""
    state = _grad_level(given[1:])
    shape = given[0].shape if given else None
    batch_first = module.settings.get("batch_first", FALSE)
    if not isinstance(batch_first, Const):
        return max(state, Level.LIKELY)
    if given and given[0].attributes.get(shapes.UNSQUEEZED) == Const(int(bool(batch_first.value))):
        return state
    if shape is None or len(shape) < 2:
        return max(state, Level.LIKELY)
    length = shape[-2] if batch_first.value else shape[0]
    return max(state, Level.LIKELY) if length is None else Level.CERTAIN if length > 1 else state


def _in_all_layers(module: Module, pattern: str) -> str:
    """The layers of a recurrent module are one parameter here: the first is in it, later ones if there are any."""
    layers = module.settings.get("num_layers", Const(1))
    if "_l[1-9]*" in pattern and (not isinstance(layers, Const) or layers.value == 1):
        return ""
    return pattern.replace("_l0*", "_l*").replace("_l[1-9]*", "_l*")


def _matches(name: str, pattern: str) -> bool:
    head, star, tail = pattern.partition("*")
    return name == pattern if not star else name.startswith(head) and name.endswith(tail)


def _grad_level(found: list[Tensor]) -> Level:
    return max((graph[1] for graph in (tensor.graph() for tensor in found) if graph is not None), default=Level.NO)


def _in_region(machine: Machine, module: Module, args: list[Value], keywords: dict[str, Value], site: Site) -> Value:
    inner = module.settings["module"]
    since = machine.next_serial()
    result = machine.call(machine, inner, args, keywords, site)
    if module.kind != "DataParallel":
        mark_region(machine, result, module.kind, site, since)
    return result


def compiles(settings: dict[str, Value]) -> bool:
    """Does `torch.compile` with these settings make one node of what it compiles? Not where it leaves it to eager."""
    return settings.get("backend") != Const("eager") and settings.get("disable", FALSE) == FALSE


def mark_region(machine: Machine, result: Value, region: str, site: Site, since: int = 0) -> None:
    """Note on the nodes a wrapped forward returned (with `since`, on all made since then) the wrapper's name.

    A compiled region is one node that keeps, whatever is in it (FACTS F68); so is a reentrant checkpoint (F65).
    """
    found = [tensor for tensor in tensors_in(result) if tensor.node is not None]
    if region in ("torch.compile", "reentrant checkpoint") and found:
        whole = tensors.node_for(machine, region, found, Level.LIKELY, site)
        for tensor in found:
            tensor.node = whole
    todo = [tensor.node for tensor in found if tensor.node is not None]
    while todo:
        node = todo.pop()
        if node.region != region and (node.sequence > since or not since):
            node.region = region
            if since:
                todo += [target for target, _ in node.inputs if isinstance(target, Node)]


def run_unseen(
    machine: Machine,
    callee: Unknown,
    args: list[Value],
    keywords: dict[str, Value],
    site: Site | None,
    level: Level,
) -> Value:
    """A call of a module that cannot be seen: its output has a graph, on its inputs and on its parameters."""
    own = stand_in(machine, callee)
    machine.randomness += 1
    given: list[Tensor] = []
    for arg in (*args, *keywords.values()):
        # What may be one of several tensors hangs on each of them perhaps; what an unseen call gave may have a graph.
        hangs = isinstance(arg, Unknown) and (arg.deps or ORIGIN in arg.attributes)
        one = tensors.as_tensor(machine, arg, site) if hangs else None
        given.extend(tensors_in(arg) if one is None else [one])
    result = tensors.make(machine, callee.label or "module", [*given, own], level, site, edges=level)
    result.unseen_call = True
    if result.node is not None:
        result.node.whole = True
        tensors.keep(result.node, own, own.name, level)
    return result


def note_call(
    machine: Machine,
    module: Value,
    args: list[Value],
    output: Value,
    site: Site,
    randomness: int,
    level: Level,
) -> None:
    """Write down that a module ran forward."""
    own = known_parameters(machine, module)
    inputs, others = _what_is_given(args)
    machine.emit(
        ModuleCall, site, module=module, inputs=inputs, others=others, output=output, grad_enabled=machine.grad_enabled,
        parameters=tuple(own), versions=tuple(len(t.storage.changes) + len(t.storage.unseen) for t in own),
        trains=tuple(tensor.requires_grad for tensor in own),
        random=machine.randomness != randomness, level=level, training=getattr(module, "training", None),
    )  # fmt: skip


def _what_is_given(args: Iterable[Value]) -> tuple[tuple[tuple[Tensor, int], ...], tuple[Key, ...]]:
    """The tensors among what a module is given, with their versions, and what else there is: a name, a number."""
    inputs: list[tuple[Tensor, int]] = []
    others: list[Key] = []
    for arg in args:
        if isinstance(arg, (Sequence, Mapping)):
            items = arg.items if isinstance(arg, Sequence) else list(arg.items.values())
            tensors_given, rest = _what_is_given(items)
            inputs += tensors_given
            others += rest
            continue
        used = arg.attributes.get("<tensor>") if isinstance(arg, Unknown) else None
        given = [used] if isinstance(used, Tensor) else tensors_in(arg)
        inputs += [(tensor, len(tensor.storage.changes) + len(tensor.storage.unseen)) for tensor in given]
        if not given and isinstance(arg, (Const, Unknown)):
            others.append(key_of(arg))
    return tuple(inputs), tuple(others)
