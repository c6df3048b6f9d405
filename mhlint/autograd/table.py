"""One of torch's operations applied to values, as the measured table says."""

from __future__ import annotations

from mhlint.autograd import operations, shapes, tensors
from mhlint.autograd.contractions import keeps_operands
from mhlint.autograd.graph import Level, Node
from mhlint.autograd.machine import Machine
from mhlint.autograd.operations import Arguments, Operation, Saves
from mhlint.autograd.values import (
    PLAIN,
    TRUE,
    Const,
    Library,
    Sequence,
    Slice,
    Tensor,
    Unknown,
    Value,
    is_none,
    tensors_in,
)
from mhlint.syntax.program import Site

_WITH_INDICES = frozenset(["max", "min", "topk", "sort", "median", "mode", "kthvalue", "cummax", "cummin"])

# Views whose rows do not lie in memory as their shape says: making them contiguous copies.
_REORDERING = frozenset(
    "permute transpose t swapaxes swapdims movedim moveaxis expand expand_as broadcast_to unfold diagonal mT T".split()
)
_REORDERED = "<reordered>"
_OTHER_TYPES = frozenset(
    f"torch.{name}" for name in ("float64", "double", "float16", "half", "bfloat16", "complex64", "complex128")
)
_SIZES = frozenset({"size", "shape", "dim", "numel", "ndimension", "nelement"})
_JOINING = frozenset(
    f"torch.{name}" for name in ("stack", "cat", "concat", "concatenate", "hstack", "vstack", "dstack")
)
_SIZED = frozenset({"randn", "rand", "zeros", "ones", "empty"})


def literal(value: object) -> object:
    """A value as the table's conditions want it: a Python literal, TENSOR or UNKNOWN."""
    if isinstance(value, Const):
        return value.value
    if isinstance(value, Tensor):
        return operations.UNKNOWN if value.unseen_call else operations.TENSOR
    if isinstance(value, Sequence):
        if not value.exact:
            return operations.UNKNOWN
        items = [literal(item) for item in value.items]
        return tuple(items) if value.kind == "tuple" else items
    if isinstance(value, Slice):
        parts = [literal(part) for part in (value.lower, value.upper, value.step)]
        return operations.UNKNOWN if operations.UNKNOWN in parts else slice(*parts)
    return operations.UNKNOWN if isinstance(value, Value) else value


def _literals(args: list[Value], keywords: dict[str, Value]) -> Arguments:
    return Arguments(tuple(literal(arg) for arg in args), {name: literal(value) for name, value in keywords.items()})


def as_level(verdict: bool | None) -> Level:
    """A table's yes, no or unknown as a level of keeping."""
    return Level.MAYBE if verdict is None else Level.CERTAIN if verdict else Level.NO


