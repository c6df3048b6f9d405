"""Which definitions could walk a graph at all: the text decides, so that the rest is never run."""

from __future__ import annotations

import ast
from collections.abc import Container
from dataclasses import dataclass, field

from mhlint.syntax.program import Definition, Program, dotted
from mhlint.syntax.project import Project

_WORDS = frozenset({"backward", "manual_backward", "grad", "Variable", "autograd"})
_DRIVEN = frozenset({"training_step"})
"""Methods that a library calls, to walk what they return; in a program that imports a trainer `compute_loss`, too."""
_DRIVERS = {
    "lightning": "fit", "pytorch_lightning": "fit", "transformers": "train", "trl": "train", "skorch": "fit",
    "ignite": "run",
}  # fmt: skip
"""What runs such a loop, by the package that has it."""
_MOST_HOPS = 3


def _relevant(program: Program, words: frozenset[str]) -> dict[Definition, frozenset[str]]:
    """The definitions that walk, or that name one which does, each with all names in it."""
    definitions = program.definitions
    names = {definition: program.names_in(definition) for _, definition in definitions}
    driven = _DRIVEN | {"compute_loss"} if "train" in _drivers(program) else _DRIVEN
    relevant = {definition for definition, own in names.items() if own & words or definition.name in driven}
    while True:
        known = {definition.name for definition in relevant}
        more = {d for d, own in names.items() if d not in relevant and own & known}
        if not more:
            return {definition: names[definition] for definition in relevant}
        relevant |= more


def words_of(program: Program, project: Project, backward_calls: tuple[str, ...]) -> frozenset[str]:
    """The names that stand for a walk: those of the engine, and of what walks in the modules that are imported."""
    own = frozenset(_WORDS | _drivers(program) | {name.rpartition(".")[2] for name in backward_calls})
    imports = _Imports(project, own, program)
    words = own | imports.of(program, _MOST_HOPS)
    return words | imports.inherited(program, _MOST_HOPS, frozenset(_relevant(program, words)), None)


def _drivers(program: Program) -> set[str]:
    """The methods that run a library's loop, where a program imports that library."""
    found: set[str] = set()
    for node in program.imports:
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [item.name for item in node.names]
        found |= {_DRIVERS[name] for name in (module.partition(".")[0] for module in modules) if name in _DRIVERS}
    return found


@dataclass
class _Imports:
    """What modules import that walks. Many modules of a project import the same few: each is looked at once."""

    project: Project
    words: frozenset[str]
    main: Program
    _known: dict[tuple[Program, int], frozenset[str]] = field(default_factory=dict)
    _walking: dict[tuple[Program, frozenset[str]], frozenset[Definition]] = field(default_factory=dict)

    def of(self, program: Program, hops: int) -> frozenset[str]:
        """The names under which a module has what walks in its imports, and in theirs (`hops` files deep)."""
        asked = program, hops
        if asked not in self._known:
            found: set[str] = set()
            for node in program.imports:
                if isinstance(node, ast.ImportFrom):
                    module = self.project.find(program, node.module or "", node.level)
                    names = {item.name: item.asname or item.name for item in node.names}
                    offered = self._through(module, hops - 1, None if "*" in names else set(names))
                    found |= {names.get(name, name) for name in offered}
                else:
                    for item in node.names:
                        found |= self._through(self.project.find(program, item.name), hops - 1, None)
            self._known[asked] = frozenset(found)
        return self._known[asked]

    def _through(self, module: Program | None, hops: int, imported: set[str] | None) -> frozenset[str]:
        if module is None or module is self.main:
            return frozenset()
        inner = self.of(module, hops) if hops > 0 else frozenset()
        asked = module, inner
        if asked not in self._walking:
            self._walking[asked] = frozenset(_relevant(module, self.words | inner))
        wanted = None if imported is None else imported | _ancestors(module, imported)
        offered = _offered(module, self._walking[asked], wanted)
        if hops > 0:
            offered |= self.inherited(module, hops, self._walking[asked], wanted)
        # A package passes on what it imports from its own files.
        return offered | inner if module.is_package else offered

    def inherited(
        self, module: Program, hops: int, walking: frozenset[Definition], wanted: set[str] | None
    ) -> frozenset[str]:
        """The methods of bases in other files that walk, or that call a method of a class here which does."""
        found: frozenset[str] = frozenset()
        for cls in _classes(module):
            own = {d.name for owner, d in module.definitions if owner == cls.name and d in walking}
            bases = {dotted(base).rpartition(".")[2] for base in cls.bases} - {""}
            if not own or not bases or (wanted is not None and cls.name not in wanted):
                continue
            for node in module.imports:
                names = {item.name for item in node.names if (item.asname or item.name) in bases}
                if not isinstance(node, ast.ImportFrom) or not names:
                    continue
                origin = self.project.find(module, node.module or "", node.level)
                if origin is not None and origin is not self.main:
                    inner = self.of(origin, hops - 1) if hops > 1 else frozenset()
                    above = frozenset(_relevant(origin, self.words | inner | own))
                    found |= _offered(origin, above, names | _ancestors(origin, names))
        return found


