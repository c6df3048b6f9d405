"""What a Python expression can be to the machine: constants, containers, functions, modules, tensors, unknowns."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mhlint.autograd.graph import Level, Node, Storage, Turn

if TYPE_CHECKING:
    from mhlint.autograd.frames import Frame
    from mhlint.syntax.program import Program, Site

Key = Hashable
Shape = tuple["int | None", ...] | None


class Term(tuple[Key, ...]):
    """The key of a computed value. Its hash is kept: terms share their parts, and unfolded they can be huge."""

    def __hash__(self) -> int:
        known: int | None = self.__dict__.get("hash")
        if known is None:
            known = self.__dict__["hash"] = tuple.__hash__(self)
        return known

    def __repr__(self) -> str:
        return f"Term({id(self):x})"


class Value:
    """Anything an expression can evaluate to."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Const(Value):
    """A Python constant that is known: a number, a string, a bool, None, Ellipsis."""

    value: Any


NONE = Const(None)
MOST_REMEMBERED = "<maxsize>"
"""How many results a function remembers, as `lru_cache(maxsize=1)` is told."""
PLAIN = "<plain>"
"""The attribute of a value that is surely no tensor: a shape or a number of one."""
MAKING = "<making>"
"""Where a metaclass holds the class that its `__new__` is about to make."""
TRUE = Const(True)
FALSE = Const(False)


@dataclass(frozen=True, slots=True, eq=False)
class MissingGradient(Const):
    """The None that `.grad` of `tensor` holds."""

    tensor: Tensor | None = None


def is_none(value: Value | None) -> bool:
    """Is a value surely None?"""
    return isinstance(value, Const) and value.value is None


ORIGIN = "<origin>"
"""The attribute of an unknown value, and of its tensor, for the result of an unseen call that it is or is part of."""

MADE_FROM = "<made from>"
"""The attribute of the result of an unseen call for the results of unseen calls that it was given."""


@dataclass(eq=False, slots=True, repr=False)
class Unknown(Value):
    """A value the machine does not know. The same `key` on one path is the same value.

    `deps` are the graph tensors it may have been made from; `label` is how the source calls it; `module` is how
    sure it is to be a module, with `parameter` standing for all of its parameters. For numbers: `base` and
    `offset` make `n - 1` comparable with `n`; `at_least` and `at_most` bound it; a loop's second index is
    `within` the loop's bound and stands at `position` 1 of a list of unknown length. `data` is what a loader of
    plain data gives: tensors that require no grad unless the program asks for it. `length` is how many items are
    in it, where that is known. `turn` are the turns of the loops in which it came about. What is
    `computed` from what stands in the source has one value, which is not known.
    """

    key: Key
    label: str = ""
    deps: tuple[Tensor, ...] = ()
    attributes: dict[Key, Value] = field(default_factory=dict)
    module: Level = Level.NO
    parameter: Tensor | None = None
    offset: int = 0
    base: Key = None
    at_least: int | None = None
    at_most: int | None = None
    within: Key = None
    position: int | None = None
    data: bool = False
    length: int | None = None
    turn: tuple[tuple[int, int], ...] = ()
    computed: bool = False


@dataclass(eq=False, slots=True, repr=False)
class Gradient(Value):
    """What `.grad` of a tensor holds: the walks that added to it, and how sure it is to be there at all."""

    walks: list[int] = field(default_factory=list)
    level: Level = Level.NO
    zeroed: bool = False


