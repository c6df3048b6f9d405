"""Calls: functions and methods of the program are entered, modules run forward, the rest goes to its table."""

from __future__ import annotations

import ast
from contextlib import suppress

from mhlint.autograd import (
    enumerations,
    escapes,
    library,
    library_bases,
    methods,
    module_forward,
    named_dicts,
    questions,
    unseen,
)
from mhlint.autograd.arguments import arguments, bind_arguments
from mhlint.autograd.attributes import has_library_init, member
from mhlint.autograd.contexts import in_grad_mode
from mhlint.autograd.frames import Frame, ReturnValue
from mhlint.autograd.graph import Level
from mhlint.autograd.iteration import Generator
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_evidence import is_module_class
from mhlint.autograd.tensors import site_of
from mhlint.autograd.values import (
    MOST_REMEMBERED,
    NONE,
    Bound,
    ClassValue,
    Const,
    Function,
    Instance,
    Key,
    Library,
    Mapping,
    Method,
    Module,
    Native,
    Object,
    Partial,
    Sequence,
    Tensor,
    Unknown,
    Value,
    is_none,
    key_of,
    tensors_in,
)
from mhlint.syntax.program import Site

# A function that calls itself on the parts of what it was given goes deeper than one that searches.
_MANY = 64
_MOST_OF_STRUCTURE = 5
_STRUCTURES = (Const, Sequence, Mapping, Tensor)


def evaluate_call(machine: Machine, frame: Frame, node: ast.Call) -> Value:
    """The value of a call expression."""
    site = frame.program.site(node)
    if isinstance(node.func, ast.Name) and node.func.id == "super" and frame.look_up("super") is None:
        return methods.make_super(machine, frame, node)
    callee = machine.evaluate(machine, frame, node.func)
    args, keywords = arguments(machine, frame, node)
    return call(machine, callee, args, keywords, site)


def call(machine: Machine, callee: Value, args: list[Value], keywords: dict[str, Value], site: Site | None) -> Value:
    """Call a value."""
    before = machine.serial
    result = _called(machine, callee, args, keywords, site)
    questions.remember(machine, callee, args, keywords, result, before)
    return result


def _called(machine: Machine, callee: Value, args: list[Value], keywords: dict[str, Value], site: Site | None) -> Value:
    machine.spend()
    if isinstance(callee, Bound):
        return _called(machine, callee.function, [callee.receiver, *args], keywords, site)
    if isinstance(callee, Function):
        return (
            enter(machine, callee, args, keywords, site)
            if callee.memory is None
            else _remembered(machine, callee, callee.memory, args, keywords, site)
        )
    if isinstance(callee, ClassValue):
        return instantiate(machine, callee, args, keywords, site)
    if isinstance(callee, Library):
        return library.call_library(machine, callee.name, args, keywords, site)
    if isinstance(callee, Method):
        return methods.call_method(machine, callee.owner, callee.name, args, keywords, site)
    if isinstance(callee, Module):
        return _run_forward(machine, callee, args, keywords, site)
    if isinstance(callee, Instance):
        return _call_instance(machine, callee, args, keywords, site)
    if isinstance(callee, Partial):
        return call(machine, callee.function, [*callee.args, *args], {**dict(callee.keywords), **keywords}, site)
    if isinstance(callee, Native):
        return callee.call(machine, args, keywords, site)
    if isinstance(callee, Object) and isinstance(callee.settings.get("model"), (Module, Instance)):
        return call(machine, callee.settings["model"], args, keywords, site)
    if isinstance(callee, Object) and callee.kind == "distribution":
        return methods.call_method(machine, callee, "__call__", args, keywords, site)
    if isinstance(callee, Object) and callee.kind == "grad mode" and args:
        return in_grad_mode(args[0], callee.settings["enabled"])
    if isinstance(callee, Unknown):
        return unseen.call_unknown(machine, callee, args, keywords, site)
    return machine.unknown("result", tuple(t for arg in args for t in tensors_in(arg)))


