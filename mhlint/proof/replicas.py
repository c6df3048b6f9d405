"""Averages the gradients of every walk over the ranks: what DistributedDataParallel does for one walk a forward."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterator
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel


def average_every_walk() -> None:
    """Let no module's reducer count walks; what a walk adds to its parameters is averaged behind the walk.

    Walks of one forward, whatever their number, then leave the averages over the ranks of what each rank
    computes by itself: the sum that one walk of all losses leaves. Within `no_sync` nothing is averaged.
    """
    replicas = _Replicas()
    ours: Any = DistributedDataParallel
    ours.forward = replicas.forward
    walk = torch.autograd.backward

    def backward(*args: Any, **kwargs: Any) -> Any:
        walk(*args, **kwargs)
        replicas.average()

    torch.autograd.backward = backward


class _Replicas:
    """The modules that ran forward, numbered; the synchronised ones among them; those that a walk has reached."""

    def __init__(self) -> None:
        self.numbers: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self.count = itertools.count()
        self.synchronised: weakref.WeakSet[Any] = weakref.WeakSet()
        self.reached: weakref.WeakSet[Any] = weakref.WeakSet()

    @property
    def forward(self) -> Any:
        """What stands in for `DistributedDataParallel.forward`."""

        def forward(module: Any, *inputs: Any, **kwargs: Any) -> Any:
            if module._comm_hooks:
                raise RuntimeError("a communication hook decides what is averaged, so there is nothing to compare with")
            self._watch(module)
            wanted = module.require_backward_grad_sync
            if torch.is_grad_enabled():
                (self.synchronised.add if wanted else self.synchronised.discard)(module)
            # The reducer expects no walk of a forward that is not to be synchronised; buffers are broadcast still.
            module.require_backward_grad_sync = False
            try:
                inputs, kwargs = module._pre_forward(*inputs, **kwargs)
                return module._run_ddp_forward(*inputs, **kwargs)
            finally:
                module.require_backward_grad_sync = wanted

        return forward

    def average(self) -> None:
        """Average what the last walk reached, in the order of the first forwards, which is alike on every rank."""
        reached = sorted(self.reached & self.synchronised, key=self.numbers.__getitem__)
        self.reached.clear()
        for module in reached:
            _average(list(_parameters(module)), module.process_group)

    def _watch(self, module: Any) -> None:
        if module in self.numbers:
            return
        self.numbers[module] = next(self.count)
        known = weakref.ref(module)

        def reach(_: Tensor) -> None:
            if (one := known()) is not None:
                self.reached.add(one)

        for parameter in _parameters(module):
            parameter.register_post_accumulate_grad_hook(reach)


def _parameters(module: Any) -> Iterator[Any]:
    ignored = module.parameters_to_ignore
    return (one for name, one in module.module.named_parameters() if one.requires_grad and name not in ignored)


def _average(parameters: list[Any], group: Any) -> None:
    """A parameter that has a gradient on any rank gets the average, where it has none it counts as zero."""
    if not parameters:
        return
    there = torch.tensor([one.grad is not None for one in parameters], dtype=torch.float32, device=parameters[0].device)
    dist.all_reduce(there, group=group)
    ranks = dist.get_world_size(group)
    for parameter, count in zip(parameters, there.tolist(), strict=True):
        if count:
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad.detach().clone()
            gradient /= ranks
            dist.all_reduce(gradient, group=group)
            if parameter.grad is None:
                parameter.grad = gradient
            else:
                parameter.grad.copy_(gradient)
