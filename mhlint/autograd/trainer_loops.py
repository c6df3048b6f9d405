"""Training loops that other libraries run: what transformers, skorch and ignite call in each turn, and walk."""

from __future__ import annotations

from collections.abc import Callable

from mhlint.autograd import gradients, optimizers, tensors, walks
from mhlint.autograd.graph import Level
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_parameters import parameters_of
from mhlint.autograd.trace import Loop
from mhlint.autograd.trainer_kinds import kind_of
from mhlint.autograd.values import (
    NONE,
    TRUE,
    ClassValue,
    Instance,
    Library,
    Mapping,
    Native,
    Object,
    Optimizer,
    Sequence,
    Unknown,
    Value,
    is_none,
    tensors_in,
)
from mhlint.syntax.program import Site

Args = list[Value]
Keywords = dict[str, Value]

_PARAMETERS = {
    "hf trainer": ("model", "args", "data_collator", "train_dataset", "eval_dataset"),
    "skorch net": ("module", "criterion"),
    "ignite engine": ("process_function",),
}
_TURNS = 3


def make(kind: str, args: Args, keywords: Keywords) -> Object:
    """A trainer, with what it was given by name."""
    return Object(kind, {**dict(zip(_PARAMETERS[kind], args, strict=False)), **keywords})


def begin(machine: Machine, owner: Instance, args: Args, keywords: Keywords) -> Value:
    """`super().__init__(model, args, ...)` in a subclass."""
    made = make(kind_of(owner.cls.library_bases()), args, keywords)
    owner.attributes["<trainer>"] = made
    for name, value in made.settings.items():
        if name in _PARAMETERS[made.kind]:
            owner.attributes.setdefault(name, value)
    if made.kind == "hf trainer":
        model = machine.unknown("model")
        model.module = Level.LIKELY
        made.settings.setdefault("model", model)
        owner.attributes.setdefault("model", made.settings["model"])
        owner.attributes.setdefault("accelerator", Object("accelerator"))
    return NONE


def call(
    machine: Machine, owner: Instance | Object, name: str, args: Args, keywords: Keywords, site: Site | None
) -> Value:
    """A method that a trainer has from its library."""
    held = owner.attributes.get("<trainer>") if isinstance(owner, Instance) else owner
    assert isinstance(held, Object)
    where = tensors.site_of(machine, site)
    if held.kind == "ignite engine":
        return _ignite(machine, held, name, args, where)
    own = _Trainer(machine, owner, held, where)
    if name == "train" and held.kind == "hf trainer":
        _turns(machine, where, own.transformers_turn)
        return machine.unknown("train result")
    if name == "training_step" and len(args) > 1:
        loss = own.ask("compute_loss", args[:2])
        walks.backward(machine, loss, where, api="trainer")
        made = tensors.as_tensor(machine, loss, where)
        return NONE if made is None else tensors.detach(machine, made, where)
    if name == "compute_loss" and len(args) > 1:
        wanted = args[2] if len(args) > 2 else keywords.get("return_outputs")
        return own.loss_of_model(args[0], args[1], with_outputs=wanted == TRUE)
    if name == "_prepare_inputs" and args:
        return args[0]
    if name in ("fit", "partial_fit") and held.kind == "skorch net":
        own.initialize()
        _turns(machine, where, own.skorch_turn)
        return owner
    if name == "infer" and args:
        return own.module_call(args[0])
    if name == "get_loss" and len(args) > 1:
        result: Value = machine.call(machine, own.attribute("criterion_"), args[:2], {}, where)
        return result
    if name == "initialize":
        own.initialize()
        return owner
    return machine.unknown(name)


def turn_by_return(machine: Machine, owner: Instance) -> Value:
    """A turn of transformers' loop whose caller is not seen: the walk stands at what `compute_loss` returns."""
    held = owner.attributes.get("<trainer>")
    if not isinstance(held, Object):
        return NONE
    inputs = machine.unknown("inputs")
    inputs.data = True
    machine.returned = None
    own = _Trainer(machine, owner, held, tensors.site_of(machine, None))
    loss = own.ask("compute_loss", [own.attribute("model"), inputs])
    if machine.returned is not None and not is_none(loss):
        walks.backward(machine, loss, machine.returned, api="trainer", level=Level.LIKELY)
    return loss


def _turns(machine: Machine, where: Site, body: Callable[[], None], times: int = _TURNS) -> None:
    activation, outer = machine.next_serial(), machine.turn
    machine.note(Loop, where, activation=activation, surely_turns=True)
    for turn in range(times):
        with machine.in_turn((*outer, (activation, turn))):
            body()