def _remembered(
    machine: Machine,
    function: Function,
    memory: dict[Key, Value],
    args: list[Value],
    keywords: dict[str, Value],
    site: Site | None,
) -> Value:
    """A call of a function that remembers its results: the same arguments, the same tensor and its graph."""
    key = tuple(key_of(value) for value in args), tuple((name, key_of(value)) for name, value in keywords.items())
    result = memory.pop(key) if key in memory else enter(machine, function, args, keywords, site)
    memory[key] = result
    most = function.attributes.get(MOST_REMEMBERED)
    if isinstance(most, Const) and isinstance(most.value, int) and most.value < _MANY:
        # The one that was not asked for longest goes first. Of a loop not all turns are run, so that the last alone is
        # surely kept.
        for oldest in list(memory)[: len(memory) - min(most.value, 1)]:
            del memory[oldest]
    return result


def _through_hooks(
    machine: Machine, owner: Module | Instance, args: list[Value], output: Value, site: Site | None
) -> Value:
    """Run the forward hooks of a module: they may keep its output, or give another."""
    hooks = owner.attributes.get("<hooks>")
    for hook in list(hooks.items) if isinstance(hooks, Sequence) else []:
        given = [owner, Sequence(list(args), "tuple"), output]
        result = call(machine, hook, given, {}, site)
        if not is_none(result) and not isinstance(result, Unknown):
            output = result
    return output


def _before_hooks(
    machine: Machine, owner: Module | Instance, args: list[Value], site: Site | None
) -> list[Value]:
    """Run the hooks before a module's forward: they may change the module, or give other arguments."""
    hooks = owner.attributes.get("<hooks before>")
    for hook in list(hooks.items) if isinstance(hooks, Sequence) else []:
        result = call(machine, hook, [owner, Sequence(list(args), "tuple")], {}, site)
        if isinstance(result, Sequence):
            args = list(result.items)
        elif not is_none(result) and not isinstance(result, Unknown):
            args = [result]
    return args


