"""A trace as short stable text: one event a line, with its row, its turn of the enclosing loops, and what it was.

Rows are those of the analysed file (`file:row` in other files of a project). A node is written as
`op@row`, with `*` if it keeps tensors. Behind a fact stands how sure it is: nothing for certain, `~` for likely, `?~`
for a guess, `?` for maybe.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mhlint.autograd.graph import Level, Node
from mhlint.autograd.trace import (
    Backward,
    Choice,
    Clip,
    Detach,
    Escape,
    Event,
    Hook,
    InPlaceFailure,
    Misuse,
    ReadGrad,
    Root,
    Runs,
    Step,
    Trace,
    Write,
    ZeroGrad,
)
from mhlint.autograd.values import (
    Const,
    Instance,
    Mapping,
    Optimizer,
    Sequence,
    Tensor,
    Unknown,
    Value,
)
from mhlint.syntax.program import Program, Site

SURE = {Level.CERTAIN: "", Level.LIKELY: "~", Level.GUESS: "?~", Level.MAYBE: "?", Level.NO: "-"}


def print_runs(runs: Runs) -> str:
    """All roots with all their paths, in the order in which they were run."""
    return "\n".join(line for root in runs.roots for line in root_lines(root, runs.program))


def root_lines(root: Root, program: Program) -> Iterable[str]:
    for trace in root.traces:
        chosen = " ".join(choice_text(choice) for choice in trace.choices)
        yield f"{root.name}{' if ' + chosen if chosen else ''}:"
        for event in trace.events:
            text = event_text(event, program, trace)
            if text:
                yield f"  {row_of(event.site, program)}{turn_text(event)} {text}"
        yield f"  {trace.ended}"
    if not root.complete:
        yield "  incomplete"


def choice_text(choice: Choice) -> str:
    return f"[{'' if choice.taken else 'not '}{choice.text}]"


def row_of(site: Site, program: Program) -> str:
    """The row of a site, with the file's name if it is not the analysed one."""
    if site.program is program:
        return str(site.row)
    return f"{Path(site.program.source.path).name}:{site.row}"


def turn_text(event: Event) -> str:
    turns = ".".join(str(turn) for _, turn in event.turn)
    return f"[{turns}]" if turns else ""


def event_text(event: Event, program: Program, trace: Trace) -> str:
    """What an event was; "" for events that only note that something was passed by."""
    match event:
        case Backward():
            return backward_text(event, program, trace)
        case Step():
            owner = "step" if event.optimizer is not None else "step of an unseen optimizer"
            return f"{owner}: {names(event.changed.items())}"
        case ZeroGrad():
            return f"clear: {names((t, Level.CERTAIN) for t in event.tensors)}{'' if event.exact else ' ...'}"
        case ReadGrad():
            missing = f", None{SURE[event.level]}" if event.level > Level.NO else ""
            return f"read .grad of {tensor_name(event.tensor)}{missing}"
        case Clip():
            return f"change .grad of {names((t, Level.CERTAIN) for t in event.tensors)}"
        case Write():
            change = event.change
            seen = "" if change.seen else ", uncounted"
            return f"write {tensor_name(event.tensor)}: {change.what}{SURE[change.level]}{seen}"
        case Detach():
            return f"detach {tensor_name(event.tensor)}"
        case InPlaceFailure():
            return f"in place: {event.text}"
        case Escape():
            return f"escape by {event.how}"
        case Hook():
            return "hook"
        case Misuse():
            return f"misuse: {event.kind} {event.name}{SURE[event.level]}"
    return ""


def backward_text(event: Backward, program: Program, trace: Trace) -> str:
    """How the engine was called, which nodes it visits, whether it retains, and why it fails."""
    parts = [event.api]
    if event.inputs is not None:
        parts.append("to " + ", ".join(tensor_name(tensor) for tensor in event.inputs))
    parts.append(nodes_text(event, program))
    leaves = [(leaf, level) for leaf, level in event.walk.leaves.items() if level > Level.MAYBE]
    if leaves:
        parts.append("-> " + names(leaves))
    if event.creates_graph:
        parts.append("create")
    elif event.retains is not False:
        parts.append("retain" if event.retains else "retain?")
    if event.sends is not None:
        parts.append(f"sends .grad of {tensor_name(event.sends)}")
    if event.silent_changes:
        parts.append("silently changed: " + ", ".join(sorted({saved.label for _, saved, _, _ in event.silent_changes})))
    if event.failure is not None:
        parts.append(failure_text(event, program, trace))
    return " ".join(part for part in parts if part)


