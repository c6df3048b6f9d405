"""`DataLoader` and samplers: what a batch holds if its items carry a graph, and how many batches there are."""

from __future__ import annotations

import ast

from mhlint.autograd import tensors
from mhlint.autograd.graph import Level
from mhlint.autograd.iteration import known_range
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_evidence import acts_as_module
from mhlint.autograd.values import (
    FALSE,
    TRUE,
    Const,
    Instance,
    Key,
    Mapping,
    Object,
    Range,
    Sequence,
    Tensor,
    Unknown,
    Value,
    is_none,
    tensors_in,
)
from mhlint.syntax.program import Site

_TURNS = 3
_ASKS = frozenset({"requires_grad", "requires_grad_", "Parameter", "Variable"})


def make_loader(machine: Machine, args: list[Value], keywords: dict[str, Value], site: Site | None) -> Value:
    """A loader; one whose items are plain data is as good as unknown."""
    dataset = args[0] if args else keywords.get("dataset")
    count = _count_of_batches(machine, dataset, args, keywords, site)
    length: dict[str, Value] = {} if count is None else {"length": Const(count)}
    if isinstance(dataset, Object) and dataset.kind == "tensor dataset":
        return Object("loader", {"dataset": dataset, **length})
    if not isinstance(dataset, Instance) or not _carries_graph(dataset):
        loader = machine.unknown("loader")
        loader.data = dataset is not None and "collate_fn" not in keywords and _is_plain(dataset)
        loader.length = count
        return loader
    drawn = bool({"sampler", "batch_sampler"} & keywords.keys()) or len(args) > 3
    settings: dict[str, Value] = {"dataset": dataset, "drawn": TRUE if drawn else FALSE, **length}
    if "collate_fn" in keywords and not is_none(keywords["collate_fn"]):
        settings["collate_fn"] = keywords["collate_fn"]
    return Object("loader", settings)


def make_tensor_dataset(machine: Machine, args: list[Value], keywords: dict[str, Value], site: Site | None) -> Value:
    """`TensorDataset(*tensors)`."""
    if not any(isinstance(arg, Tensor) and arg.node is not None for arg in args):
        made = machine.unknown("dataset")
        made.data = all(isinstance(arg, Tensor) and arg.graph() is None for arg in args)
        made.length = args[0].shape[0] if args and isinstance(args[0], Tensor) and args[0].shape else None
        return made
    return Object("tensor dataset", {"tensors": Sequence(list(args), "tuple")})


