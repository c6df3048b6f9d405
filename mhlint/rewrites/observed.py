"""What could tell the old step from the new one: hooks, unseen calls, changed weights, handlers, early exits."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mhlint.autograd.graph import Storage
from mhlint.autograd.operations import method
from mhlint.autograd.trace import Backward, Hook, ModuleCall, ReadGrad, Unseen, Write
from mhlint.autograd.values import Tensor, Unknown
from mhlint.findings import Place
from mhlint.rewrites.around_step import events_during
from mhlint.rewrites.beside_the_run import beside_the_run
from mhlint.rewrites.caught import is_caught
from mhlint.rewrites.groups import Group, Step
from mhlint.rewrites.layout import CannotEdit, Layout, Scope
from mhlint.rewrites.names import own
from mhlint.rewrites.run_by_walks import run_by_walks
from mhlint.rewrites.scene import where
from mhlint.rewrites.walk_calls import is_free_of_effects, retain_flag
from mhlint.rewrites.wrapped import is_distributed
from mhlint.rules.walking import needs_apart

_NO_GRAD = ("no_grad", "inference_mode", "set_grad_enabled")
_MODES = frozenset({"train", "eval", "requires_grad_"})


def require_one_way(layout: Layout, step: Step) -> None:
    """Raises CannotEdit where control can leave between the walks, or gradients are off where they end."""
    for statement in step.statements:
        # What a definition holds does not run where it stands.
        for node in own(statement) if not isinstance(statement, Scope) else ():
            if isinstance(node, (ast.Return, ast.Raise, ast.Yield, ast.YieldFrom, ast.Await)):
                raise CannotEdit(f"`{type(node).__name__.lower()}` stands between the walks")
            if isinstance(node, (ast.Break, ast.Continue)) and _leaves(layout, step, node):
                raise CannotEdit("the loop can be left between the walks")
            if isinstance(node, (ast.For, ast.AsyncFor, ast.While)) and node.orelse:
                raise CannotEdit("a loop has an `else`")
            # Whatever has these methods may be an optimizer, also where the run knows nothing of it.
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _STEPPING:
                if _between(layout, step, node):
                    raise CannotEdit(f"`{layout.text(node)}` stands between the walks")
            if isinstance(node, ast.Try) and any(call in set(ast.walk(node)) for call in step.calls):
                raise CannotEdit("a walk stands in a `try`")
    asked: list[str] = []
    inner: ast.AST = step.statements[0]
    for item in layout.around(inner):
        if isinstance(item, ast.If) and any(inner is statement for statement in item.body):
            asked.append(ast.unparse(item.test))
        if isinstance(item, (ast.With, ast.AsyncWith)):
            words = [ast.unparse(entry) for entry in item.items if not _is_asked(entry.context_expr, asked, item)]
            if any(word in text for text in words for word in _NO_GRAD):
                raise CannotEdit("gradients may be off here")
        inner = item
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if any(word in ast.unparse(entry) for entry in item.decorator_list for word in _NO_GRAD):
                raise CannotEdit("gradients may be off here")


_STEPPING = frozenset({"step", "zero_grad"})


def _between(layout: Layout, step: Step, node: ast.AST) -> bool:
    """Does a part of the step come behind one walk and before another, in its text or in the next turn of its loop?"""
    own_nodes = {part for statement in step.statements for part in ast.walk(statement)}
    if any(isinstance(item, (ast.For, ast.AsyncFor, ast.While)) and item in own_nodes for item in layout.around(node)):
        return True
    places = [(call.lineno, call.col_offset) for call in step.calls]
    here = node.lineno, node.col_offset  # type: ignore[attr-defined]
    return min(places) < here < max(places)


def _is_asked(entry: ast.expr, asked: list[str], block: ast.With | ast.AsyncWith) -> bool:
    """Is it `set_grad_enabled(flag)`, of a flag that an `if` around the walks asks again, unchanged since?"""
    if not isinstance(entry, ast.Call) or not ast.unparse(entry.func).endswith("set_grad_enabled"):
        return False
    given = [*entry.args, *(keyword.value for keyword in entry.keywords)]
    if len(given) != 1 or ast.unparse(given[0]) not in asked:
        return False
    names = {node.id for node in ast.walk(given[0]) if isinstance(node, ast.Name)}
    plain = not any(isinstance(node, (ast.Call, ast.Subscript, ast.Attribute)) for node in ast.walk(given[0]))
    stored = {node.id for node in ast.walk(block) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return plain and not names & stored


def _leaves(layout: Layout, step: Step, node: ast.AST) -> bool:
    for item in layout.around(node):
        if isinstance(item, (ast.For, ast.AsyncFor, ast.While)):
            return False
        if any(item is statement for statement in step.statements):
            return True
    return True


def doubts(layout: Layout, step: Step, copied: frozenset[Place] = frozenset(), summed: bool = True) -> list[str]:
    """Why the rewrite of a step is not known to be the same, in words; empty where it is.

    The writes at the `copied` places are none of the reasons: the rewrite lets them change a copy. Where the losses are
    `summed`, the heads are walked in another order.
    """
    found: list[str] = []
    for group in step.groups:
        found += _in_group(step, group, copied)
        found += run_by_walks(group, summed)
    if any(is_caught(site) for group in step.groups for site in (group.walks[0].site, *group.walks[0].stack)):
        found.append("an error in between is caught, and half a step may go on")
    for call in step.calls:
        flag = retain_flag(call)
        if flag is not None and not is_free_of_effects(flag):
            found.append(f"`{ast.unparse(flag)[:50]}` may do more than say whether to retain")
    found += _lazily_made(step)
    found += beside_the_run(layout, step)
    for statement in step.statements:
        for node in own(statement):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in _MODES
            ):
                found.append(f"`{ast.unparse(node)[:50]}` stands between the walks")
    return list(dict.fromkeys(found))


def _lazily_made(step: Step) -> Iterator[str]:
    """An unseen call that a loop goes through may be a generator, whose code runs between the walks."""
    sources = {
        where(part): ast.unparse(part)
        for statement in step.statements
        for node in own(statement)
        if isinstance(node, (ast.For, ast.AsyncFor))
        for part in ast.walk(node.iter)
        if isinstance(part, ast.Call)
    }
    for group in step.groups:
        for event in group.trace.of(Unseen):
            if where(event.site.node) in sources and not is_data_method(event.label):
                yield f"`{sources[where(event.site.node)][:50]}` may be a generator that runs between the walks"


def _in_group(step: Step, group: Group, copied: frozenset[Place]) -> Iterator[str]:
    first, last = group.walks[0], group.walks[-1]
    nodes = {node for walk in group.walks for node in walk.walk.nodes}
    kept = {saved.storage for node in nodes for saved in node.saved}
    for event in group.trace.events[: last.index]:
        if isinstance(event, Hook) and not event.flag:
            yield "a hook sees each gradient that passes it"
        if isinstance(event, Write) and event.site.place in copied and _reaches_back(event, group):
            yield f"a tensor that a walk needs is changed in between ({event.site.program.source.line(event.site.row)})"
    if any(leaf.hooked for walk in group.walks for leaf in walk.walk.leaves):
        yield "a hook sees each gradient that passes it"
    during = events_during(step, group)
    for event in during[1:]:
        if isinstance(event, ModuleCall) and isinstance(event.module, Unknown) and "." in event.module.label:
            # It may be a layer that an unseen module holds, or a method that does more than a forward.
            yield f"`{event.module.label}` is called between the walks and could read gradients"
        elif isinstance(event, Unseen) and not is_data_method(event.label):
            yield f"`{event.label}` is called between the walks and could read gradients"
        elif isinstance(event, Write) and memory(event.tensor) & kept and _matters(event, group):
            if event.site.place in copied:
                continue
            yield f"a tensor that a walk needs is changed in between ({event.site.program.source.line(event.site.row)})"
        elif isinstance(event, ReadGrad) and _may_see(event, group):
            yield f"a gradient is read in between ({event.site.program.source.line(event.site.row)})"
        elif isinstance(event, Backward) and event not in group.walks and event.creates_graph:
            yield "a gradient of a gradient is taken in between"
    if during and needs_apart(group.trace, first, _Past(during[-1].index + 1)):  # type: ignore[arg-type]
        yield "a gradient is read, clipped, cleared or used in between"
    for node in nodes:
        if is_distributed(node):
            yield "a distributed module then shares the gradients of all the losses with its replicas"


def is_data_method(label: str) -> bool:
    """Methods that tensors and containers have: `x.to(device)`, `batch.get("y")`."""
    owner, _, name = label.rpartition(".")
    if name in _CONTAINER_METHODS:
        return bool(owner)
    return bool(owner) and method(name) is not None and not name.endswith("_") and name not in _ON_GRADIENTS


_ON_GRADIENTS = frozenset({"backward", "register_hook", "retain_grad", "grad", "data"})


_CONTAINER_METHODS = frozenset(
    [
        "to",
        "cuda",
        "cpu",
        "size",
        "dim",
        "numel",
        "type",
        "float",
        "long",
        "int",
        "half",
        "double",
        "keys",
        "values",
        "items",
        "get",
        "append",
        "extend",
        "copy",
        "index",
        "join",
        "split",
        "strip",
        "lower",
        "upper",
        "startswith",
        "endswith",
        "ndimension",
        "is_floating_point",
    ]
)


def _may_see(event: ReadGrad, group: Group) -> bool:
    """Is it the gradient of something that one of the walks so far has filled, as far as is known?"""
    tensor = event.tensor
    if tensor.node is None and tensor.requires_grad is None:
        return True
    made = [walk.walk for walk in group.walks if walk.index < event.index]
    return any(tensor in walk.leaves or tensor.node in walk.nodes for walk in made)


def memory(tensor: Tensor) -> set[Storage]:
    """The storages that a write to a tensor changes: its own, and that of the tensor whose `.data` it is."""
    behind = tensor.attributes.get("<memory>")
    return {tensor.storage} | ({behind.storage} if isinstance(behind, Tensor) else set())


class _Past:
    """Stands for the place behind an event."""

    def __init__(self, index: int) -> None:
        self.index = index


def _reaches_back(event: Write, group: Group) -> bool:
    """Is something changed that a later walk kept before? It would find the boundary as it was, and not the copy."""
    later = [walk for walk in group.walks if walk.index > event.index]
    kept = (node for walk in later for node in walk.walk.nodes if node.sequence < event.serial)
    return any(saved.storage in memory(event.tensor) for node in kept for saved in node.saved)


def _matters(event: Write, group: Group) -> bool:
    """A write before any walk is the forward's own affair."""
    made = [walk for walk in group.walks if walk.index < event.index]
    storages = {saved.storage for walk in made for node in walk.walk.nodes for saved in node.saved}
    return bool(memory(event.tensor) & storages)
