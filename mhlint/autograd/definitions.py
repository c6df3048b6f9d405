"""Definitions: functions with what their decorators make of them, classes with their members."""

from __future__ import annotations

import ast
from typing import cast

from mhlint.autograd import enumerations
from mhlint.autograd.frames import Frame
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_forward import compiles
from mhlint.autograd.special_methods import special
from mhlint.autograd.values import (
    FALSE,
    MAKING,
    MOST_REMEMBERED,
    Bound,
    ClassValue,
    Const,
    Function,
    Instance,
    Key,
    Library,
    Mapping,
    Method,
    Object,
    Partial,
    Sequence,
    Unknown,
    Value,
)
from mhlint.syntax.program import Definition

_METACLASS = "<metaclass>"
_GRAD_MODES = {
    "torch.no_grad": False, "torch.inference_mode": False, "torch.enable_grad": True,
    "torch.autograd.no_grad": False, "torch.autograd.grad_mode.no_grad": False,
}  # fmt: skip
_COMPILERS = frozenset({"torch.compile", "torch._dynamo.optimize"})
_MEMORIES = frozenset({"functools.cache", "functools.lru_cache"})
_CONTEXTS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})
_PROPERTIES = frozenset({"property", "cached_property", "functools.cached_property", "abc.abstractproperty"})
RECORD_BASES = frozenset({"typing.NamedTuple", "NamedTuple", "collections.namedtuple"})
_DICT_BASES = frozenset({"typing.TypedDict", "typing_extensions.TypedDict"})


def define_function(machine: Machine, frame: Frame, node: Definition | ast.Lambda) -> Value:
    """The value of a `def` or a `lambda`: a function, or what its decorators make of it."""
    function = Function(node, frame.program, frame)
    defaults = node.args
    positional = [*defaults.posonlyargs, *defaults.args]
    for parameter, default in zip(
        positional[len(positional) - len(defaults.defaults) :], defaults.defaults, strict=True
    ):
        function.defaults[parameter.arg] = machine.evaluate(machine, frame, default)
    for parameter, keyword_default in zip(defaults.kwonlyargs, defaults.kw_defaults, strict=True):
        if keyword_default is not None:
            function.defaults[parameter.arg] = machine.evaluate(machine, frame, keyword_default)
    value: Value = function
    for decorator in reversed(getattr(node, "decorator_list", [])):
        value = _decorated(machine, frame, function, value, decorator)
    return value


def _decorated(machine: Machine, frame: Frame, function: Function, value: Value, node: ast.expr) -> Value:
    if isinstance(node, ast.Attribute) and node.attr in ("setter", "getter", "deleter"):
        function.attributes["<accessor>"] = Const(node.attr)
        return value
    if isinstance(node, ast.Name) and frame.look_up(node.id) is None:
        if node.id == "staticmethod":
            function.is_static = True
        elif node.id == "classmethod":
            function.is_class_method = True
        elif node.id in _PROPERTIES:
            function.is_property = True
            function.is_cached = node.id == "cached_property"
        return value
    decorator = machine.evaluate(machine, frame, node.func if isinstance(node, ast.Call) else node)
    if isinstance(decorator, Library):
        name = decorator.name
        if name == "torch.set_grad_enabled" and isinstance(node, ast.Call) and node.args:
            flag = machine.evaluate(machine, frame, node.args[0])
            function.grad_mode = bool(flag.value) if isinstance(flag, Const) else None
        elif name in _GRAD_MODES:
            enabled = _GRAD_MODES[name]
            if isinstance(node, ast.Call) and node.args and machine.evaluate(machine, frame, node.args[0]) == FALSE:
                enabled = True
            function.grad_mode = enabled
        elif name in _CONTEXTS:
            function.is_context = True
        elif name in _PROPERTIES:
            function.is_property = True
            function.is_cached = name.endswith("cached_property")
        elif name in _COMPILERS:
            given = node.keywords if isinstance(node, ast.Call) else []
            settings = {item.arg: machine.evaluate(machine, frame, item.value) for item in given if item.arg}
            function.region = "torch.compile" if compiles(settings) else ""
        elif name in _MEMORIES:
            function.memory = {}
            if isinstance(node, ast.Call):
                for size in [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "maxsize")]:
                    function.attributes[MOST_REMEMBERED] = machine.evaluate(machine, frame, size)
        return value
    if isinstance(decorator, Method) and isinstance(decorator.owner, Object) and isinstance(node, ast.Call):
        # A trainer of a library takes it for a handler of its own.
        machine.call(machine, machine.evaluate(machine, frame, node), [value], {}, None)
        return value
    made = _decorated_by_own(machine, frame, decorator, value, node)
    if isinstance(made, Function) and made is not function:
        made.is_static, made.is_class_method = function.is_static, function.is_class_method
        made.attributes["<wrapped>"] = function
    return made if isinstance(made, (Function, Bound, Partial, Instance)) else value