@dataclass(eq=False, slots=True, repr=False)
class Tensor(Value):
    """A tensor. A leaf has no `node`; `requires_grad` is then True, False or None (not known).

    `elements` is 1, 2 (more than one), 3 (more than one in all likelihood) or None (not known). `unseen_call` marks
    the result of a call that was not seen: it may as well be a tuple or a dict of tensors, and `parts` holds those
    taken out of it; they are outputs of one node for certain (`parts_level` CERTAIN) or perhaps of separate graphs
    (GUESS).
    """

    storage: Storage = field(default_factory=Storage)
    node: Node | None = None
    requires_grad: bool | None = False
    elements: int | None = None
    shape: Shape = None
    name: str = ""
    site: Site | None = None
    turn: tuple[tuple[int, int], ...] = ()
    gradient: Gradient = field(default_factory=Gradient)
    retains_grad: bool = False
    parameter: bool = False
    detached_from: Tensor | None = None
    unseen_call: bool = False
    parts_level: Level = Level.GUESS
    parts: dict[Key, Tensor] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)
    grad_of: Tensor | None = None
    integral: bool = False
    silenced_at: Site | None = None
    hooked: bool = False
    stands_for_many: bool = False

    def switch(self, flag: bool | None) -> None:
        """Set the flag of a leaf. Of the many parameters of an unseen module some may be left out when it is frozen, or
        come later: a new head on a frozen body."""
        self.requires_grad = None if flag is False and self.stands_for_many else flag

    def graph(self) -> tuple[Node | Tensor, Level] | None:
        """Where a walk from this tensor starts, and how sure that is; None when there is surely no graph."""
        if self.node is not None:
            return self.node, Level.CERTAIN if self.requires_grad else self.node.sure
        if self.requires_grad is False:
            return (self, Level.MAYBE) if self.storage.grown else None
        return self, Level.CERTAIN if self.requires_grad else Level.MAYBE

    @property
    def is_leaf(self) -> bool:
        return self.node is None


@dataclass(eq=False, slots=True, repr=False)
class Sequence(Value):
    """A list, tuple or set. When not `exact`, its items are the first, the second and the last of unknown many.

    `fields` are the names of a named tuple's items, `most` is how many a bounded deque holds. What `zip` and its like
    give is taken `once`: then nothing is left.
    """

    items: list[Value]
    kind: str = "list"
    exact: bool = True
    fields: tuple[str, ...] = ()
    most: int | None = None
    once: bool = False


@dataclass(eq=False, slots=True, repr=False)
class Mapping(Value):
    """A dict with constant keys. When not `exact`, it may hold other keys, too; `stored` says in which turns of loops
    something was stored under keys that are not known; `named` that its keys are its attributes, beside the methods of
    `cls`; `of_names` that its items are what the names of a module, or the attributes of an object, stand for.
    """

    items: dict[Key, Value]
    exact: bool = True
    default: Value | None = None
    stored: dict[Key, Turn] = field(default_factory=dict)
    named: bool = False
    cls: ClassValue | None = None
    of_names: bool = False


@dataclass(eq=False, slots=True, repr=False)
class Range(Value):
    """A `range` whose bounds may be unknown."""

    start: Value
    stop: Value
    step: Value


@dataclass(frozen=True, slots=True)
class Slice(Value):
    """A slice in a subscript."""

    lower: Value
    upper: Value
    step: Value


@dataclass(frozen=True, slots=True)
class Library(Value):
    """Something of a library that is known by its full name alone: `torch.nn.functional.relu`."""

    name: str


_ONLY_FOR_CHECKERS = frozenset({"typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING"})
"""Flags of libraries that are true for type checkers, and false where the program runs."""


def in_library(name: str) -> Const | Library:
    """What a library holds under a full name."""
    return Const(False) if name in _ONLY_FOR_CHECKERS else Library(name)


@dataclass(frozen=True, slots=True)
class Method(Value):
    """A method of a value that the machine models: a tensor, a container, a module, an optimizer."""

    owner: Value
    name: str


@dataclass(frozen=True, slots=True)
class Native(Value):
    """A callable that the machine itself provides."""

    name: str
    call: Callable[..., Value]


@dataclass(eq=False, slots=True, repr=False)
class Function(Value):
    """A function, method or lambda of the program, with the frame it closes over.

    `memory` holds the results of one that remembers them: `functools.cache`.
    """

    definition: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    program: Program
    frame: Frame
    owner: ClassValue | None = None
    defaults: dict[str, Value] = field(default_factory=dict)
    grad_mode: bool | None = None
    is_static: bool = False
    is_class_method: bool = False
    is_property: bool = False
    is_cached: bool = False
    is_context: bool = False
    region: str = ""
    memory: dict[Key, Value] | None = None
    attributes: dict[str, Value] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return getattr(self.definition, "name", "<lambda>")


@dataclass(frozen=True, slots=True)
class Bound(Value):
    """A function bound to its first argument."""

    function: Function
    receiver: Value


