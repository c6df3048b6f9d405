"""Python's own functions that make one thing of many: `sum`, `all`, `any`, `min`, `max`, and `filter`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from mhlint.autograd import tensors
from mhlint.autograd.arithmetic import arithmetic
from mhlint.autograd.computing import NotPlain, plain
from mhlint.autograd.conditions import choice_keys, truth_of
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.iteration import Generator, elements, taken_once, uncertain
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import (
    NONE,
    Const,
    Sequence,
    Value,
    key_of,
    tensors_in,
)
from mhlint.syntax.program import Site

_MOST_ITEMS = 64


def _sum(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    items, _ = elements(machine, args[0] if args else NONE, site)
    total: Value = args[1] if len(args) > 1 else keywords.get("start", Const(0))
    where = tensors.site_of(machine, site)
    for item in items:
        total = arithmetic(machine, total, ast.Add, item, where)
    return total


def _asking(name: str, decisive: bool) -> Handler:
    """`all` or `any`: one item whose truth is `decisive` gives the answer."""

    def call(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
        items, exact = _until(machine, args[0] if args else NONE, site, decisive)
        known = [truth_of(machine, item) for item in items]
        if decisive in known:
            return Const(decisive)
        return Const(not decisive) if exact and None not in known else _asked(machine, name, items, exact)

    return call


def _until(machine: Machine, source: Value, site: Site | None, decisive: bool) -> tuple[Args, bool]:
    """The items that are looked at: what makes them runs no further than the one that decides."""
    if not isinstance(source, Generator):
        return elements(machine, source, site)
    items: Args = []

    def one(item: Value) -> tuple[Value, bool]:
        items.append(item)
        return NONE, truth_of(machine, item) is decisive or len(items) >= _MOST_ITEMS

    stopped = source.run_until(one)
    return items, stopped or source.exact


def _asked(machine: Machine, name: str, items: list[Value], exact: bool) -> Value:
    """An answer that is not known, the same for the same items where these are all there are."""
    if not exact:
        return machine.unknown(f"{name}(...)")
    return machine.derived(name, tuple(key_of(item) for item in items), f"{name}(...)")


def _filter(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if len(args) < 2:
        return machine.unknown("filter")
    items, exact = elements(machine, args[1], site)
    kept: Args = []
    for item in items:
        verdict = item if args[0] == NONE else machine.call(machine, args[0], [item], {}, site)
        known = truth_of(machine, verdict)
        exact = exact and known is not None
        if known is not False:
            kept.append(uncertain(machine, item, choice_keys(machine, verdict)[-1]) if known is None else item)
    return Sequence(kept, exact=exact)


def _min(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return _extreme(machine, args, site, min, keywords.get("key", NONE))


def _max(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return _extreme(machine, args, site, max, keywords.get("key", NONE))


def _extreme(
    machine: Machine, args: Args, site: Site | None, pick: Callable[[list[Any]], Any], by: Value
) -> Value:
    items, exact = (args, True) if len(args) > 1 else elements(machine, args[0], site) if args else ([], False)
    if len(items) == 1 and exact:
        return items[0]
    if exact and items and all(isinstance(item, Const) for item in items):
        ranks = items if by == NONE else [machine.call(machine, by, [item], {}, site) for item in items]
        try:
            known = [plain(rank) for rank in ranks]
            return items[known.index(pick(known))]
        except (NotPlain, TypeError):
            return machine.derived("extreme", tuple(items), "min or max")
    numbers = [item.value for item in items if isinstance(item, Const) and isinstance(item.value, (int, float))]
    if numbers and len(numbers) == len(items) and len(args) > 1:
        return Const(pick(numbers))
    deps = tuple(tensor for item in items for tensor in tensors_in(item))
    if deps:
        # One of them: which is not known, and the maximum of tensors is one of the tensors itself.
        return machine.unknown("one of several", deps)
    return machine.derived("extreme", tuple(items), "min or max")


CALLS: dict[str, Handler] = {
    "sum": _sum, "all": _asking("all", decisive=False), "any": _asking("any", decisive=True),
    "filter": taken_once(_filter), "max": _max, "min": _min,
}  # fmt: skip
