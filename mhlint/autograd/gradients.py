"""`.grad`: who has one, reading it, clearing it, adding to it."""

from __future__ import annotations

from collections.abc import Iterable

from mhlint.autograd import tensors
from mhlint.autograd.graph import Level
from mhlint.autograd.machine import Machine
from mhlint.autograd.trace import Backward, Clip, ReadGrad, ZeroGrad
from mhlint.autograd.values import Gradient, MissingGradient, Tensor, Value
from mhlint.syntax.program import Site

_LINEAR = frozenset(["Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "@", "Embedding"])

_CHOOSING = frozenset(
    "amax amin aminmax clamp clamp_max clamp_min clip cummax cummin dropout dropout1d dropout2d dropout3d fmax fmin"
    " gather index_fill index_select kthvalue masked_fill masked_select max maximum median min minimum mode msort"
    " nanmean nanmedian nansum nan_to_num quantile sort take take_along_dim topk where"
    " Dropout Dropout1d Dropout2d Dropout3d".split()
)
"""Operations whose gradient is a choice by a mask or an index, which have no graph."""
_PRODUCTS = frozenset("* mul multiply mm bmm mv dot vdot inner outer ger matmul einsum tensordot kron".split())
"""Operations that are linear in one operand where the others have no graph."""


def read(machine: Machine, tensor: Tensor, site: Site | None) -> Value:
    """The value of `tensor.grad`: None, a tensor that knows whose gradient it is, or unknown."""
    where = tensors.site_of(machine, site)
    graph = tensor.graph()
    non_leaf = tensor.node is not None and not tensor.retains_grad
    level = tensor.node.sure if non_leaf and tensor.node is not None else Level.NO
    if tensor.unseen_call:
        level = min(level, Level.LIKELY)
    machine.emit(ReadGrad, where, tensor=tensor, level=level)
    if level >= Level.LIKELY:
        return MissingGradient(None, tensor)
    if (graph is None or tensor.gradient.level is Level.NO) and tensor.site is not None and not non_leaf:
        if tensor.requires_grad is not None or tensor.gradient.walks:
            return MissingGradient(None, tensor)
    result = _result_of_walks(machine, tensor, where)
    result.grad_of, result.elements = tensor, tensor.elements
    return result


def _result_of_walks(machine: Machine, tensor: Tensor, site: Site) -> Tensor:
    """What the walks left: with `create_graph=True` a result that can be walked in its turn (FACTS F20)."""
    for index in reversed(tensor.gradient.walks):
        event = machine.trace.events[index]
        if isinstance(event, Backward) and event.creates_graph:
            return with_graph(machine, event, site)
    return tensors.leaf(machine, site)


def with_graph(machine: Machine, event: Backward, site: Site | None) -> Tensor:
    """A gradient with a graph of its own: it runs back to the tensors that the walked nodes had kept (FACTS F86)."""
    made = tensors.make(machine, "gradient", list(event.roots), Level.MAYBE, site, edges=Level.MAYBE)
    node = made.node
    if node is None:
        return made
    node.sure = max((root.node.sure for root in event.roots if root.node), default=Level.MAYBE)
    for walked, sure in event.walk.nodes.items():
        short = walked.op.rpartition(".")[2]
        linear = walked.op in _LINEAR or short in _CHOOSING or (short in _PRODUCTS and len(walked.inputs) == 1)
        if walked.saved and not linear and walked.keeps >= Level.LIKELY:
            node.inputs += [(target, min(sure, edge, Level.LIKELY)) for target, edge in walked.inputs]
            node.keeps = max(node.keeps, Level.LIKELY)
        if walked.whole:
            # What its layers kept of each other has the graph of the layers before.
            node.inputs.append((walked, min(sure, Level.GUESS)))
    if event.gradient is None and all(walked.keeps is Level.NO for walked in event.walk.nodes):
        # What keeps nothing is linear: the gradient of a mean or a sum is a constant, without a graph.
        node.sure = Level.NO
    return made


def clear(machine: Machine, cleared: Iterable[Tensor], site: Site | None, *, exact: bool, to_none: bool | None) -> None:
    """Clear gradients: to None (torch's default) or to zeros."""
    found = list(cleared)
    discarded = {tensor: tensor.gradient for tensor in found if tensor.gradient.walks}
    machine.emit(ZeroGrad, tensors.site_of(machine, site), tensors=tuple(found), discarded=discarded, exact=exact)
    for tensor in found:
        had = tensor.gradient.level
        if to_none:
            tensor.gradient = Gradient()
        else:
            tensor.gradient = Gradient([], had if to_none is False else min(had, Level.MAYBE), zeroed=True)


def clear_one(machine: Machine, tensor: Tensor, site: Site | None, *, to_none: bool) -> None:
    """Clear one gradient by hand. Of an unseen module's parameters it is one, whichever: none is surely cleared."""
    if tensor.stands_for_many:
        machine.emit(ZeroGrad, tensors.site_of(machine, site), tensors=(), discarded={}, exact=False)
        tensor.gradient = Gradient(tensor.gradient.walks, min(tensor.gradient.level, Level.MAYBE))
    else:
        clear(machine, [tensor], site, exact=True, to_none=to_none)


def accumulate(tensor: Tensor, walk_index: int, level: Level) -> None:
    """A walk added to the gradient of a leaf (or of a tensor that retains its gradient)."""
    old = tensor.gradient
    tensor.gradient = Gradient([*old.walks, walk_index], max(old.level, level))


def clip(machine: Machine, found: Iterable[Tensor], site: Site | None, *, given: bool = False) -> None:
    """Gradients were clipped, scaled or otherwise changed, or others were given in their place."""
    machine.emit(Clip, tensors.site_of(machine, site), tensors=tuple(found), given=given)
