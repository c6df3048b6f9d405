"""One sample of an operation: two walks, versions moved one at a time, memory shared, numbers drawn."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch.utils._pytree import tree_flatten, tree_map

Tensor = torch.Tensor
Grad = frozenset[str] | None  # the places that require grad; None: all that can
SAMPLES, CLOSELY, SECONDS = 24, 8, 8.0
VERBOSE = "--verbose" in sys.argv


class Trial(NamedTuple):
    """One forward: the tensors at each place of the call, those that can require grad, and the result."""

    places: dict[str, list[Tensor]]
    able: frozenset[str]
    result: Any


class Sample(NamedTuple):
    """What one sample showed; `needed` has the places needed for each place that alone requires grad."""

    outcome: str
    places: frozenset[str] = frozenset()
    needed: dict[str, frozenset[str]] | None = None
    needed_by_all: frozenset[str] = frozenset()
    form: frozenset[str] = frozenset()
    random: bool = False


Run = Callable[[Grad], Trial]


def tensors(tree: Any) -> list[Tensor]:
    """The tensors in a nest of containers."""
    return [leaf for leaf in tree_flatten(tree)[0] if isinstance(leaf, Tensor)]


def floating(tensor: Tensor) -> bool:
    """Whether a tensor of this dtype can require grad."""
    return tensor.is_floating_point() or tensor.is_complex()


def outputs(trial: Trial) -> list[Tensor]:
    """The results that require grad."""
    return [tensor for tensor in tensors(trial.result) if tensor.requires_grad]


def walk(roots: list[Tensor]) -> str:
    """Walk once: `fine`, `freed`, `version` or `underivable`; zero gradients suit every formula."""
    try:
        torch.autograd.backward(roots, [torch.zeros_like(root) for root in roots])
    except RuntimeError as error:
        text = str(error)
        for outcome, part in (
            ("freed", "second time"),
            ("freed", "been freed"),
            ("version", "modified by an inplace operation"),
            ("version", "has been modified inplace"),
            ("underivable", "not implemented"),
            ("underivable", "not differentiable"),
        ):
            if part in text:
                return outcome
        raise
    return "fine"


def verdict(run: Run) -> str:
    """`cuts`, `underivable`, `saves` or `keeps nothing`, from two walks over one forward."""
    trial = run(None)
    roots = outputs(trial)
    if not roots:
        return "cuts"
    first = walk(roots)
    if first == "underivable":
        return first
    if first != "fine":
        raise RuntimeError(f"the first walk is {first}")
    return {"fine": "keeps nothing", "freed": "saves"}[walk(roots)]


def needed(run: Run, grad: Grad) -> frozenset[str] | None:
    """The places whose version the walk checks when those of `grad` require grad; None if nothing does."""
    trial = run(grad)
    if not outputs(trial):
        return None
    found = set()
    for place in [*trial.places, "result"]:
        trial = run(grad)
        roots = outputs(trial)
        for tensor in roots if place == "result" else trial.places[place]:
            torch.autograd.graph.increment_version(tensor)
        if walk(roots) == "version":
            found.add(place)
    return frozenset(found)


def form(trial: Trial) -> frozenset[str]:
    """What the result is: `python`, `multi`, `shares` or `copies`, `requires_grad` aside."""
    results = tensors(trial.result)
    if not results:
        return frozenset({"python"})
    words = {"multi"} if isinstance(trial.result, (tuple, list)) else set()
    inputs = list(itertools.chain.from_iterable(trial.places.values()))
    try:
        memory = {tensor.untyped_storage().data_ptr() for tensor in inputs}
        shares = all(tensor.untyped_storage().data_ptr() in memory for tensor in results)
    except (RuntimeError, NotImplementedError):  # sparse tensors have no storage
        shares = False
    return frozenset(words | {"shares" if shares else "copies"})


def is_random(run: Run) -> bool:
    """Whether two equal calls give different results."""
    first = tensors(run(None).result)
    again = tensors(run(None).result)
    dense = [(a, b) for a, b in zip(first, again, strict=True) if a.layout is torch.strided]
    return any(not torch.allclose(a, b, equal_nan=True) for a, b in dense)


def sample(run: Run, closely: bool) -> Sample:
    """Measure one sample; the places it needs, and randomness, only if `closely`."""
    torch.manual_seed(0)
    outcome = verdict(run)
    trial = run(None)
    if not closely:
        return Sample(outcome, form=form(trial))
    by_grad: dict[str, frozenset[str]] = {}
    by_all: frozenset[str] = frozenset()
    if outcome == "saves":
        by_all = needed(run, None) or frozenset()
        for place in sorted(trial.able):
            found = needed(run, frozenset({place}))
            if found is not None:
                by_grad[place] = found
    places = frozenset(trial.places) | {"result"}
    return Sample(outcome, places, by_grad, by_all, form(trial), is_random(run))


def fresh(tensor: Tensor, grad: bool) -> Tensor:
    """A copy that is no leaf if it requires grad, as an activation would be."""
    copy = tensor.detach().clone()
    return copy.requires_grad_().clone() if grad else copy


def tree_run(
    function: Any, arguments: dict[str, Any], call: Callable[..., Any], every: bool, inplace: bool
) -> Run:
    """A run over named arguments: fresh tensors, of which those that require grad in the sample may do so."""

    def run(grad: Grad) -> Trial:
        able, places, values = set(), {}, {}
        for place, value in arguments.items():

            def copy(leaf: Any, place: str = place) -> Any:
                if not isinstance(leaf, Tensor):
                    return leaf
                can = leaf.requires_grad or (every and floating(leaf))
                if can:
                    able.add(place)
                return fresh(leaf, can and (grad is None or place in grad))

            values[place] = tree_map(copy, value)
            if tensors(values[place]):
                places[place] = tensors(values[place])
        result = call(function, values)
        if inplace:
            places.pop(next(iter(values)), None)
        return Trial(places, frozenset(able), result)

    return run


def samples(runs: Iterator[Run]) -> list[Sample]:
    """Measure the runs, the first ones closely; one that cannot be called shows nothing."""
    started = time.monotonic()
    found: list[Sample] = []
    for run in runs:
        try:
            found.append(sample(run, closely=len(found) < CLOSELY))
        except Exception as error:
            if VERBOSE:
                print("   ", type(error).__name__, str(error).split("\n")[0][:100])
        if len(found) >= SAMPLES or time.monotonic() - started > SECONDS:
            break
    return found
