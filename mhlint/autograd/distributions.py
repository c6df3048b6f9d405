"""`torch.distributions`: which computations a distribution shares between its methods."""

from __future__ import annotations

from mhlint.autograd import tensors
from mhlint.autograd.graph import Level
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import ORIGIN, Const, Mapping, Object, Sequence, Tensor, Unknown, Value, tensors_in
from mhlint.syntax.program import Site

_NORMALISES = frozenset({"Categorical", "OneHotCategorical", "Multinomial", "OneHotCategoricalStraightThrough"})
_DIFFERENTIABLE = frozenset(
    {"log_prob", "entropy", "rsample", "cdf", "icdf", "perplexity", "__call__", "inv", "log_abs_det_jacobian"}
)
_SHIFTED = frozenset({"Normal", "Laplace", "Gumbel", "Cauchy", "StudentT", "MultivariateNormal"})
"""Drawn as noise times a scale, plus a place: where only the place has a graph, the draw keeps nothing."""
_OF_PLACE = {"Normal": ("loc", "mean", "mode"), "Laplace": ("loc", "mean", "mode")}
_OF_SCALE = {"Normal": ("scale", "stddev"), "Laplace": ("scale",)}
_SAME = frozenset({"expand", "with_cache"})
_TENSORS = frozenset(
    "mean mode loc scale stddev variance probs logits rate concentration concentration0 concentration1 low high df "
    "temperature covariance_matrix precision_matrix scale_tril".split()
)
_DISTRIBUTIONS = frozenset({"base_dist", "component_distribution", "mixture_distribution"})
_FACTORED = ("covariance_matrix", "precision_matrix")
_DRAW = "<draw keeps>"


def make_distribution(
    machine: Machine, kind: str, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value | None:
    """A distribution. A categorical one normalises its logits once: what it gives later shares that node."""
    name = kind.rpartition(".")[2]
    args = [_shown(machine, value, site) for value in args]
    keywords = {key: _shown(machine, value, site) for key, value in keywords.items()}
    given = [tensor for value in (*args, *keywords.values()) for tensor in _held(value)]
    if name.startswith("kl"):
        return tensors.make(machine, name, given, Level.CERTAIN, site)
    if not name[:1].isupper():
        return None
    made = Object("distribution")
    if name in _NORMALISES and given:
        given = [tensors.make(machine, f"{name}'s normalisation", given, Level.CERTAIN, site)]
    if name == "MultivariateNormal":
        given = _factored(machine, args, keywords, site)
    if name in _SHIFTED:
        named = [keywords[key] for key in ("loc", "scale") if key in keywords]
        place, scale = [*args, *named, Const(0), Const(1)][:2]
        for value, names in ((place, _OF_PLACE.get(name, ())), (scale, _OF_SCALE.get(name, ()))):
            held = tensors_in(value)
            for attribute in names if len(held) < 2 else ():
                made.attributes[attribute] = held[0] if held else tensors.leaf(machine, site)
    base = args[0] if args else keywords.get("base_distribution")
    if name == "Independent" and isinstance(base, Object):
        made.attributes.update(base.attributes)
    made.settings[_DRAW] = Const(_draw_keeps(name, args, keywords))
    for index, tensor in enumerate(given):
        made.settings[str(index)] = tensor
    return made


def _shown(machine: Machine, value: Value, site: Site | None) -> Value:
    """What an unseen call gave may have a graph."""
    if not isinstance(value, Unknown) or not (ORIGIN in value.attributes or value.deps):
        return value
    made = tensors.as_tensor(machine, value, site)
    return value if made is None else made


def _factored(machine: Machine, args: list[Value], keywords: dict[str, Value], site: Site | None) -> list[Tensor]:
    """What a normal distribution of vectors holds: a covariance is factored once, all it gives shares the factor."""
    named = dict(zip(("loc", *_FACTORED, "scale_tril"), args, strict=False)) | keywords
    given = []
    for name, value in named.items():
        held = _held(value)
        given += [tensors.make(machine, "cholesky", held, Level.CERTAIN, site)] if name in _FACTORED and held else held
    return given


def _draw_keeps(name: str, args: list[Value], keywords: dict[str, Value]) -> Level:
    """How sure it is that a draw keeps tensors for its walk."""
    first = args[0] if args else keywords.get("base_distribution")
    if name == "Independent" and isinstance(first, Object):
        inner = first.settings.get(_DRAW)
        return inner.value if isinstance(inner, Const) else Level.MAYBE
    if name not in _SHIFTED:
        return Level.CERTAIN
    scales = [*args[1:], *(value for key, value in keywords.items() if key != "loc")]
    flags = [tensor.node is not None or tensor.requires_grad for value in scales for tensor in _held(value)]
    return Level.CERTAIN if True in flags else Level.MAYBE if None in flags else Level.NO


def _held(value: Value, depth: int = 3) -> list[Tensor]:
    """The tensors that a value is or holds, those of distributions and transforms in lists as well."""
    if isinstance(value, Object) and value.kind == "distribution":
        return [tensor for tensor in value.settings.values() if isinstance(tensor, Tensor)]
    if isinstance(value, (Sequence, Mapping)) and depth:
        items = value.items if isinstance(value, Sequence) else list(value.items.values())
        return [tensor for item in items for tensor in _held(item, depth - 1)]
    return tensors_in(value)


def attribute(machine: Machine, owner: Object, name: str, site: Site | None) -> Value | None:
    """What a distribution shows of its parameters, with their graph; None for its methods."""
    if name in _DISTRIBUTIONS:
        return owner
    if name not in _TENSORS:
        return None
    held = _held(owner)
    edges = Level.CERTAIN if len(held) == 1 and name in ("probs", "logits") else Level.MAYBE
    return tensors.make(machine, name, held, Level.MAYBE, site, edges=edges)


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
        return owner if name in _SAME else machine.unknown(name, tuple(_held(owner)))
    if name == "rsample":
        machine.randomness += 1
    values = [_shown(machine, value, site) for value in (*args, *keywords.values())]
    given = [*_held(owner), *(tensor for value in values for tensor in _held(value))]
    draw = owner.settings.get(_DRAW)
    if name == "rsample" and isinstance(draw, Const):
        keeps = draw.value
    else:
        keeps = {"log_prob": Level.CERTAIN, "entropy": Level.LIKELY, "cdf": Level.LIKELY}.get(name, Level.MAYBE)
    return tensors.make(machine, name, given, keeps, site)
