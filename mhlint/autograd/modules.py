"""Modules: making torch's own, listing parameters, running them forward, freezing them."""

from __future__ import annotations

from mhlint.autograd import operations, shapes, tensors
from mhlint.autograd.attributes import is_module, looks_like_module
from mhlint.autograd.graph import Level, Node
from mhlint.autograd.iteration import elements
from mhlint.autograd.machine import Machine
from mhlint.autograd.operations import Arguments
from mhlint.autograd.table import as_level, literal
from mhlint.autograd.trace import Hook, Misuse, ModuleCall
from mhlint.autograd.values import (
    FALSE,
    Const,
    Instance,
    Mapping,
    Module,
    Sequence,
    Tensor,
    Unknown,
    Value,
    tensors_in,
)
from mhlint.syntax.program import Site

_CONSTRUCTORS = {
    "Linear": "in_features, out_features, bias=True", "Embedding": "num_embeddings, embedding_dim",
    "Bilinear": "in1_features, in2_features, out_features, bias=True",
}  # fmt: skip
CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"})
WRAPPERS = frozenset({"DataParallel", "DistributedDataParallel", "FullyShardedDataParallel", "AveragedModel"})
_NO_GRADIENT_METHODS = frozenset(
    (
        "act predict generate sample step select_action get_action state_dict size reset eval train "
        "choose_action no_grad update_target decode tokenize encode_plus inference config get_value evaluate "
        "infer detach log save load print item numpy"
    ).split()
)


def _takes_data_for_settings(args: list[Value], settings: dict[str, Value]) -> bool:
    """Is a tensor among the positional arguments that no setting wants? Some loss classes take weights of classes."""
    given = [arg for arg in args if isinstance(arg, Tensor) and not arg.unseen_call]
    weights = [value for name, value in settings.items() if name in ("weight", "pos_weight")]
    return any(not any(tensor is weight for weight in weights) for tensor in given) or len(given) > len(weights) > 0


def make_module(machine: Machine, kind: str, args: list[Value], keywords: dict[str, Value], site: Site | None) -> Value:
    """An instance of torch's own module class `kind`."""
    where = tensors.site_of(machine, site)
    if kind in CONTAINERS:
        return _container(machine, kind, args, keywords)
    if kind in WRAPPERS:
        inner = args[0] if args else keywords.get("module", machine.unknown("module"))
        return Module(kind, settings={"module": inner, **keywords}, children={"module": inner}, region=kind)
    row = operations.module(kind)
    signature = _CONSTRUCTORS.get(kind) or (row.init if row is not None else "")
    bound = operations.bind(signature, Arguments(tuple(args), keywords)) if signature else {}
    bound = {**keywords, **bound}
    settings = {name: value if isinstance(value, Value) else Const(value) for name, value in bound.items()}
    if _takes_data_for_settings(args, settings):
        machine.emit(Misuse, where, kind="module-called-as-function", name=kind, values=tuple(args))
    module = Module(kind, settings=settings, exact=row is not None)
    for name in _parameter_names(row, module.settings):
        module.parameters[name] = parameter(machine, site, name)
    return module


def parameter(machine: Machine, site: Site | None, name: str) -> Tensor:
    """A parameter of a module: a leaf that requires grad."""
    made = tensors.leaf(machine, site, requires_grad=True, name=name)
    made.parameter = True
    return made


def _parameter_names(row: operations.Operation | None, settings: dict[str, Value]) -> list[str]:
    if row is None:
        return ["parameters"]
    names = list(row.parameters)
    if settings.get("bias") == FALSE:
        names = [name for name in names if "bias" not in name]
    if FALSE in (settings.get("affine"), settings.get("elementwise_affine")):
        names = [name for name in names if name not in ("weight", "bias")]
    return names


