"""Optimizers: which parameters they hold, what a step changes, what zero_grad clears."""

from __future__ import annotations

from mhlint.autograd import gradients, tensors
from mhlint.autograd.graph import Change, Level
from mhlint.autograd.iteration import Generator, drain, elements
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_parameters import parameters_of
from mhlint.autograd.trace import Step
from mhlint.autograd.values import (
    FALSE,
    NONE,
    TRUE,
    Const,
    Instance,
    Mapping,
    Module,
    Optimizer,
    Sequence,
    Tensor,
    Unknown,
    Value,
)
from mhlint.syntax.program import Site


def make_optimizer(
    machine: Machine, name: str, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Optimizer:
    """An optimizer of torch's own over what it was given."""
    given = args[0] if args else keywords.get("params", NONE)
    found, exact = held(machine, given)
    fused = keywords.get("fused", FALSE)
    flag = bool(fused.value) if isinstance(fused, Const) else None
    made = Optimizer(list(dict.fromkeys(found)), exact, flag, name, tensors.site_of(machine, site))
    made.evaluates_again = name == "LBFGS" and not _single_evaluation(args, keywords)
    return made


def _single_evaluation(args: list[Value], keywords: dict[str, Value]) -> bool:
    """LBFGS evaluates its closure several times, with other weights each time (FACTS F96): but for one iteration
    without a line search."""
    iterations = args[2] if len(args) > 2 else keywords.get("max_iter", NONE)
    search = args[7] if len(args) > 7 else keywords.get("line_search_fn", NONE)
    return iterations == Const(1) and search == NONE


def held(machine: Machine, given: Value, depth: int = 4) -> tuple[list[Tensor], bool]:
    """The parameters in what an optimizer was given: a list, groups, generators of them."""
    if isinstance(given, Generator):
        given = Sequence(drain(machine, given), exact=False)
    if isinstance(given, Tensor):
        return [given], not given.unseen_call
    if isinstance(given, Mapping):
        return (
            held(machine, given.items.get("params", NONE), depth - 1)
            if "params" in given.items
            else _all(machine, list(given.items.values()), given.exact, depth)
        )
    if isinstance(given, Sequence) and depth:
        items, exact = elements(machine, given, machine.current)
        return _all(machine, items, exact, depth)
    if isinstance(given, (Module, Instance)):
        return parameters_of(machine, given)
    if isinstance(given, Unknown):
        owner = given.attributes.get("<parameters of>")
        if owner is not None:
            return parameters_of(machine, owner)
        return [tensor for tensor in given.deps if tensor.parameter], False
    return [], False


def _all(machine: Machine, items: list[Value], exact: bool, depth: int) -> tuple[list[Tensor], bool]:
    found: list[Tensor] = []
    for item in items:
        more, sure = held(machine, item, depth - 1)
        found, exact = found + more, exact and sure
    return found, exact


def step(machine: Machine, optimizer: Optimizer, args: list[Value], site: Site | None, level: Level) -> Value:
    """`optimizer.step()`: a new version of every parameter that has a gradient (FACTS F33, F34)."""
    closure = args[0] if args else NONE
    result: Value = NONE
    if not isinstance(closure, Const):
        activation, outer = machine.next_serial(), machine.turn
        turns = 2 if optimizer.evaluates_again else 1
        for turn in range(turns):
            if turn:
                _change(machine, optimizer, site, level)
            with machine.in_turn((*outer, (activation, turn))):
                result = machine.call(machine, closure, [], {}, site)
    _change(machine, optimizer, site, level)
    return result


def _change(machine: Machine, optimizer: Optimizer, site: Site | None, level: Level) -> None:
    where = tensors.site_of(machine, site)
    changed = {
        tensor: min(tensor.gradient.level, level) for tensor in optimizer.parameters if tensor.gradient.level > Level.NO
    }
    machine.emit(Step, where, optimizer=optimizer, changed=changed)
    for tensor, sure in changed.items():
        tensor.storage.write(Change(where, "optimizer.step()", sure, seen=not optimizer.fused, by_step=True))


def call_optimizer(
    machine: Machine,
    owner: Optimizer,
    name: str,
    args: list[Value],
    keywords: dict[str, Value],
    site: Site | None,
) -> Value:
    """A method of an optimizer."""
    if name == "step":
        closure = args or [value for key, value in keywords.items() if key == "closure"]
        return step(machine, owner, closure, site, Level.CERTAIN)
    if name == "zero_grad":
        flag = args[0] if args else keywords.get("set_to_none", TRUE)
        to_none = bool(flag.value) if isinstance(flag, Const) else None
        gradients.clear(machine, owner.parameters, site, exact=owner.exact, to_none=to_none)
        return NONE
    if name == "add_param_group":
        found, exact = held(machine, args[0] if args else keywords.get("param_group", NONE))
        owner.parameters = list(dict.fromkeys([*owner.parameters, *found]))
        owner.exact = owner.exact and exact
        return NONE
    if name in ("state_dict", "load_state_dict"):
        return machine.unknown(name)
    if name == "backward" and args:
        from mhlint.autograd.wrappers import backward_by_wrapper

        return backward_by_wrapper(machine, "optimizer.backward", args, keywords, site, Level.CERTAIN)
    return machine.unknown(name)
