"""The backward calls of other libraries, and how each passes its arguments on to the engine."""

from __future__ import annotations

from dataclasses import dataclass

from mhlint.autograd import walks
from mhlint.autograd.graph import Level
from mhlint.autograd.machine import Machine
from mhlint.autograd.tensors import site_of
from mhlint.autograd.trace import Escape
from mhlint.autograd.values import NONE, Sequence, Tensor, Unknown, Value, tensors_in
from mhlint.syntax.program import Site


@dataclass(frozen=True)
class Wrapper:
    """Positions of the loss and of `retain_graph` among the arguments; both may be given by name, too."""

    loss: int = 0
    retain: int | None = None
    gradient: int | None = None


WRAPPERS: dict[str, Wrapper] = {
    "accelerator.backward": Wrapper(),
    "fabric.backward": Wrapper(gradient=1, retain=2),
    "manual_backward": Wrapper(gradient=1, retain=2),
    "engine.backward": Wrapper(),
    "optimizer.backward": Wrapper(),
}
"""The wrappers that are known by the class they belong to."""

OWNERS = {
    "accelerator": "accelerator.backward",
    "fabric": "fabric.backward",
    "engine": "engine.backward",
    "optimizer": "optimizer.backward",
    "opt": "optimizer.backward",
    "optim": "optimizer.backward",
}
"""What an object that was not seen is taken for, by the name it goes by."""

KINDS = {
    "accelerate.Accelerator": "accelerator",
    "accelerate.accelerator.Accelerator": "accelerator",
    "lightning.Fabric": "fabric",
    "lightning.fabric.Fabric": "fabric",
    "lightning_fabric.Fabric": "fabric",
    "pytorch_lightning.Fabric": "fabric",
}
"""Library classes whose objects are wrappers."""


def backward_by_wrapper(
    machine: Machine,
    name: str,
    args: list[Value],
    keywords: dict[str, Value],
    site: Site | None,
    level: Level,
) -> Value:
    """Run the engine as a wrapper would."""
    wrapper = WRAPPERS.get(name, Wrapper())

    def argument(position: int | None, *names: str) -> Value | None:
        for key in names:
            if key in keywords:
                return keywords[key]
        return args[position] if position is not None and position < len(args) else None

    loss = argument(wrapper.loss, "loss", "tensor", "outputs", "closure_loss") or NONE
    return walks.backward(
        machine, loss, site, api=name, level=level, retain=argument(wrapper.retain, "retain_graph"),
        create=keywords.get("create_graph"), gradient=argument(wrapper.gradient, "gradient"),
        inputs=keywords.get("inputs"),
    )  # fmt: skip


def backward_of_unknown(
    machine: Machine, owner: Unknown, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    """`owner.backward(...)` where the owner was not seen: a tensor's own, a wrapper's, or somebody else's."""
    values = [*args, *keywords.values()]
    with_graph = [t for value in values for t in tensors_in(value) if t.graph() is not None]
    own = owner.label.rpartition(".")[2].lower()
    for name, wrapper in OWNERS.items():
        if args and (own == name or own.endswith("_" + name) or own.startswith(name + "_")):
            level = Level.LIKELY if not isinstance(args[0], Sequence) else Level.MAYBE
            return backward_by_wrapper(machine, wrapper, args, keywords, site, level)
    if with_graph:
        machine.emit(Escape, site_of(machine, site), tensors=tuple(with_graph), how="call")
        return walks.backward(
            machine,
            Sequence(list(with_graph)),
            site,
            api="unseen",
            retain=None,
            gradient=NONE,
            level=Level.MAYBE,
        )
    return tensor_backward(machine, owner, args, keywords, site)


def tensor_backward(
    machine: Machine, owner: Value, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    """`tensor.backward(gradient, retain_graph, create_graph, inputs)` (FACTS F94)."""
    names = ("gradient", "retain_graph", "create_graph", "inputs")
    given = {**dict(zip(names, args, strict=False)), **keywords}
    level = Level.CERTAIN if isinstance(owner, Tensor) else Level.MAYBE
    # `retain_variables` is what the argument was called before PyTorch 0.4; today it is a TypeError.
    return walks.backward(
        machine, owner, site, api="method", create=given.get("create_graph"),
        retain=given.get("retain_graph", given.get("retain_variables")),
        gradient=given.get("gradient"), inputs=given.get("inputs"), level=level,
    )  # fmt: skip


def autograd_backward(machine: Machine, args: list[Value], keywords: dict[str, Value], site: Site | None) -> Value:
    """`torch.autograd.backward(tensors, grad_tensors, retain_graph, create_graph, grad_variables, inputs)`."""
    names = ("tensors", "grad_tensors", "retain_graph", "create_graph", "grad_variables", "inputs")
    given = {**dict(zip(names, args, strict=False)), **keywords}
    return walks.backward(
        machine, given.get("tensors", NONE), site, api="autograd.backward", retain=given.get("retain_graph"),
        create=given.get("create_graph"), gradient=given.get("grad_tensors"), inputs=given.get("inputs"),
    )  # fmt: skip


def autograd_grad(machine: Machine, args: list[Value], keywords: dict[str, Value], site: Site | None) -> Value:
    """`torch.autograd.grad(outputs, inputs, grad_outputs, retain_graph, create_graph, ...)`."""
    names = ("outputs", "inputs", "grad_outputs", "retain_graph", "create_graph")
    given = {**dict(zip(names, args, strict=False)), **keywords}
    gradient = given.get("grad_outputs")
    return walks.grad(
        machine, given.get("outputs", NONE), given.get("inputs", NONE), site, retain=given.get("retain_graph"),
        create=given.get("create_graph"), gradient=gradient if gradient is not None else None,
    )  # fmt: skip
