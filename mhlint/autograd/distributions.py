"""`torch.distributions`: which computations a distribution shares between its methods."""

from __future__ import annotations

from mhlint.autograd import tensors
from mhlint.autograd.graph import Level
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import ORIGIN, Object, Tensor, Unknown, Value, tensors_in
from mhlint.syntax.program import Site

_NORMALISES = frozenset({"Categorical", "OneHotCategorical", "Multinomial", "OneHotCategoricalStraightThrough"})
_DIFFERENTIABLE = frozenset({"log_prob", "entropy", "rsample", "cdf", "icdf", "perplexity"})


def make_distribution(
    machine: Machine, kind: str, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value | None:
    """A distribution. A categorical one normalises its logits once: what it gives later shares that node."""
    name = kind.rpartition(".")[2]
    given = _given(machine, [*args, *keywords.values()], site)
    if name.startswith("kl"):
        return tensors.make(machine, name, given, Level.CERTAIN, site)
    if not name[:1].isupper():
        return None
    made = Object("distribution")
    if name in _NORMALISES and given:
        shared = tensors.make(machine, f"{name}'s normalisation", given, Level.CERTAIN, site)
        given = [shared]
    for index, tensor in enumerate(given):
        made.settings[str(index)] = tensor
    return made


def _given(machine: Machine, values: list[Value], site: Site | None) -> list[Tensor]:
    """The tensors in what a distribution is made of; what an unseen call gave may have a graph."""
    found: list[Tensor] = []
    for value in values:
        made = tensors.as_tensor(machine, value, site) if isinstance(value, Unknown) and _may_train(value) else None
        found += [*tensors_in(value), *_held(value)] if made is None else [made]
    return found


def _may_train(value: Unknown) -> bool:
    return ORIGIN in value.attributes or bool(value.deps)


def _held(value: Value) -> list[Tensor]:
    if isinstance(value, Object) and value.kind == "distribution":
        return [tensor for tensor in value.settings.values() if isinstance(tensor, Tensor)]
    return []


def call_distribution(
    machine: Machine,
    owner: Object,
    name: str,
    args: list[Value],
    keywords: dict[str, Value],
    site: Site | None,
) -> Value:
    """A method of a distribution."""
    if name not in _DIFFERENTIABLE:
        if name in ("sample", "sample_n"):
            machine.randomness += 1
            return tensors.leaf(machine, site)
        return machine.unknown(name, tuple(_held(owner)))
    if name == "rsample":
        machine.randomness += 1
    given = [*_held(owner), *_given(machine, [*args, *keywords.values()], site)]
    keeps = Level.CERTAIN if name in ("log_prob", "rsample") else Level.LIKELY
    return tensors.make(machine, name, given, keeps, site)
