"""Tensors that become visible to code that is not seen: it may walk them, unless a walk of them would raise."""

from __future__ import annotations

from mhlint.autograd import walks
from mhlint.autograd.machine import Machine
from mhlint.autograd.trace import Escape
from mhlint.autograd.values import Tensor
from mhlint.syntax.program import Site


def give_away(machine: Machine, given: tuple[Tensor, ...], site: Site, how: str, name: str = "") -> None:
    """Note that code which is not seen gets tensors, and which of them it can but show.

    A loss that is given away behind the step on its weights is given to be shown: a walk of it would raise.
    """
    stale: tuple[Tensor, ...] = ()
    if machine.retained and how in ("call", "return"):
        stale = tuple(tensor for tensor in given if walks.would_raise(machine, tensor))
    if stale and (how == "return" or len(stale) == len(given)):
        machine.emit(Escape, site, tensors=stale, how=f"stale {how}")
        given = tuple(tensor for tensor in given if tensor not in stale)
    if given:
        machine.emit(Escape, site, tensors=given, how=how, name=name)