def _count_of_batches(
    machine: Machine, dataset: Value | None, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> int | None:
    """How many batches a loader gives, where its data set's length and its settings are known."""
    given = dict(zip(("dataset", "batch_size", "shuffle", "sampler", "batch_sampler"), args, strict=False)) | keywords
    size, dropped = given.get("batch_size", Const(1)), given.get("drop_last", FALSE)
    drawn = [given[name] for name in ("sampler", "batch_sampler") if name in given and not is_none(given[name])]
    if drawn or dataset is None or len(args) > 5:
        return None
    return _in_batches(_length(machine, dataset, site), size, dropped)


def _in_batches(length: int | None, size: Value | None, dropped: Value | None) -> int | None:
    if length is None or not isinstance(size, Const) or not isinstance(size.value, int) or size.value < 1:
        return None
    if not isinstance(dropped, Const):
        return None
    return length // size.value if dropped.value else -(-length // size.value)


def _length(machine: Machine, dataset: Value, site: Site | None) -> int | None:
    if isinstance(dataset, Object):
        held = dataset.settings.get("tensors")
        first = held.items[0] if isinstance(held, Sequence) and held.items else None
        return first.shape[0] if isinstance(first, Tensor) and first.shape else None
    if isinstance(dataset, Sequence):
        return len(dataset.items) if dataset.exact else None
    if isinstance(dataset, Tensor):
        return dataset.shape[0] if dataset.shape else None
    if isinstance(dataset, Unknown):
        return dataset.length
    if isinstance(dataset, Range):
        numbers = known_range(dataset)
        return None if numbers is None else len(numbers)
    method = machine.member(machine, dataset, "__len__") if isinstance(dataset, Instance) else None
    said = machine.call(machine, method, [], {}, site) if method is not None else None
    return said.value if isinstance(said, Const) and isinstance(said.value, int) else None


def make_sampler(machine: Machine, args: list[Value], keywords: dict[str, Value], site: Site | None) -> Value:
    """`RandomSampler(source)` and its kin: each place once, unless a number of samples is asked for."""
    sampler = machine.unknown("sampler")
    if len(args) == 1 and not keywords.keys() & {"replacement", "num_samples"}:
        sampler.length = _length(machine, args[0], site)
    return sampler


def make_batch_sampler(machine: Machine, args: list[Value], keywords: dict[str, Value], site: Site | None) -> Value:
    """`BatchSampler(sampler, batch_size, drop_last)`."""
    given = dict(zip(("sampler", "batch_size", "drop_last"), args, strict=False)) | keywords
    found = machine.unknown("batch sampler")
    length = _length(machine, given["sampler"], site) if "sampler" in given else None
    found.length = _in_batches(length, given.get("batch_size"), given.get("drop_last"))
    return found


def _carries_graph(dataset: Instance) -> bool:
    values = dataset.attributes.values()
    return any(
        acts_as_module(value) >= Level.LIKELY or any(t.node is not None for t in tensors_in(value)) for value in values
    )


def _is_plain(dataset: Value) -> bool:
    """Does a data set surely give tensors that require no grad? Copies of them in a batch would keep the flag."""
    if isinstance(dataset, Instance):
        program, cls = dataset.cls.program, dataset.cls.definition
        asks = any(isinstance(node, ast.keyword) and node.arg == "requires_grad" for node in ast.walk(cls))
        held = [tensor for value in dataset.attributes.values() for tensor in tensors_in(value)]
        known = all(tensor.graph() is None for tensor in held)
        return known and not asks and not dataset.cls.has_unseen_base() and not _ASKS & program.names_in(cls)
    if isinstance(dataset, Unknown):
        return dataset.data
    found = tensors_in(dataset)
    return isinstance(dataset, Sequence) and bool(found) and all(tensor.graph() is None for tensor in found)


def batches(machine: Machine, loader: Object, site: Site | None) -> list[Value]:
    """The first batches of a loader."""
    dataset = loader.settings["dataset"]
    made: list[Value] = []
    for index in _indices(machine, loader):
        if isinstance(dataset, Object):
            item = dataset.settings["tensors"]
        else:
            assert isinstance(dataset, Instance)
            method = machine.member(machine, dataset, "__getitem__")
            if method is None:
                return [machine.unknown("batch") for _ in range(_TURNS)]
            item = machine.call(machine, method, [index], {}, site)
        collate = loader.settings.get("collate_fn")
        if collate is not None:
            made.append(machine.call(machine, collate, [Sequence([item, item], exact=False)], {}, site))
        else:
            made.append(_collated(machine, item, site))
    return made


def _indices(machine: Machine, loader: Object) -> list[Value]:
    """In which places the first items of batches are: each epoch has all of them, unless a sampler draws some."""
    if loader.settings.get("drawn") == TRUE:
        return [machine.unknown("index") for _ in range(_TURNS)]
    second, last = machine.unknown("later index"), machine.unknown("last index")
    second.at_least, second.position, last.position = 1, 1, -1
    return [Const(0), second, last]


def _collated(machine: Machine, item: Value, site: Site | None) -> Value:
    if isinstance(item, Tensor):
        return tensors.make(machine, "stack", [item], Level.NO, site)
    if isinstance(item, Sequence):
        return Sequence([_collated(machine, part, site) for part in item.items], item.kind, item.exact, item.fields)
    if isinstance(item, Mapping):
        parts: dict[Key, Value] = {key: _collated(machine, part, site) for key, part in item.items.items()}
        return Mapping(parts, item.exact)
    return machine.unknown("batch item", tuple(tensors_in(item)))
