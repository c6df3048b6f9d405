"""A source as Python's own syntax tree, with the places of its parts and what its text alone gives away."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from mhlint.findings import Place, Position
from mhlint.source import Source

Definition = ast.FunctionDef | ast.AsyncFunctionDef

_MODULE_METHODS = frozenset(
    (
        "parameters named_parameters state_dict load_state_dict train eval zero_grad requires_grad_ modules "
        "named_modules children apply"
    ).split()
)


class Site(NamedTuple):
    """A node of a program's tree."""

    program: Program
    node: ast.AST

    @property
    def place(self) -> Place:
        return self.program.place(self.node)

    @property
    def row(self) -> int:
        return getattr(self.node, "lineno", 1)


@dataclass(eq=False)
class Program:
    """A parsed source. `name` is its dotted module name where that is known, "" otherwise."""

    source: Source
    tree: ast.Module
    name: str = ""
    is_package: bool = False
    _yields: dict[ast.AST, bool] = field(default_factory=dict)
    _loops: dict[ast.AST, bool] = field(default_factory=dict)
    _texts: dict[ast.AST, str] = field(default_factory=dict)
    _assigned: dict[ast.AST, frozenset[str]] = field(default_factory=dict)
    _names: dict[ast.AST, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def module_evidence(self) -> frozenset[str]:
        """The dotted names on which the text calls what only modules have: `.parameters()`, `.train()`, ..."""
        names = set()
        of_tensors: set[ast.AST] = set()
        for node in self._parts:
            if isinstance(node, ast.Call) and _asks_for_gradients(node):
                of_tensors.add(node.func)
            if isinstance(node, ast.Attribute) and node.attr in _MODULE_METHODS and node not in of_tensors:
                text = dotted(node.value)
                if text:
                    names.add(text)
                    names.add(text.rpartition(".")[2])
        return frozenset(names)

    @cached_property
    def stored_attributes(self) -> dict[str, list[ast.AST]]:
        """Where the text stores to, deletes or empties an attribute, by the attribute's name."""
        stores: dict[str, list[ast.AST]] = {}
        for node in self._parts:
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
                stores.setdefault(node.attr, []).append(node)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                if isinstance(owner, ast.Attribute) and node.func.attr in _EMPTYING:
                    stores.setdefault(owner.attr, []).append(node)
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, (ast.Store, ast.Del)):
                if isinstance(node.value, ast.Attribute):
                    stores.setdefault(node.value.attr, []).append(node)
        return stores

    @cached_property
    def computed_attributes(self) -> frozenset[str]:
        """The attributes to which the text stores what a part of the object gives: `self.z = self.net(x)`."""
        found: set[str] = set()
        for node in self._parts:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                name = dotted(node.value.func)
                if name.startswith("self.") and name.rpartition(".")[2] not in _COPYING:
                    parts = [part for target in node.targets for part in ast.walk(target)]
                    found.update(part.attr for part in parts if isinstance(part, ast.Attribute))
        return frozenset(found)

    @cached_property
    def used_attributes(self) -> dict[str, list[ast.expr]]:
        """Where the text reads an attribute for more than a number to show, by the attribute's name."""
        uses: dict[str, list[ast.expr]] = {}
        shown: set[ast.AST] = set()
        for node in self._parts:
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                continue
            shown.update(shown_in(node))
            if isinstance(node, ast.Attribute) and node.attr not in SHOWING and node not in shown:
                uses.setdefault(node.attr, []).append(node)
        return uses

    @cached_property
    def functions(self) -> frozenset[ast.FunctionDef | ast.AsyncFunctionDef]:
        """All function definitions of the text."""
        return frozenset(node for node in self._parts if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))

    def functions_around(self, row: int) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """The function definitions in which a row stands, the innermost last."""
        found = [node for node in self.functions if node.lineno <= row <= (node.end_lineno or row)]
        return sorted(found, key=lambda node: node.lineno)

    def yields(self, definition: ast.AST) -> bool:
        """Does a function's own body yield?"""
        if definition not in self._yields:
            self._yields[definition] = any(
                isinstance(node, (ast.Yield, ast.YieldFrom)) for node in own_nodes(definition)
            )
        return self._yields[definition]

    def assigned_names(self, definition: ast.AST) -> frozenset[str]:
        """The names that a function's own statements assign to."""
        known = self._assigned.get(definition)
        if known is None:
            own = own_nodes(definition) if isinstance(getattr(definition, "body", None), list) else ()
            stores = (node.id for node in own if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
            known = self._assigned[definition] = frozenset(stores)
        return known

    def has_loop(self, statement: ast.stmt) -> bool:
        """Does the body of a loop hold another loop?"""
        if statement not in self._loops:
            self._loops[statement] = any(
                isinstance(node, (ast.For, ast.While, ast.AsyncFor)) for node in own_nodes(statement)
            )
        return self._loops[statement]

    def place(self, node: ast.AST) -> Place:
        """Where a node stands, 1-based, columns in code points."""
        row = getattr(node, "lineno", 1)
        end_row = getattr(node, "end_lineno", None) or row
        start = self.source.column(row, getattr(node, "col_offset", 0))
        end = self.source.column(end_row, getattr(node, "end_col_offset", None) or 0)
        return Place(self.source.path, Position(row, start), Position(end_row, end))

    def site(self, node: ast.AST) -> Site:
        return Site(self, node)

    @cached_property
    def _parts(self) -> list[ast.AST]:
        """What `ast.walk` yields of the tree, in its order, without constants: a table may hold very many."""
        found: list[ast.AST] = [self.tree]
        for node in found:
            found.extend(children(node))
        return found

    def text(self, node: ast.AST) -> str:
        """The source text of a node on one line, shortened."""
        known = self._texts.get(node)
        if known is None:
            known = self._texts[node] = _one_line(node)
        return known

    def names_in(self, node: ast.AST) -> frozenset[str]:
        """The names of variables and attributes in a part of the tree."""
        known = self._names.get(node)
        if known is None:
            parts = [node]
            for part in parts:
                parts.extend(children(part))
            found = [part.id for part in parts if isinstance(part, ast.Name)]
            found += [part.attr for part in parts if isinstance(part, ast.Attribute)]
            found += [name for part in parts for name in _looked_up(part)]
            known = self._names[node] = frozenset(found)
        return known

    @cached_property
    def definitions(self) -> list[tuple[str, Definition]]:
        """The functions of the module and the methods of its classes, each with its class's name or ""."""
        found: list[tuple[str, Definition]] = []

        def collect(body: list[ast.stmt], owner: str) -> None:
            for statement in body:
                if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    found.append((owner, statement))
                elif isinstance(statement, ast.ClassDef) and not owner:
                    collect(statement.body, statement.name)
                elif isinstance(statement, (ast.If, ast.Try)) and not owner:
                    collect([*statement.body, *statement.orelse], owner)

        collect(self.tree.body, "")
        return found

    @cached_property
    def imports(self) -> list[ast.Import | ast.ImportFrom]:
        """The import statements, those inside of functions, too."""
        return [node for node in self._parts if isinstance(node, (ast.Import, ast.ImportFrom))]


def children(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that are no constants."""
    for name in node._fields:
        held = getattr(node, name, None)
        if isinstance(held, list):
            yield from [item for item in held if type(item) is not ast.Constant and isinstance(item, ast.AST)]
        elif isinstance(held, ast.AST) and type(held) is not ast.Constant:
            yield held


SHOWING = frozenset(
    "item data detach numpy tolist argmax numel long shape size dim ndim device dtype requires_grad is_cuda".split()
)
_REDUCING = frozenset("mean sum abs max min norm sqrt squeeze".split())
_PRINTING = frozenset({"float", "int", "bool", "str", "print", "round", "format", "len", "isinstance"})
_COPYING = frozenset("to cuda cpu float double half long clone detach view type copy".split())
_EMPTYING = frozenset({"clear", "pop", "popitem", "remove", "append", "extend", "update", "insert", "popleft"})


def shown_in(node: ast.AST) -> list[ast.expr]:
    """The parts of an expression that it takes no more of than a number to show."""
    if isinstance(node, ast.Attribute) and node.attr in SHOWING:
        return list(_made_of(node.value))
    if isinstance(node, ast.FormattedValue):
        return [node.value]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _PRINTING:
        return node.args
    return []


def _made_of(value: ast.expr) -> Iterator[ast.expr]:
    """An expression, and what it takes an item or a mean of: of `losses[0].mean().item()` no more is used, either."""
    yield value
    while True:
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _REDUCING:
            value = value.func.value
        elif isinstance(value, ast.Subscript):
            value = value.value
        else:
            return
        yield value


def _asks_for_gradients(node: ast.Call) -> bool:
    """Is it `x.requires_grad_()`? That is what one asks of tensors; modules are frozen and thawed by a flag."""
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "requires_grad_":
        return False
    return all(isinstance(value, ast.Constant) and value.value is True for value in given)


def _one_line(node: ast.AST) -> str:
    try:
        text = ast.unparse(node)
    except (ValueError, RecursionError):
        return "..."
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


def own_nodes(owner: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a body, without those of functions and classes defined in it."""
    todo = list(getattr(owner, "body", []))
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            todo.extend(children(node))


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a chain of names and attributes, "" for anything else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def parse(source: Source, name: str = "", is_package: bool = False) -> Program:
    """The program of a source. Raises SyntaxError or ValueError where Python cannot read it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source.text.removeprefix("\ufeff"))
    return Program(source, tree, name, is_package)


def _looked_up(node: ast.AST) -> list[str]:
    """The names in `getattr(value, "name")`."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr"):
        return []
    return [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