class _Trainer:
    """A trainer of transformers or skorch: its own methods first, then the library's."""

    def __init__(self, machine: Machine, owner: Instance | Object, held: Object, where: Site) -> None:
        self.machine, self.owner, self.held, self.where = machine, owner, held, where

    def attribute(self, name: str) -> Value:
        table = self.owner.attributes if isinstance(self.owner, Instance) else self.held.settings
        return table.get(name, NONE)

    def own(self, name: str) -> Value | None:
        return self.machine.member(self.machine, self.owner, name) if isinstance(self.owner, Instance) else None

    def ask(self, name: str, args: Args) -> Value:
        method = self.own(name)
        if method is None:
            return call(self.machine, self.owner, name, args, {}, self.where)
        result: Value = self.machine.call(self.machine, method, args, {}, self.where)
        return result

    def transformers_turn(self) -> None:
        machine, model = self.machine, self.attribute("model")
        inputs = machine.unknown("inputs")
        inputs.data = True
        self.ask("training_step", [model, inputs])
        found, exact = parameters_of(machine, model)
        # Its default optimizer may be a fused one, whose changes the version counter does not see.
        optimizers.step(machine, Optimizer(found, exact), [], self.where, Level.MAYBE)
        gradients.clear(machine, found, self.where, exact=exact, to_none=True)

    def loss_of_model(self, model: Value, inputs: Value, *, with_outputs: bool) -> Value:
        machine = self.machine
        given: Keywords = {"**": inputs}
        if isinstance(inputs, Mapping):
            given = {str(key): value for key, value in inputs.items.items()}
        output = machine.call(machine, model, [], given, self.where)
        loss: Value = machine.unknown("loss", tuple(tensors_in(output)))
        if isinstance(output, Mapping) and "loss" in output.items:
            loss = output.items["loss"]
        elif isinstance(output, Sequence) and output.items:
            loss = output.items[0]
        elif isinstance(output, Instance) and "loss" in output.attributes:
            loss = output.attributes["loss"]
        return Sequence([loss, output], "tuple") if with_outputs else loss

    def initialize(self) -> None:
        machine, table = self.machine, self.held.settings
        for name in ("module", "criterion"):
            given = self.attribute(name)
            if isinstance(given, (ClassValue, Library)):
                prefix = f"{name}__"
                settings = {k[len(prefix) :]: value for k, value in table.items() if k.startswith(prefix)}
                given = machine.call(machine, given, [], settings, self.where)
            target = self.owner.attributes if isinstance(self.owner, Instance) else table
            target[f"{name}_"] = given

    def module_call(self, data: Value) -> Value:
        result: Value = self.machine.call(self.machine, self.attribute("module_"), [data], {}, self.where)
        return result

    def skorch_turn(self) -> None:
        machine = self.machine
        data, target = machine.unknown("X"), machine.unknown("y")
        data.data = target.data = True
        found, exact = parameters_of(machine, self.attribute("module_"))
        gradients.clear(machine, found, self.where, exact=exact, to_none=True)
        if self.own("train_step_single") is not None:
            self.ask("train_step_single", [Sequence([data, target], "tuple")])
        else:
            predicted = self.ask("infer", [data])
            walks.backward(machine, self.ask("get_loss", [predicted, target]), self.where, api="trainer")
        optimizers.step(machine, Optimizer(found, exact), [], self.where, Level.LIKELY)


def _ignite(machine: Machine, engine: Object, name: str, args: Args, where: Site) -> Value:
    handlers = engine.attributes.setdefault("<handlers>", Sequence([]))
    assert isinstance(handlers, Sequence)

    def register(_: Machine, given: Args, *__: object) -> Value:
        handlers.items.append(Sequence([args[0], given[0], *args[1:]], "tuple"))
        return given[0]

    if name == "on" and args:
        return Native("handler", register)
    if name == "add_event_handler" and len(args) > 1:
        handlers.items.append(Sequence([args[0], args[1], *args[2:]], "tuple"))
    if name == "run":
        function = engine.settings.get("process_function", NONE)
        engine.attributes.setdefault("state", machine.unknown("state"))

        def fire(*events: str) -> None:
            for handler in list(handlers.items):
                assert isinstance(handler, Sequence)
                event, callee, *rest = handler.items
                known = event.name.rpartition(".")[2] if isinstance(event, Library) else ""
                # An event with a filter may fire in any turn: what it does is done in each.
                if known in events or (not known and "ITERATION_STARTED" in events):
                    machine.call(machine, callee, [engine, *rest], {}, where)

        def turn() -> None:
            fire("ITERATION_STARTED", "GET_BATCH_STARTED", "GET_BATCH_COMPLETED")
            machine.call(machine, function, [engine, machine.unknown("batch")], {}, where)
            fire("ITERATION_COMPLETED")

        fire("STARTED")
        fire("EPOCH_STARTED")
        if not is_none(function) and not isinstance(function, Unknown):
            _turns(machine, where, turn)
        fire("EPOCH_COMPLETED")
    return machine.unknown(name)