def _container(machine: Machine, kind: str, args: list[Value], keywords: dict[str, Value]) -> Module:
    module = Module(kind)
    source: Value | None = args[0] if args else keywords.get("modules")
    if kind == "Sequential" and not (len(args) == 1 and isinstance(source, Mapping)):
        for value in args:
            # A starred list of unknown length arrives as its items; see `calls.arguments`.
            module.children[str(len(module.children))] = value
        module.exact = not any(isinstance(value, Unknown) for value in args)
        return module
    if isinstance(source, Mapping):
        module.children = {str(key): value for key, value in source.items.items()}
        module.exact = source.exact
    elif source is not None:
        found, module.exact = elements(machine, source, machine.current)
        if kind == "ModuleDict":
            pairs = [item.items for item in found if isinstance(item, Sequence) and len(item.items) == 2]
            module.children = {str(getattr(k, "value", i)): v for i, (k, v) in enumerate(pairs)}
        else:
            module.children = {str(i): value for i, value in enumerate(found)}
    if not args and not keywords:
        module.exact = True
    return module


def acts_as_module(value: Value) -> Level:
    """How sure a value is to be a module."""
    if isinstance(value, Module) or is_module(value):
        return Level.CERTAIN
    if isinstance(value, Instance):
        return Level.LIKELY if looks_like_module(value.cls) else Level.NO
    if not isinstance(value, Unknown):
        return Level.NO
    if value.module:
        return value.module
    owner = value.attributes.get("<owner>")
    name = value.attributes.get("<name>")
    if isinstance(owner, (Unknown, Instance)) and isinstance(name, Const):
        if name.value == "module":
            return acts_as_module(owner)
        if name.value.lower() not in _NO_GRADIENT_METHODS and not name.value.startswith(("get_", "is_", "set_", "_")):
            return min(acts_as_module(owner), Level.LIKELY)
        return Level.NO
    return Level.LIKELY if "<of module>" in value.attributes and _sounds_like_layer(value.label) else Level.NO


def _sounds_like_layer(label: str) -> bool:
    name = label.rpartition(".")[2].lower()
    return name not in _NO_GRADIENT_METHODS and not name.startswith(("get_", "is_", "set_", "log", "num_", "_"))