def nodes_text(event: Backward, program: Program) -> str:
    counted: dict[str, int] = {}
    for node in event.walk.in_engine_order():
        text = node_text(node, event.walk.nodes[node], program)
        counted[text] = counted.get(text, 0) + 1
    return " ".join(f"{text}x{count}" if count > 1 else text for text, count in counted.items())


def node_text(node: Node, reach: Level, program: Program) -> str:
    keeps = {Level.CERTAIN: "*", Level.NO: ""}.get(node.keeps, "*" + SURE[node.keeps])
    region = f"<{node.region}>" if node.region else ""
    return f"{node.op}{region}@{row_of(node.site, program)}{keeps}{SURE[reach] and '|' + SURE[reach]}"


def failure_text(event: Backward, program: Program, trace: Trace) -> str:
    failure = event.failure
    assert failure is not None
    text = f"=> {failure.kind}{SURE[failure.level]}"
    if failure.earlier is not None:
        text += f" by {row_of(failure.earlier.site, program)}{turn_text(failure.earlier)}"
    if failure.node is not None:
        text += f" at {failure.node.op}@{row_of(failure.node.site, program)}"
    if failure.saved is not None and failure.change is not None:
        text += f": {failure.saved.label} by {failure.change.what}"
    return text + (", caught" if event.caught else "")


def names(found: Iterable[tuple[Tensor, Level]]) -> str:
    """Tensors by name and place, equal ones counted."""
    counted: dict[str, int] = {}
    for tensor, level in found:
        text = tensor_name(tensor) + SURE[level]
        counted[text] = counted.get(text, 0) + 1
    return ", ".join(sorted(f"{text}x{count}" if count > 1 else text for text, count in counted.items())) or "nothing"


def tensor_name(tensor: Tensor) -> str:
    """A leaf's own name, else the operation that made a tensor; its row where it was not made in the first line."""
    base = tensor.name or (tensor.node.op if tensor.node is not None else "leaf")
    row = tensor.site.row if tensor.site is not None else 1
    return base if row == 1 else f"{base}@{row}"


def print_state(variables: dict[str, Value], wanted: Iterable[str]) -> str:
    """The values of some variables, one a line."""
    return "\n".join(f"{name}: {value_text(variables[name])}" for name in wanted if name in variables)


def value_text(value: Value, depth: int = 2) -> str:
    """A value in a few words."""
    match value:
        case Const():
            return repr(value.value)
        case Tensor():
            return tensor_text(value)
        case Sequence() | Mapping() if depth == 0:
            return "..."
        case Sequence():
            inner = ", ".join(value_text(item, depth - 1) for item in value.items)
            return f"{value.kind}({inner}{'' if value.exact else ', ...'})"
        case Mapping():
            pairs = (f"{key!r}: {value_text(item, depth - 1)}" for key, item in value.items.items())
            return f"dict({', '.join(pairs)}{'' if value.exact else ', ...'})"
        case Instance():
            return f"object of {value.cls.definition.name}"
        case Optimizer():
            return f"{value.name} over {names((t, Level.CERTAIN) for t in value.parameters)}"
        case Unknown():
            return f"unknown {value.label}".strip() + (" from tensors" if value.deps else "")
    return type(value).__name__.lower()


def tensor_text(tensor: Tensor) -> str:
    if tensor.node is not None:
        freed = f", freed{SURE[tensor.node.freed_level]}" if tensor.node.freed_level else ""
        return f"{tensor.node.op} node{SURE[tensor.node.sure]}{freed}"
    kind = {True: "leaf", False: "data", None: "data or leaf"}[tensor.requires_grad]
    return kind + (f" with .grad{SURE[tensor.gradient.level]}" if tensor.gradient.level else "")