def result_of(
    machine: Machine, row: Operation, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    """The result of the operation `row` on these arguments (a method's receiver comes first)."""
    if "out" in keywords:
        return _written_to(machine, row, args, dict(keywords), site)
    literals = _literals(args, keywords)
    if row.random:
        machine.randomness += 1
    if row.saves is Saves.CUTS:
        if operations.gives(row, "python", literals):
            if row.name.rpartition(".")[2] in _SIZES and site is not None:
                return _size(machine, row.name, literals, args, site)
            return machine.derived("python", (row.name, machine.next_serial()), row.name)
        result = tensors.leaf(machine, site)
        result.integral = row.name in (
            "argmax",
            "argmin",
            "long",
            "int",
            "bool",
            "eq",
            "ne",
            "lt",
            "gt",
            "le",
            "ge",
        )
        if row.name.rpartition(".")[2] in ("long", "int", "bool") and isinstance(args[0], Tensor):
            result.elements, result.shape = args[0].elements, args[0].shape
        return result
    if row.saves is Saves.CREATES:
        return _created(machine, row, args, keywords, site)
    if row.name in _JOINING and args and _is_empty(args[0]):
        # torch raises, so that a run that goes on had been given items by code that is not seen.
        return machine.unknown(row.name)
    given = [tensor for value in (*args, *keywords.values()) for tensor in _operands(machine, value, site)]
    if operations.is_input(row, literals) and args and isinstance(args[0], Tensor):
        return args[0]
    keeps = as_level(operations.saves(row, literals)) if row.saves is not Saves.UNDERIVABLE else Level.MAYBE
    keeps = min(keeps, _kept_for(row, args, keywords))
    before = None
    if operations.gives(row, "inplace", literals) and isinstance(args[0], Tensor):
        before = tensors.version_of(args[0])
        result = _in_place(machine, row, args[0], given[1:], keeps, site)
    else:
        if operations.gives(row, "alias", literals) and len(given) == 1:
            return _alias(machine, row, given[0], args[1:], keywords, site)
        result = tensors.make(machine, row.name, given, keeps, site)
        if operations.gives(row, "view", literals) and given:
            tensors.share_memory(result, given[0])
            if row.name.rpartition(".")[2] in _REORDERING or _REORDERED in given[0].attributes:
                result.attributes[_REORDERED] = Const(True)
    _keep_needed(machine, row, result, args, keywords, keeps, before)
    short = row.name.rpartition(".")[2]
    if operations.gives(row, "scalar", literals):
        result.elements = 1
    elif _unreduced(row, literals):
        result.elements = 3
        if short in shapes.ELEMENTWISE_LOSSES and len(given) > 1:
            shapes.broadcast(given[0], given[1], result)
    elif short in ("stack", "cat", "concat") and args and isinstance(args[0], Sequence) and len(args[0].items) > 1:
        result.elements = 2
    elif args and isinstance(args[0], Tensor):
        shapes.after(short, args[0], args, keywords, result)
    if operations.gives(row, "multi", literals):
        return _several(machine, row.name, result, args, keywords, site)
    return result


def _kept_for(row: Operation, args: list[Value], keywords: dict[str, Value]) -> Level:
    """How surely an operand needs a gradient for which anything is kept: `torch.addmm(bias, a, b)` keeps nothing for
    `bias`, whose gradient is that of the result."""
    if row.name == "torch.einsum" and args and isinstance(args[0], Tensor):
        # Operands and their sublists in turn, without an equation: one operand is only permuted and summed.
        return Level.CERTAIN if sum(isinstance(arg, Tensor) for arg in args) > 1 else Level.NO
    if "," not in row.args or not row.needs or not all(need.if_grad and need.certain for need in row.needs):
        return Level.CERTAIN
    bound = operations.bind(row.args, Arguments(tuple(args), dict(keywords)))
    asked = [bound.get(place) for need in row.needs for place in need.if_grad]
    if not all(isinstance(value, (Tensor, Const, Unknown)) for value in asked):
        return Level.CERTAIN
    return max(_grad_level(value) for value in asked)


def _written_to(
    machine: Machine, row: Operation, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    """`out=`: the result is written into a tensor that is there already; no graph can run through it."""
    out = keywords.pop("out")
    if is_none(out):
        return result_of(machine, row, args, keywords, site)
    with machine.gradients(False):
        result_of(machine, row, args, keywords, site)
    for tensor in tensors_in(out):
        tensors.write(machine, tensor, row.name, site)
    return out


def _is_empty(value: Value) -> bool:
    return isinstance(value, Sequence) and value.exact and not value.items


def _size(machine: Machine, name: str, literals: Arguments, args: list[Value], site: Site) -> Value:
    """A number of a tensor's shape: the same for one tensor wherever it is asked."""
    # Batches are taken to have one size: the same expression gives the same number in every turn.
    made = machine.derived("size", (name, site.row, str(getattr(site.node, "col_offset", 0))), name)
    made.attributes[PLAIN] = TRUE
    if not isinstance(args[0], Tensor) or operations.UNKNOWN in (*literals.positional[1:], *literals.keywords.values()):
        return made
    one = _is_one(args[0], literals) if name == "size" else False
    asked = f"<{name}{literals.positional[1:]}{sorted(literals.keywords)}>"
    return Const(1) if one else args[0].attributes.setdefault(asked, made)


def _is_one(tensor: Tensor, literals: Arguments) -> bool:
    """Is the size that is asked for surely 1: of what was made with such a shape?"""
    asked = literals.positional[1:]
    if tensor.node is not None or tensor.shape is None or len(asked) != 1 or not isinstance(asked[0], int):
        return False
    return -len(tensor.shape) <= asked[0] < len(tensor.shape) and tensor.shape[asked[0]] == 1


def _operands(machine: Machine, value: Value, site: Site | None) -> list[Tensor]:
    """The tensors in an argument; one that is not known may be made of others, and is none of them for certain."""
    if isinstance(value, Sequence):
        return [tensor for item in value.items for tensor in _operands(machine, item, site)]
    tensor = tensors.as_tensor(machine, value, site) if isinstance(value, Unknown) else None
    return [tensor] if tensor is not None else tensors_in(value)


def _unreduced(row: Operation, literals: Arguments) -> bool:
    """A loss with `reduction="none"`: one number a sample."""
    return literals.keywords.get("reduction") == "none" and any(word.startswith("scalar") for word in row.out)


def _several(
    machine: Machine,
    name: str,
    result: Tensor,
    args: list[Value],
    keywords: dict[str, Value],
    site: Site | None,
) -> Value:
    """The outputs of one node: (values, indices), or as many pieces as were asked for (FACTS F25)."""
    short = name.rpartition(".")[2]
    if short in _WITH_INDICES:
        return Sequence([result, tensors.leaf(machine, site)], "tuple", fields=("values", "indices"))
    count = keywords.get("chunks", args[1] if len(args) > 1 else None) if short in ("chunk", "unsafe_chunk") else None
    known = count.value if isinstance(count, Const) and isinstance(count.value, int) else None
    if short == "split":
        known = _pieces_of_split(args, keywords)
    if short == "unbind" and len(args) == 1 and not keywords and isinstance(args[0], Tensor) and args[0].shape:
        known = args[0].shape[0]
    known = known if known is not None and 1 <= known <= 16 else None
    pieces = known or 3
    return Sequence([result, *(tensors.alias(result) for _ in range(pieces - 1))], "tuple", exact=known is not None)


def _pieces_of_split(args: list[Value], keywords: dict[str, Value]) -> int | None:
    """How many pieces `split` makes: as many as sizes are listed, or as fit into a length that is known."""
    given = dict(zip(("tensor", "split_size", "dim"), args, strict=False)) | keywords
    tensor, size = given.get("tensor"), given.get("split_size", given.get("split_size_or_sections"))
    if isinstance(size, Sequence):
        return len(size.items) if size.exact else None
    dim = given.get("dim", Const(0))
    if not (isinstance(tensor, Tensor) and tensor.shape and isinstance(size, Const) and isinstance(dim, Const)):
        return None
    whole_numbers = isinstance(size.value, int) and isinstance(dim.value, int) and size.value > 0
    if not whole_numbers or not -len(tensor.shape) <= dim.value < len(tensor.shape):
        return None
    length = tensor.shape[dim.value]
    return None if length is None else -(-length // size.value)


def _in_place(
    machine: Machine, row: Operation, receiver: Tensor, others: list[Tensor], keeps: Level, site: Site | None
) -> Tensor:
    # Dropout that drops nothing writes nothing; `normal_()` writes in any case.
    level = keeps if row.random and row.saves is Saves.DEPENDS else Level.CERTAIN
    if level is Level.NO:
        return receiver
    return tensors.in_place(machine, receiver, row.name, others, keeps, site, level=level)


def _alias(
    machine: Machine, row: Operation, tensor: Tensor, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Tensor:
    """`.to()`, `.float()`, `.contiguous()`: the tensor itself, or a copy by a node that keeps nothing."""
    if tensor.node is None and tensor.requires_grad is not False and not tensor.parameter:
        result = tensors.make(machine, row.name, [tensor], Level.NO, site, edges=Level.MAYBE)
        result.elements = tensor.elements
        if tensor.requires_grad and result.node is not None and machine.grad_enabled:
            # Whether it is the leaf itself or not, it requires grad.
            result.requires_grad = True
        return result
    if machine.grad_enabled is False and tensor.node is not None:
        # Without gradients the tensor itself keeps its graph, and a copy or a view has none.
        with machine.gradients(None):
            return tensors.make(machine, row.name, [tensor], Level.NO, site, edges=Level.MAYBE)
    if _may_copy(row.name.rpartition(".")[2], tensor, [*args, *keywords.values()]):
        return tensors.copy_of(tensor)
    return tensor


def _may_copy(name: str, tensor: Tensor, rest: list[Value]) -> bool:
    """Whether what is written into the result need not reach the tensor: another type, or another order in memory."""
    if tensor.unseen_call or tensor.parameter:
        return False
    if name in ("to", "type"):
        return any(isinstance(value, Library) and value.name in _OTHER_TYPES for value in rest)
    if name in ("contiguous", "reshape", "flatten", "ravel", "reshape_as"):
        return _REORDERED in tensor.attributes
    return name in ("double", "half", "bfloat16", "type_as", "sum_to_size", "to_dense")


def _keep_needed(
    machine: Machine,
    row: Operation,
    result: Tensor,
    args: list[Value],
    keywords: dict[str, Value],
    keeps: Level,
    before: tensors.Version | None,
) -> None:
    """Let the node keep what the table says; `before`: the memory that is changed in place, as it was till then."""
    node = result.node
    if node is None:
        return
    changed = row.args.partition(",")[0].strip()
    if row.name.rpartition(".")[2] == "einsum" and args and isinstance(args[0], Const):
        _keep_operands(node, args)
        return
    bound = operations.bind(row.args, Arguments(tuple(args), dict(keywords)))
    literals = _literals(args, keywords)
    for need in row.needs:
        sure = operations.surely_needs(row, need, literals) or (row.name.endswith("matmul") and not _folds(args))
        # What keeps nothing needs nothing: pooling to one number is a mean.
        level = min(keeps, Level.CERTAIN if sure else Level.MAYBE)
        if need.if_grad:
            level = min(level, max((_grad_level(bound.get(place)) for place in need.if_grad), default=Level.NO))
        wanted = result if need.place == "result" else bound.get(need.place)
        if row.name.endswith(("group_norm", "instance_norm")) and isinstance(wanted, Tensor) and wanted.storage.viewed:
            # Part of a larger memory is copied first.
            level = min(level, Level.MAYBE)
        in_place = wanted is result and need.place == changed
        if level and isinstance(wanted, Tensor) and operations.keeps_input(row.name, in_place):
            # An operand in the memory that is changed was kept before that: `h.mul_(h)`, `h.div_(h.detach())`.
            operand = need.place not in ("result", changed)
            tensors.keep(node, wanted, wanted.name or need.place, level, before if operand else None)


def _keep_operands(node: Node, args: list[Value]) -> None:
    """What an `einsum` of two tensors keeps: each of them for the gradient of the other."""
    equation = args[0].value if isinstance(args[0], Const) else None
    given = args[1].items if len(args) == 2 and isinstance(args[1], Sequence) else args[1:]
    levels = keeps_operands(equation) if isinstance(equation, str) else []
    if len(given) != 2 or len(levels) != 2:
        return
    for kept, other, sure in zip(given, reversed(given), levels, strict=True):
        level = min(sure, _grad_level(other))
        if level and isinstance(kept, Tensor):
            tensors.keep(node, kept, kept.name or "operand", level)


def _folds(args: list[Value]) -> bool:
    """May a product of tensors copy its second operand? It does so to fold the batch of one of three dimensions."""
    shape = args[1].shape if len(args) > 1 and isinstance(args[1], Tensor) else None
    return shape is not None and len(shape) > 2


def _grad_level(value: object) -> Level:
    graphs = [tensor.graph() for tensor in tensors_in(value)] if isinstance(value, Value) else []
    return max((graph[1] for graph in graphs if graph is not None), default=Level.NO)


def _created(
    machine: Machine, row: Operation, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Tensor:
    flag = keywords.get("requires_grad")
    wants = False if flag is None else bool(flag.value) if isinstance(flag, Const) else None
    result = tensors.leaf(machine, site, requires_grad=wants)
    short = row.name.rpartition(".")[2]
    if short in _SIZED:
        shapes.set_shape(result, shapes.literal_shape(args))
    elif short == "randint":
        size = keywords.get("size", args[-1] if args else None)
        shapes.set_shape(result, shapes.literal_shape([size]) if isinstance(size, Sequence) else None)
    elif short in ("arange", "randperm", "linspace", "logspace"):
        shapes.set_shape(result, shapes.length(short, args))
    if wants and any(t.node is None and t.requires_grad is False for t in tensors_in(args[0] if args else None)):
        result.silenced_at = tensors.site_of(machine, site)
    return result
