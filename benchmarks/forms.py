"""The ways to walk one trunk and n heads: each leaves the gradients of the summed losses."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.libmtl import libmtl
from benchmarks.models import Net


def retain_prebuilt(net: Net) -> None:
    """All losses first, then one walk each, the graph retained."""
    z = net.trunk(net.x)
    losses = _losses(net, z)
    for number, loss in enumerate(losses, start=1):
        loss.backward(retain_graph=number < len(losses))


def retain_loop(net: Net) -> None:
    """One head at a time: its forward, then a walk down to the trunk's first layer."""
    z = net.trunk(net.x)
    for number, (head, target) in enumerate(zip(net.heads, net.targets, strict=True), start=1):
        loss = F.cross_entropy(head(z), target)
        loss.backward(retain_graph=number < len(net.heads))


def summed(net: Net) -> None:
    """All losses first, one walk of their sum."""
    z = net.trunk(net.x)
    torch.stack(_losses(net, z)).sum().backward()


def detach_reinject(net: Net) -> None:
    """One head at a time on a detached boundary, then one walk of the trunk."""
    z = net.trunk(net.x)
    d = z.detach().requires_grad_()
    for head, target in zip(net.heads, net.targets, strict=True):
        F.cross_entropy(head(d), target).backward()
    z.backward(gradient=d.grad)


def trunk_rerun(net: Net) -> None:
    """The trunk runs again for each head."""
    for head, target in zip(net.heads, net.targets, strict=True):
        F.cross_entropy(head(net.trunk(net.x)), target).backward()


def representation_gradient(net: Net) -> None:
    """A detached copy of the boundary for each task; the copies' gradients, combined, walk down once."""
    z = net.trunk(net.x)
    copies = [z.detach().clone().requires_grad_() for _ in net.heads]
    losses = [
        F.cross_entropy(head(copy), target) for head, copy, target in zip(net.heads, copies, net.targets, strict=True)
    ]
    for loss in losses:
        loss.backward()
    z.backward(gradient=torch.stack([copy.grad for copy in copies if copy.grad is not None]).sum(0))


def _torchjd() -> Callable[[Net], None] | None:
    """Jacobian descent's step, its rows summed; None without TorchJD."""
    try:
        from torchjd.aggregation import Sum
        from torchjd.autojac import jac_to_grad, mtl_backward
    except ImportError:
        return None
    aggregate = Sum()

    def mtl(net: Net) -> None:
        z = net.trunk(net.x)
        mtl_backward(_losses(net, z), features=z)
        jac_to_grad(net.trunk.parameters(), aggregate)

    return mtl


def forms(device: str = "cpu") -> tuple[dict[str, Callable[[Net], None]], list[str]]:
    """Every form that can be run here, by name, and a note for each that cannot."""
    known: dict[str, Callable[[Net], None]] = {
        "summed": summed,
        "detach-reinject": detach_reinject,
        "retain, losses built first": retain_prebuilt,
        "retain, head by head": retain_loop,
        "trunk run again": trunk_rerun,
        "representation gradient": representation_gradient,
    }
    notes = []
    mtl = _torchjd()
    if mtl is None:
        notes.append("TorchJD's mtl_backward was left out: torchjd cannot be imported")
    else:
        known["TorchJD mtl_backward"] = mtl
    try:
        if device != "cpu":
            raise ImportError("it is run on the CPU only")
        known["LibMTL rep_grad"] = libmtl()
    except ImportError as error:
        notes.append(f"LibMTL's representation-gradient mode was left out: {error}")
    return known, notes


def _losses(net: Net, z: Tensor) -> list[Tensor]:
    return [F.cross_entropy(head(z), target) for head, target in zip(net.heads, net.targets, strict=True)]