@dataclass(frozen=True, slots=True)
class Partial(Value):
    """`functools.partial`."""

    function: Value
    args: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...]


@dataclass(eq=False, slots=True, repr=False)
class ClassValue(Value):
    """A class of the program; `bases` are classes, library names or unknowns."""

    definition: ast.ClassDef
    program: Program
    bases: tuple[Value, ...]
    members: dict[str, Value] = field(default_factory=dict)
    record_fields: tuple[str, ...] = ()
    record: str = ""

    def order(self) -> list[Value]:
        """The class and its bases in the order in which a name is looked up."""
        found: list[Value] = [self]
        for base in self.bases:
            for item in base.order() if isinstance(base, ClassValue) else [base]:
                if item in found:
                    found.remove(item)
                found.append(item)
        return found

    def library_bases(self) -> list[str]:
        return [base.name for base in self.order() if isinstance(base, Library)]

    def has_unseen_base(self) -> bool:
        return any(isinstance(base, Unknown) for base in self.order())


@dataclass(eq=False, slots=True, repr=False)
class Instance(Value):
    """An object of a class of the program."""

    cls: ClassValue
    attributes: dict[str, Value] = field(default_factory=dict)
    training: bool | None = True
    hidden: Unknown | None = None
    region: str = ""


@dataclass(eq=False, slots=True, repr=False)
class Module(Value):
    """A module of torch's own: `kind` is its class name; its parameters and children by name. `computed` are the
    parameters that each forward makes of others (weight norm), and how surely the making keeps those."""

    kind: str
    parameters: dict[str, Tensor] = field(default_factory=dict)
    children: dict[str, Value] = field(default_factory=dict)
    settings: dict[str, Value] = field(default_factory=dict)
    training: bool | None = True
    region: str = ""
    exact: bool = True
    attributes: dict[str, Value] = field(default_factory=dict)
    constructor: object = None
    computed: dict[str, Level] = field(default_factory=dict)


@dataclass(eq=False, slots=True, repr=False)
class Optimizer(Value):
    """An optimizer and the parameters it was given; `exact` when it surely holds no others; `evaluates_again` when one
    step calls its closure several times."""

    parameters: list[Tensor]
    exact: bool = True
    fused: bool | None = False
    name: str = ""
    site: Site | None = None
    evaluates_again: bool = False


@dataclass(eq=False, slots=True, repr=False)
class Object(Value):
    """An object of a library class that the machine models by name: a gradient scaler, an accelerator, ..."""

    kind: str
    settings: dict[str, Value] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)


@dataclass(eq=False, slots=True, repr=False)
class Namespace(Value):
    """A module of the same project, already run."""

    program: Program
    frame: Frame


@dataclass(frozen=True, slots=True)
class Super(Value):
    """`super()` inside a method: where the look-up starts, and the receiver."""

    owner: ClassValue
    receiver: Value


def tensors_in(value: Value | None, depth: int = 4) -> list[Tensor]:
    """The tensors that a value is, holds or may have been made from (containers to `depth` levels)."""
    if isinstance(value, Tensor):
        return [value, *value.parts.values()] if value.parts else [value]
    if isinstance(value, Unknown):
        return list(value.deps)
    if depth == 0:
        return []
    if isinstance(value, Sequence):
        return [tensor for item in value.items for tensor in tensors_in(item, depth - 1)]
    if isinstance(value, Mapping):
        return [tensor for item in value.items.values() for tensor in tensors_in(item, depth - 1)]
    if isinstance(value, Instance) and value.cls.record:
        return [tensor for item in value.attributes.values() for tensor in tensors_in(item, depth - 1)]
    return []


def key_of(value: Value) -> Key:
    """What makes two uses of a value the same on one path."""
    if isinstance(value, Const):
        try:
            hash(value.value)
        except TypeError:
            return ("const", repr(value.value))
        return ("const", type(value.value).__name__, value.value)
    if isinstance(value, Unknown):
        return value.key
    if isinstance(value, Sequence) and value.exact and value.kind == "tuple":
        return ("tuple", *(key_of(item) for item in value.items))
    if isinstance(value, Library):
        return ("library", value.name)
    try:
        hash(value)
    except TypeError:
        return ("object", id(value))
    # The value itself, not its id: an id is used again once its object is gone.
    return ("object", value)
