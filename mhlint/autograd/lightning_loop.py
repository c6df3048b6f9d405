"""Lightning's training loop: what `trainer.fit(model)` calls in each turn, what it walks and steps."""

from __future__ import annotations

from mhlint.autograd import gradients, optimizers, tensors, walks
from mhlint.autograd.attributes import is_lightning_class
from mhlint.autograd.graph import Level
from mhlint.autograd.iteration import elements
from mhlint.autograd.machine import Machine
from mhlint.autograd.trace import Loop
from mhlint.autograd.values import (
    NONE,
    TRUE,
    Bound,
    Const,
    Instance,
    Mapping,
    Object,
    Optimizer,
    Sequence,
    Tensor,
    Value,
    is_none,
)
from mhlint.syntax.program import Site

TRAINERS = frozenset(
    {"lightning.Trainer", "pytorch_lightning.Trainer", "pytorch_lightning.trainer.Trainer"}
    | {"pytorch_lightning.trainer.trainer.Trainer"}
)
_TURNS = 3


def fit(
    machine: Machine, trainer: Object, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    """`trainer.fit(model, train_dataloaders)`."""
    model = args[0] if args else keywords.get("model", NONE)
    if not isinstance(model, Instance) or not is_lightning_class(model.cls):
        return NONE
    given = args[1] if len(args) > 1 else keywords.get("train_dataloaders", keywords.get("train_dataloader", NONE))
    if is_none(given):
        loader = machine.member(machine, model, "train_dataloader")
        given = NONE if loader is None else machine.call(machine, loader, [], {}, site)
    batches, exact = elements(machine, given, site)
    if len(batches) < 2 and not exact:
        batches = [machine.unknown("batch") for _ in range(_TURNS)]
    where = tensors.site_of(machine, site)
    for name in ("on_fit_start", "on_train_start", "on_train_epoch_start"):
        _hook(machine, trainer, model, name, [], site)
    activation, outer = machine.next_serial(), machine.turn
    machine.note(Loop, where, activation=activation, surely_turns=bool(batches))
    for index, batch in enumerate(batches[:_TURNS]):
        with machine.in_turn((*outer, (activation, index))):
            turn(machine, model, batch, index, where, trainer)
    _hook(machine, trainer, model, "on_train_epoch_end", [], site)
    return NONE


def turn(
    machine: Machine, model: Instance, batch: Value, index: int, where: Site | None, trainer: Object | None = None
) -> Value:
    """One `training_step` and what follows it; without `where` the walk stands at what the step returned."""
    number = Const(index)
    _hook(machine, trainer, model, "on_train_batch_start", [batch, number], where)
    outcome: Value = NONE
    if _automatic(machine, model) is True:
        held = configured(machine, model)
        found = held.items if isinstance(held, Sequence) else [held]
        several = "optimizer_idx" in _parameter_names(machine, model)
        if several or len(found) == 1:
            for position, optimizer in enumerate(found):
                outcome = _update(machine, model, [batch, number, Const(position)], optimizer, found, where, trainer)
    else:
        outcome = _step(machine, model, [batch, number], where)
    _hook(machine, trainer, model, "on_train_batch_end", [machine.unknown("outputs"), batch, number], where)
    return outcome


def _update(
    machine: Machine,
    model: Instance,
    args: list[Value],
    optimizer: Value,
    others: list[Value],
    where: Site | None,
    trainer: Object | None,
) -> Value:
    """Automatic optimisation by one of the optimizers: forward, clear, walk, step."""
    frozen = _toggle(model, optimizer, others)
    outcome = _step(machine, model, args, where)
    site = where if where is not None else machine.returned
    loss = outcome.items.get("loss", NONE) if isinstance(outcome, Mapping) else outcome
    if not is_none(loss) and site is not None:
        every = _every(trainer)
        if isinstance(optimizer, Optimizer) and every == 1:
            gradients.clear(machine, optimizer.parameters, site, exact=optimizer.exact, to_none=True)
        own = machine.member(machine, model, "backward")
        if isinstance(own, Bound):
            wanted = len(own.function.definition.args.args) - 1
            machine.call(machine, own, [loss, optimizer, args[-1]][:wanted], {}, site)
        else:
            level = Level.CERTAIN if where is not None else Level.LIKELY
            walks.backward(machine, loss, site, api="lightning", level=level)
        _hook(machine, trainer, model, "on_after_backward", [], site)
        _hook(machine, trainer, model, "on_before_optimizer_step", [optimizer], site)
        if isinstance(optimizer, Optimizer):
            optimizers.step(machine, optimizer, [], site, Level.CERTAIN if every == 1 else Level.MAYBE)
    for tensor in frozen:
        tensor.requires_grad = True
    return outcome


def _toggle(model: Instance, optimizer: Value, others: list[Value]) -> list[Tensor]:
    """Of several optimizers one at a time may train its own parameters; the others' are frozen meanwhile."""
    if not isinstance(optimizer, Optimizer):
        return []
    found = [p for other in others if isinstance(other, Optimizer) for p in other.parameters]
    frozen = [p for p in dict.fromkeys(found) if p not in optimizer.parameters and p.requires_grad]
    for tensor in frozen:
        tensor.requires_grad = False
    return frozen


def _step(machine: Machine, model: Instance, args: list[Value], where: Site | None) -> Value:
    method = machine.member(machine, model, "training_step")
    if not isinstance(method, Bound):
        return NONE
    names = _parameter_names(machine, model)
    given = [*args, *(machine.unknown(name) for name in names[len(args) :])]
    if names[2:3] not in ([], ["optimizer_idx"]):
        given = [*args[:2], *(machine.unknown(name) for name in names[2:])]
    machine.returned = None
    result: Value = machine.call(machine, method, given[: len(names)], {}, where)
    after = machine.member(machine, model, "training_step_end")
    return result if after is None else machine.call(machine, after, [result], {}, where)


def _parameter_names(machine: Machine, model: Instance) -> list[str]:
    method = machine.member(machine, model, "training_step")
    if not isinstance(method, Bound):
        return []
    spec = method.function.definition.args
    return [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)][1:]


