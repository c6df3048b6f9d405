"""Which definitions could walk a graph at all: the text decides, so that the rest is never run."""

from __future__ import annotations

import ast

from mhlint.syntax.program import Definition, Program
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
    return own | _imported(program, project, own, frozenset([program]))


def _drivers(program: Program) -> set[str]:
    """The methods that run a library's loop, where a program imports that library."""
    found: set[str] = set()
    for node in program.imports:
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [item.name for item in node.names]
        found |= {_DRIVERS[name] for name in (module.partition(".")[0] for module in modules) if name in _DRIVERS}
    return found


def _imported(program: Program, project: Project, words: frozenset[str], above: frozenset[Program]) -> set[str]:
    """What a module imports that walks, looked for in what its imports import, too (`_MOST_HOPS` files deep)."""
    found: set[str] = set()
    for node in program.imports:
        if isinstance(node, ast.ImportFrom):
            module = project.find(program, node.module or "", node.level)
            names = {item.name: item.asname or item.name for item in node.names}
            offered = _through(module, project, words, above, None if "*" in names else set(names))
            found |= {names.get(name, name) for name in offered}
        else:
            for item in node.names:
                found |= _through(project.find(program, item.name), project, words, above, None)
    return found


def _through(
    module: Program | None,
    project: Project,
    words: frozenset[str],
    above: frozenset[Program],
    imported: set[str] | None,
) -> set[str]:
    if module is None or module in above:
        return set()
    inner = _imported(module, project, words, above | {module}) if len(above) < _MOST_HOPS else set()
    # A package passes on what it imports from its own files.
    return _offered(module, words | inner, imported) | (inner if module.is_package else set())


def _offered(module: Program, words: frozenset[str], imported: set[str] | None) -> set[str]:
    """The functions of a module that walk, and the methods that do of the classes that are imported."""
    known = _relevant(module, words)
    return {
        definition.name
        for owner, definition in module.definitions
        if definition in known and (imported is None or (owner or definition.name) in imported)
        and not definition.name.startswith("__")
    }  # fmt: skip


def walkers(program: Program, backward_calls: tuple[str, ...] = ()) -> set[str]:
    """The names of the definitions of a module that walk, or that call one of it which does."""
    own = _WORDS | {name.rpartition(".")[2] for name in backward_calls}
    return _offered(program, own, None)


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