def _run_forward(
    machine: Machine, module: Module, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    before = machine.randomness
    args = _before_hooks(machine, module, args, site)
    output = module_forward.run_module(machine, module, args, keywords, site)
    if module.region == "torch.compile":
        module_forward.mark_region(machine, output, module.region, site_of(machine, site))
    output = _through_hooks(machine, module, args, output, site)
    if module.parameters or module.children:
        level = Level.CERTAIN if module.exact else Level.LIKELY
        inputs = [*args, *keywords.values()]
        module_forward.note_call(machine, module, inputs, output, site_of(machine, site), before, level)
    return output


def _call_instance(
    machine: Machine, owner: Instance, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    own_call = member(machine, owner, "__call__")
    # A module runs the `forward` that it has itself before that of its class.
    own = owner.attributes.get("forward") if is_module_class(owner.cls) else None
    put = own if isinstance(own, (Function, Bound, Partial, Native)) else member(machine, owner, "forward")
    forward = own_call if own_call is not None else put
    if forward is None and library_bases.base_of(owner) is not None:
        forward = Native("forward", lambda machine, *given: library_bases.run_base(machine, owner, *given))
    if forward is None:
        deps = [tensor for arg in (*args, *keywords.values()) for tensor in tensors_in(arg)]
        if is_module_class(owner.cls) or owner.cls.has_unseen_base():
            made = machine.derived("object", (owner,), owner.cls.definition.name)
            made.module = Level.LIKELY if is_module_class(owner.cls) else Level.NO
            return unseen.call_unknown(machine, made, args, keywords, site)
        return machine.unknown("result", tuple(deps))
    before = machine.randomness
    args = args if own_call is not None else _before_hooks(machine, owner, args, site)
    output = call(machine, forward, args, keywords, site)
    output = _through_hooks(machine, owner, args, output, site)
    if owner.region:
        module_forward.mark_region(machine, output, owner.region, site_of(machine, site))
    if own_call is None:
        inputs = [*args, *keywords.values()]
        module_forward.note_call(machine, owner, inputs, output, site_of(machine, site), before, Level.CERTAIN)
    return output


def enter(
    machine: Machine, function: Function, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    """Run a function of the program on these arguments."""
    definition = function.definition
    machine.entered.add(definition)
    parts = [arg for arg in args if not isinstance(arg, Instance)]
    deepest = _MOST_OF_STRUCTURE if parts and all(isinstance(arg, _STRUCTURES) for arg in parts) else 2
    too_deep = len(machine.active) >= machine.budget.depth or machine.active.count(function) >= deepest
    if too_deep:
        given = tuple(tensor for arg in (*args, *keywords.values()) for tensor in tensors_in(arg))
        if given:
            escapes.give_away(machine, given, site_of(machine, site), "call")
        return machine.unknown(function.name, given)
    frame = Frame(function.program, parent=function.frame, function=function, owner=function.owner)
    bind_arguments(machine, frame, function, args, keywords)
    if isinstance(definition, ast.Lambda):
        return _inside(machine, frame, site, lambda: machine.evaluate(machine, frame, definition.body))
    if function.is_context or function.program.yields(definition):
        return Generator(lambda consume: _produce(machine, function, frame, site, consume))

    def run() -> Value:
        try:
            machine.execute(machine, frame, definition.body)
        except ReturnValue as leave:
            machine.returned = leave.site
            return leave.value
        return NONE

    result = _inside(machine, frame, site, run)
    if function.region:
        module_forward.mark_region(machine, result, function.region, site_of(machine, site))
    return result


def _inside(machine: Machine, frame: Frame, site: Site | None, run) -> Value:  # type: ignore[no-untyped-def]
    function, current = frame.function, machine.current
    assert function is not None
    machine.active.append(function)
    machine.frames.append(frame)
    machine.stack.append(site if site is not None else site_of(machine, None))
    try:
        if function.grad_mode is not None:
            with machine.gradients(function.grad_mode):
                return run()  # type: ignore[no-any-return]
        return run()  # type: ignore[no-any-return]
    finally:
        machine.stack.pop()
        machine.active.pop()
        machine.frames.pop()
        machine.current = current


def _produce(machine: Machine, function: Function, frame: Frame, site: Site | None, consume) -> None:  # type: ignore[no-untyped-def]
    consumer_turn, consumer_active, consumer_frames = machine.turn, list(machine.active), list(machine.frames)

    def hand_over(item: Value) -> Value:
        turn, active, stack, frames = machine.turn, machine.active, machine.stack, machine.frames
        machine.turn, machine.active, machine.frames = consumer_turn, consumer_active, consumer_frames
        machine.stack = stack[:-1]
        machine.waiting.append(frame)
        try:
            return consume(item)  # type: ignore[no-any-return]
        finally:
            machine.turn, machine.active, machine.stack, machine.frames = turn, active, stack, frames
            machine.waiting.pop()

    frame.on_yield = hand_over

    def run() -> Value:
        assert not isinstance(function.definition, ast.Lambda)
        with suppress(ReturnValue):
            machine.execute(machine, frame, function.definition.body)
        return NONE

    _inside(machine, frame, site, run)


def instantiate(
    machine: Machine, cls: ClassValue, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    """An object of a class of the program."""
    if cls.record == "dict":
        return library.call_library(machine, "builtins.dict", args, keywords, site)
    if cls.record == "tuple":
        named = dict(zip(cls.record_fields, args, strict=False))
        named.update({name: value for name, value in keywords.items() if name in cls.record_fields})
        items = [named.get(name, cls.members.get(name, machine.unknown(name))) for name in cls.record_fields]
        return Sequence(items, "tuple", fields=cls.record_fields)
    if named_dicts.keys_are_attributes(cls):
        held = named_dicts.make(machine, args, keywords, site)
        if isinstance(held, Mapping):
            held.cls = cls
        return held
    if enumerations.real(cls) is not None:
        return enumerations.member_of(machine, cls, args)
    made = Instance(cls)
    init = member(machine, made, "__init__")
    if isinstance(init, Bound):
        enter(machine, init.function, [made, *args], keywords, site)
    elif cls.record == "data":
        for name, value in zip(cls.record_fields, args, strict=False):
            made.attributes[name] = value
        made.attributes.update(keywords)
        for name in cls.record_fields:
            if name not in made.attributes:
                made.attributes[name] = _field_default(machine, cls.members.get(name), name)
        post = member(machine, made, "__post_init__")
        if isinstance(post, Bound):
            enter(machine, post.function, [made], {}, site)
    elif has_library_init(cls):
        call(machine, Method(made, "<begin>"), args, keywords, site)
    else:
        library_bases.begin(machine, made, args, keywords, site)
    return made


def _field_default(machine: Machine, value: Value | None, name: str) -> Value:
    if isinstance(value, Mapping) and "default_factory" in value.items:
        return call(machine, value.items["default_factory"], [], {}, None)
    return value if value is not None else machine.unknown(name)