def _classes(module: Program) -> list[ast.ClassDef]:
    return [statement for statement in module.tree.body if isinstance(statement, ast.ClassDef)]


def _ancestors(module: Program, names: set[str]) -> set[str]:
    """The classes of a module that those of these names are derived from, in the same module."""
    bases = {cls.name: {dotted(base) for base in cls.bases} for cls in _classes(module)}
    found: set[str] = set()
    newest = names
    while newest:
        newest = {base for name in newest for base in bases.get(name, ()) if base in bases} - found
        found |= newest
    return found


def _offered(module: Program, walking: Container[Definition], imported: set[str] | None) -> frozenset[str]:
    """The functions of a module that walk, and the methods that do of the classes that are imported."""
    return frozenset(
        definition.name
        for owner, definition in module.definitions
        if definition in walking and (imported is None or (owner or definition.name) in imported)
        and not definition.name.startswith("__")
    )  # fmt: skip


def walking_definitions(program: Program, words: frozenset[str]) -> list[tuple[str, Definition]]:
    """The definitions that walk, call one of `words` or call one of the module which does, with their classes."""
    known = _relevant(program, _WORDS | words)
    return [(owner, definition) for owner, definition in program.definitions if definition in known]


def names_that_walk(program: Program, words: frozenset[str]) -> frozenset[str]:
    """The names in a module that stand for a walk: `words`, and its definitions that walk."""
    return words | {definition.name for definition in _relevant(program, words)}


def is_relevant(program: Program, words: frozenset[str]) -> bool:
    """Does the code outside of definitions walk, or call what does?"""
    known = {definition.name for definition in _relevant(program, words)}
    classes = {owner for owner, definition in program.definitions if owner and definition.name in known}
    for statement in program.tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
            continue
        loops = isinstance(statement, (ast.For, ast.While, ast.With))
        if loops or program.names_in(statement) & (words | known | classes):
            return True
    return False


def candidates(program: Program, words: frozenset[str]) -> list[tuple[str, Definition]]:
    """The relevant definitions, those that call others before those that are called."""
    relevant = _relevant(program, words)
    ordered = [(owner, definition) for owner, definition in program.definitions if definition in relevant]
    by_name: dict[str, list[Definition]] = {}
    for _, definition in ordered:
        by_name.setdefault(definition.name, []).append(definition)

    depth: dict[Definition, int] = {}

    def depth_of(definition: Definition, above: tuple[Definition, ...]) -> int:
        if definition in depth or definition in above or len(above) > 20:
            return depth.get(definition, 0)
        callees = [c for name in relevant[definition] for c in by_name.get(name, ()) if c is not definition]
        depth[definition] = 1 + max((depth_of(c, (*above, definition)) for c in callees), default=0)
        return depth[definition]

    for _, definition in ordered:
        depth_of(definition, ())
    return sorted(ordered, key=lambda pair: (-depth[pair[1]], pair[1].lineno))