def _decorated_by_own(machine: Machine, frame: Frame, decorator: Value, value: Value, node: ast.expr) -> Value | None:
    """What a decorator of the program's own makes: a function, a method of a registry, a class."""
    if isinstance(node, ast.Call):
        if not isinstance(decorator, (Function, Bound, ClassValue)):
            return None
        decorator = machine.evaluate(machine, frame, node)
    if not isinstance(decorator, (Function, Bound, Partial, ClassValue, Instance)):
        return None
    return machine.call(machine, decorator, [value], {}, None)


def define_class(machine: Machine, frame: Frame, node: ast.ClassDef) -> Value:
    """The value of a `class` statement."""
    bases: list[Value] = []
    record = ""
    for base in node.bases:
        value = machine.evaluate(machine, frame, base.value if isinstance(base, ast.Subscript) else base)
        if isinstance(value, Library) and value.name in RECORD_BASES:
            record = "tuple"
        if isinstance(value, Library) and value.name in _DICT_BASES:
            record = "dict"
        if isinstance(value, (ClassValue, Library, Unknown)):
            if not (
                isinstance(value, Library) and value.name in ("object", "abc.ABC", "typing.Generic", "typing.Protocol")
            ):
                bases.append(value)
        else:
            bases.append(machine.unknown("base"))
    body = Frame(frame.program, parent=frame, is_class_body=True)
    cls = ClassValue(node, frame.program, tuple(bases), body.variables)
    body.owner = cls
    machine.execute(machine, body, node.body)
    for name, member in list(body.variables.items()):
        inner = member
        if isinstance(inner, Function) and inner.owner is None:
            inner.owner = cls
            wrapped = inner.attributes.get("<wrapped>")
            if isinstance(wrapped, Function):
                wrapped.owner = cls
            if inner.attributes.get("<accessor>") == Const("setter"):
                body.variables[f"{name}.setter"] = inner
                body.variables[name] = _getter_of(node, name, machine, frame, cls) or inner
    if any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
        record = "data"
    cls.record = record or next((base.record for base in bases if isinstance(base, ClassValue)), "")
    if cls.record:
        inherited = next((base.record_fields for base in bases if isinstance(base, ClassValue)), ())
        own = [s.target.id for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)]
        cls.record_fields = (*inherited, *own)
    enumerations.define(machine, cls)
    for name, member in list(cls.members.items()):
        special(machine, member, "set_name", [cls, Const(name)], None)
    _tell_bases(machine, frame, cls)
    _tell_metaclass(machine, frame, cls)
    return _decorated_class(machine, frame, cls)


def _tell_metaclass(machine: Machine, frame: Frame, cls: ClassValue) -> None:
    """`__new__` and `__init__` of a metaclass of the program's own: most put the class into a registry."""
    given = next((keyword.value for keyword in cls.definition.keywords if keyword.arg == "metaclass"), None)
    if given is not None:
        cls.members[_METACLASS] = machine.evaluate(machine, frame, given)
    kinds = (base.members.get(_METACLASS) for base in cls.order() if isinstance(base, ClassValue))
    kind = next((found for found in kinds if found is not None), None)
    if not isinstance(kind, ClassValue):
        return
    body = Mapping(cast("dict[Key, Value]", cls.members))
    parts = [Const(cls.definition.name), Sequence(list(cls.bases), "tuple"), body]
    for name, receiver in (("__new__", kind), ("__init__", cls)):
        hook = next((b.members[name] for b in kind.order() if isinstance(b, ClassValue) and name in b.members), None)
        if isinstance(hook, Function):
            kind.members[MAKING] = cls
            machine.call(machine, hook, [receiver, *parts], {}, None)
            del kind.members[MAKING]


def _tell_bases(machine: Machine, frame: Frame, cls: ClassValue) -> None:
    """`__init_subclass__` of the nearest base that has one."""
    for base in cls.order()[1:]:
        hook = base.members.get("__init_subclass__") if isinstance(base, ClassValue) else None
        if isinstance(hook, Function):
            given = {
                keyword.arg: machine.evaluate(machine, frame, keyword.value)
                for keyword in cls.definition.keywords
                if keyword.arg is not None and keyword.arg != "metaclass"
            }
            machine.call(machine, hook, [cls], given, None)
            return


def _decorated_class(machine: Machine, frame: Frame, cls: ClassValue) -> Value:
    """A class after its decorators: most put it into a registry and give it back."""
    made: Value = cls
    for node in reversed(cls.definition.decorator_list):
        decorator = machine.evaluate(machine, frame, node.func if isinstance(node, ast.Call) else node)
        found = _decorated_by_own(machine, frame, decorator, made, node)
        made = found if isinstance(found, (ClassValue, Function)) else made
    return made


def _getter_of(node: ast.ClassDef, name: str, machine: Machine, frame: Frame, cls: ClassValue) -> Value | None:
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == name:
            getter = Function(statement, frame.program, frame, owner=cls, is_property=True)
            return getter
    return None
