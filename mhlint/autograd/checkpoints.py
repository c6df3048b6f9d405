"""`torch.utils.checkpoint`: what runs in it keeps its inputs alone, and is run again by its walk."""

from __future__ import annotations

from mhlint.autograd import tensors
from mhlint.autograd.graph import Level
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.iteration import elements
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_forward import mark_region
from mhlint.autograd.values import TRUE, Const, Tensor, Value, tensors_in
from mhlint.syntax.program import Site


def without_versions(machine: Machine, function: Value, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """A call that runs on copies, or that its walk runs again on what there is then: no versions are compared."""
    before, machine.copies_saved = machine.copies_saved, True
    try:
        return machine.call(machine, function, args, keywords, site)
    finally:
        machine.copies_saved = before


def _checkpoint(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if not args:
        return machine.unknown("checkpoint")
    rest = {k: v for k, v in keywords.items() if k not in ("use_reentrant", "preserve_rng_state", "context_fn")}
    since = machine.next_serial()
    result = without_versions(machine, args[0], args[1:], rest, site)
    where = tensors.site_of(machine, site)
    given = [tensor for tensor in (tensors.as_tensor(machine, arg, site) for arg in args[1:]) if tensor is not None]
    if keywords.get("use_reentrant") == TRUE:
        _reentrant(machine, result, given, since, where)
    else:
        mark_region(machine, result, "checkpoint", where, since)
    # Its inputs are all that it keeps.
    for node in dict.fromkeys(tensor.node for tensor in tensors_in(result) if tensor.node is not None):
        if node.sequence > since and node.keeps:
            node.copies = False
            for tensor in given:
                tensors.keep(node, tensor, tensor.name or "input", node.keeps)
    return result


def _reentrant(machine: Machine, result: Value, given: list[Tensor], since: int, where: Site) -> None:
    mark_region(machine, result, "reentrant checkpoint", where)
    graphs = [tensor.graph() for tensor in given]
    entering = max((graph[1] for graph in graphs if graph is not None), default=Level.NO)
    for tensor in tensors_in(result):
        if tensor.node is not None:
            tensor.node.inside = since
            # Without an input that requires grad its result has no graph, whatever the parameters (FACTS F65).
            tensor.node.sure = min(tensor.node.sure, entering)
            if entering is Level.NO:
                tensor.node, tensor.requires_grad = None, False


def _checkpoint_sequential(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`checkpoint_sequential(functions, segments, input)`: all segments but the last one are checkpointed."""
    if len(args) < 3:
        return machine.unknown("checkpoint_sequential")
    functions, exact = elements(machine, args[0], site)
    count, value = args[1], args[2]
    # The last segment has what is left over; how long it is may not be known.
    plain = len(functions) - 1
    if exact and isinstance(count, Const) and isinstance(count.value, int) and 0 < count.value <= len(functions):
        plain = len(functions) // count.value * (count.value - 1)
    for place, function in enumerate(functions):
        call = machine.call if place >= plain else without_versions
        value = call(machine, function, [value], {}, site)
    return value


CALLS: dict[str, Handler] = {
    "torch.utils.checkpoint.checkpoint": _checkpoint,
    "torch.utils.checkpoint.checkpoint_sequential": _checkpoint_sequential,
}