def _automatic(machine: Machine, model: Instance) -> bool | None:
    """Does Lightning walk what `training_step` returns? None where it is not known."""
    found = model.attributes.get("automatic_optimization") or machine.member(machine, model, "automatic_optimization")
    if isinstance(found, Bound) and found.function.is_property:
        found = machine.call(machine, found, [], {}, None)
    if found is None:
        return None if model.cls.has_unseen_base() else True
    return bool(found.value) if isinstance(found, Const) else None


def _every(trainer: Object | None) -> int:
    """After how many batches the optimizer steps; 0 where it is not known."""
    found = TRUE if trainer is None else trainer.settings.get("accumulate_grad_batches", TRUE)
    return int(found.value) if isinstance(found, Const) and isinstance(found.value, int) else 0


def _hook(
    machine: Machine, trainer: Object | None, model: Instance, name: str, args: list[Value], site: Site | None
) -> None:
    """Call a hook of the model's, and those of the trainer's callbacks that the program defines."""
    callbacks = trainer.settings.get("callbacks", NONE) if trainer is not None else NONE
    for callback in callbacks.items if isinstance(callbacks, Sequence) else [callbacks]:
        own = machine.member(machine, callback, name) if isinstance(callback, Instance) else None
        if own is not None:
            machine.call(machine, own, [trainer or NONE, model, *args], {}, site)
    own = machine.member(machine, model, name)
    if isinstance(own, Bound):
        wanted = len(own.function.definition.args.args) - 1
        machine.call(machine, own, args[:wanted], {}, site)


def configured(machine: Machine, owner: Instance) -> Value:
    """What `configure_optimizers` returned, as Lightning hands it out: an optimizer, or several."""
    known = owner.attributes.get("<optimizers>")
    if known is None:
        configure = machine.member(machine, owner, "configure_optimizers")
        made: Value = machine.unknown("optimizers")
        if configure is not None:
            made = machine.call(machine, configure, [], {}, None)
        if isinstance(made, Sequence) and len(made.items) == 2 and isinstance(made.items[0], Sequence):
            made = made.items[0]
        if isinstance(made, Sequence):
            made = Sequence([_optimizer_in(item) for item in made.items], made.kind, made.exact)
        made = _optimizer_in(made)
        if isinstance(made, Sequence) and len(made.items) == 1:
            made = made.items[0]
        known = owner.attributes["<optimizers>"] = made
    return known


def _optimizer_in(value: Value) -> Value:
    return value.items.get("optimizer", value) if isinstance(value, Mapping) else value
