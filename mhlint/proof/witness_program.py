"""A finding's witness: the program that raises as the user's does, or that shows the walks made for nothing."""

from __future__ import annotations

from dataclasses import dataclass

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Event, Runs, Trace
from mhlint.findings import Confidence, Finding
from mhlint.proof.witness_body import Manner, write_body
from mhlint.proof.witness_excerpt import Excerpt
from mhlint.proof.witness_focus import raising, walking
from mhlint.proof.witness_names import Labels, Stock
from mhlint.proof.witness_pair import Pair, pair_program
from mhlint.proof.witness_traces import NoWitness, shown
from mhlint.rules.reinjection import earlier_send

PREDICTED = {
    "freed": ("Trying to backward through the graph a second time",),
    "version": ("has been modified by an inplace operation", "has been modified inplace"),
    "no-gradient": ("grad can be implicitly created only for scalar outputs",),
    "non-scalar": ("grad can be implicitly created only for scalar outputs",),
    "no-graph": ("does not require grad",),
}
"""The texts of PyTorch's errors, by why a walk raises."""

SHOWN_CODES = ("MHL101", "MHL102", "MHL103", "MHL104", "MHL201", "MHL203", "MHL302")
"""The codes that have a witness."""


@dataclass(frozen=True)
class Witness:
    """A program, the texts one of which its error must hold (none: it must end well), and its exit code."""

    text: str
    errors: tuple[str, ...]
    exit_code: int = 0


def write_witness(runs: Runs, finding: Finding, device: str = "cpu") -> Witness:
    """The witness of a finding; raises NoWitness with the reason where there is none."""
    if finding.code not in SHOWN_CODES:
        raise NoWitness(f"no witness for {finding.code}")
    found = shown(runs, finding)
    if not found:
        raise NoWitness(f"no path shows {finding.code} at line {finding.place.start.row}")
    trace, event = found[0].trace, found[0].event
    assert isinstance(event, Backward)
    if finding.code == "MHL302" and event.failure is None:
        sent = [one.event for one in found if one.trace is trace and isinstance(one.event, Backward)]
        event = max(sent, key=lambda one: one.index)
    if event.failure is not None:
        return _raising(trace, event, finding)
    return _walking(trace, event, finding, device)


def _title(finding: Finding) -> list[str]:
    path = finding.place.filename.rpartition("/")[2]
    return [f"# {finding.code} at {path}:{finding.place.start.row}:", f"# {finding.message}."]


def _raising(trace: Trace, event: Backward, finding: Finding) -> Witness:
    assert event.failure is not None
    errors = PREDICTED.get(event.failure.kind)
    if errors is None:
        raise NoWitness(f"no witness for a walk that raises because of {event.failure.kind!r}")
    if event.failure.kind == "no-graph":
        return _without_graph(event, finding, errors)
    stock, labels = Stock(), Labels()
    body = write_body(raising(trace, event), stock, labels, Manner())
    if not body.lines or ("backward" not in body.lines[-1] and "autograd" not in body.lines[-1]):
        raise NoWitness(f"the walk of line {event.site.row} could not be written down")
    made = [f"{name} = {text}" + (f"  # {stock.comments[name]}" if stock.comments[name] else "")
            for name, text in stock.made.items()]  # fmt: skip
    head = [*_title(finding), "import torch", "from torch import nn"]
    head += ["import torch.nn.functional as F"] if any("F." in line.partition("  # ")[0] for line in body.lines) else []
    last = [f"# The next line raises: {errors[0]}", body.lines[-1]]
    lines = [*head, "", "torch.manual_seed(0)", *made, "", *body.lines[:-1], *last]
    return Witness("\n".join(lines) + "\n", errors, 1)


def _without_graph(event: Backward, finding: Finding, errors: tuple[str, ...]) -> Witness:
    """A walk of a tensor that has no graph, or towards one: all that led to it left no node to write down."""
    tensor = event.failure.tensor if event.failure is not None else None
    what = f"  # {tensor.site.program.text(tensor.site.node)}, which requires no grad" if tensor and tensor.site else ""
    lines = [*_title(finding), "import torch", "", f"loss = torch.zeros(()){what}"]
    walk = "loss.backward()"
    if event.api == "autograd.grad" and tensor not in event.roots:
        lines += ["w = torch.ones((), requires_grad=True)"]
        walk = "torch.autograd.grad(w * 2, loss)"
    elif event.api == "autograd.grad":
        walk = "torch.autograd.grad(loss, torch.ones((), requires_grad=True))"
    lines += [f"# The next line raises: {errors[0]}", walk]
    return Witness("\n".join(lines) + "\n", errors, 1)


def _walking(trace: Trace, event: Backward, finding: Finding, device: str) -> Witness:
    certain = finding.confidence is Confidence.CERTAIN
    excerpt = walking(trace, event, Level.LIKELY if certain else Level.GUESS)
    stock, labels = Stock(), Labels()
    changed, says = _other_manner(trace, event, excerpt, finding)
    before = write_body(excerpt, stock, labels, Manner(looks=True))
    after = write_body(excerpt, stock, labels, changed)
    if not before.lines:
        raise NoWitness(f"the walk of line {event.site.row} could not be written down")
    title = [*_title(finding), f"# `after` is {says}."]
    text = pair_program(Pair(title, stock, before, after), device)
    return Witness(text, (), 1 if finding.code == "MHL302" else 0)


def _other_manner(trace: Trace, event: Backward, excerpt: Excerpt, finding: Finding) -> tuple[Manner, str]:
    if finding.code == "MHL203":
        freeing = frozenset(one.index for one in trace.of(Backward) if one.site.node is event.site.node)
        return Manner(looks=True, freeing=freeing), "the same without its retain_graph"
    if finding.code == "MHL302":
        earlier: set[int] = set()
        last: Event | None = event
        while isinstance(last, Backward) and (last := earlier_send(trace, last)) is not None:
            earlier.add(last.index)
        return Manner(looks=True, left_out=frozenset(earlier)), "the same with the gradient sent once"
    return Manner(looks=True, summed=True), "one walk of the summed losses"
