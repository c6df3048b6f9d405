"""Parameters of a distributed module that a loss also reaches around the wrapper: no second walk may fill them.

The wrapper counts on one gradient for each parameter after a forward, and raises when a second one comes before the
walk is over that it has prepared for. As long as each loss walks the whole trunk this is one gradient a walk.
"""

from __future__ import annotations

from mhlint.autograd.graph import Node
from mhlint.autograd.values import Tensor
from mhlint.rewrites.groups import Step


def parameters_are_used_outside(step: Step) -> bool:
    """Does a walk reach a parameter of a distributed module through a node that is not in it?"""
    for group in step.groups:
        nodes = {node for walk in group.walks for node in walk.walk.nodes}
        inside = {target for node in nodes if is_distributed(node) for target in _leaves_at(node)}
        if any(target in inside for node in nodes if not is_distributed(node) for target in _leaves_at(node)):
            return True
    return False


def is_distributed(node: Node) -> bool:
    """Does it stand in a module that shares its gradients with replicas?"""
    return bool(node.region) and "compile" not in node.region and "checkpoint" not in node.region


def _leaves_at(node: Node) -> list[Tensor]:
    return [target for target, _ in node.inputs if isinstance(target, Tensor) and target.requires_grad is not False]