def parameters_of(machine: Machine, value: Value, seen: set[int] | None = None) -> tuple[list[Tensor], bool]:
    """The parameters of a module, each once, and whether these are surely all."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return [], True
    seen.add(id(value))
    if isinstance(value, Tensor):
        return ([value], True) if value.parameter else ([], True)
    if isinstance(value, Module):
        exact, found = value.exact, list(value.parameters.values())
        for table in (value.children, value.attributes):
            for child in table.values():
                more, sure = parameters_of(machine, child, seen)
                found, exact = found + more, exact and sure
        return _unique(found), exact
    if isinstance(value, Instance):
        exact, found = looks_like_module(value.cls) and not value.cls.has_unseen_base(), []
        # A module lists its own parameters before those of its children.
        for child in sorted(value.attributes.values(), key=lambda child: not isinstance(child, Tensor)):
            if isinstance(child, (Tensor, Module, Instance)) or (isinstance(child, Unknown) and child.module):
                more, sure = parameters_of(machine, child, seen)
                found, exact = found + more, exact and sure
            elif isinstance(child, Unknown) and "<of module>" in child.attributes:
                if "<tensor>" not in child.attributes and _sounds_like_layer(child.label):
                    found.append(stand_in(machine, child))
                exact = False
        return _unique(found), exact
    if isinstance(value, Unknown):
        owner = value.attributes.get("<owner>")
        if isinstance(owner, Unknown) and value.attributes.get("<name>") == Const("module"):
            return parameters_of(machine, owner, seen)
        found = [stand_in(machine, value)]
        for child in list(value.attributes.values()):
            if isinstance(child, Unknown) and child is not owner and child.parameter is not None:
                found.append(child.parameter)
        return found, False
    return [], False


def stand_in(machine: Machine, value: Unknown) -> Tensor:
    """The one tensor that stands for all parameters of an unseen module."""
    if value.parameter is None:
        value.parameter = parameter(machine, machine.current, f"{value.label or 'module'}'s parameters")
        owner = value.attributes.get("<owner>")
        if isinstance(owner, Unknown) and owner.parameter is not None:
            # What belongs to a frozen model is frozen with it.
            value.parameter.requires_grad = owner.parameter.requires_grad
    return value.parameter


def _unique(found: list[Tensor]) -> list[Tensor]:
    return list(dict.fromkeys(found))


def freeze(machine: Machine, module: Value, flag: bool | None) -> None:
    """`module.requires_grad_(flag)` on every parameter."""
    machine.effects += 1
    if machine.current is not None:
        # A parameter whose flag is off when a walk reaches it gets no gradient from that walk (FACTS F59).
        machine.emit(Hook, machine.current, target=module, flag=True)
    for tensor in parameters_of(machine, module)[0]:
        tensor.requires_grad = flag


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
    if row.random and keeps:
        machine.randomness += 1
    if given and operations.gives(row, "inplace", constructor):
        # Dropout that drops nothing changes nothing; whether it drops may not be known (FACTS F10).
        level = keeps if row.random else Level.CERTAIN
        if level is Level.NO:
            return given[0]
        result = tensors.in_place(machine, given[0], module.kind, given[1:], keeps, where, level=level)
    else:
        result = tensors.make(machine, module.kind, [*given, *module.parameters.values()], keeps, site)
    _keep_needed(row, module, result, given)
    if operations.gives(row, "scalar", constructor):
        result.elements = 1
    elif constructor.keywords.get("reduction") == "none" or module.kind.startswith("Conv"):
        result.elements = 3
    elif module.kind in ("LSTM", "LSTMCell", "GRU", "RNN", "MultiheadAttention"):
        return _outputs(module.kind, result)
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


def _outputs(kind: str, result: Tensor) -> Value:
    """What recurrent layers and attention return: outputs of one node (FACTS F25)."""
    other = tensors.alias(result)
    if kind == "LSTMCell":
        return Sequence([result, other], "tuple")
    if kind == "LSTM":
        return Sequence([result, Sequence([other, tensors.alias(result)], "tuple")], "tuple")
    return Sequence([result, other], "tuple")


def _keep_needed(row: operations.Operation, module: Module, result: Tensor, given: list[Tensor]) -> None:
    node = result.node
    if node is None:
        return
    levels = {"input": _grad_level(given), "parameters": _grad_level(list(module.parameters.values()))}
    levels.update({name: _grad_level([tensor]) for name, tensor in module.parameters.items()})
    for need in row.needs:
        level = Level.CERTAIN if need.certain else Level.MAYBE
        if need.if_grad:
            level = min(level, max(levels.get(place, Level.MAYBE) for place in need.if_grad))
        if not level:
            continue
        if need.place == "result":
            tensors.keep(node, result, module.kind, level)
        elif need.place == "input" and given and operations.keeps_input(module.kind, result is given[0]):
            tensors.keep(node, given[0], given[0].name or "input", level)
        elif need.place == "target" and len(given) > 1:
            tensors.keep(node, given[1], given[1].name or "target", level)
        else:
            for name, tensor in module.parameters.items():
                if _matches(name, need.place):
                    tensors.keep(node, tensor, f"{module.kind}'s {name}", level)


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
        # What may be one of several tensors hangs on each of them perhaps.
        one = tensors.as_tensor(machine, arg, site) if isinstance(arg, Unknown) and arg.deps else None
        given.extend(tensors_in(arg) if one is None else [one])
    result = tensors.make(machine, callee.label or "module", [*given, own], level, site, edges=level)
    result.unseen_call = True
    if result.node is not None:
        tensors.keep(result.node, own, own.name, level)
    return result


def _known_parameters(machine: Machine, module: Value) -> list[Tensor]:
    """The parameters of a module, listed anew only after some module's structure changed."""
    known = machine.listed.get(module)
    if known is not None and known[0] == machine.structure:
        return known[1]
    own, _ = parameters_of(machine, module)
    machine.listed[module] = (machine.structure, own)
    return own


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
    own = _known_parameters(machine, module)
    inputs = tuple(
        (tensor, len(tensor.storage.changes) + len(tensor.storage.unseen)) for arg in args for tensor in tensors_in(arg)
    )
    machine.emit(
        ModuleCall, site, module=module, inputs=inputs, output=output, grad_enabled=machine.grad_enabled,
        parameters=tuple(own), versions=tuple(len(t.storage.changes) + len(t.storage.unseen) for t in own),
        random=machine.randomness != randomness, level=level, training=getattr(module, "training", None),
    )  # fmt: skip
