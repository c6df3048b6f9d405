"""Which definitions could walk a graph at all: the text decides, so that the rest is never run."""

from __future__ import annotations

import ast

from mhlint.syntax.program import Definition, Program

_WORDS = frozenset({"backward", "manual_backward", "grad", "Variable", "autograd"})


def _names(node: ast.AST) -> set[str]:
    found: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.add(part.id)
        elif isinstance(part, ast.Attribute):
            found.add(part.attr)
    return found


def _definitions(program: Program) -> list[tuple[str, Definition]]:
    found: list[tuple[str, Definition]] = []

    def collect(body: list[ast.stmt], owner: str) -> None:
        for statement in body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found.append((owner, statement))
            elif isinstance(statement, ast.ClassDef) and not owner:
                collect(statement.body, statement.name)
            elif isinstance(statement, (ast.If, ast.Try)) and not owner:
                collect([*statement.body, *statement.orelse], owner)

    collect(program.tree.body, "")
    return found


def _relevant(program: Program, words: frozenset[str]) -> dict[Definition, set[str]]:
    """The definitions that walk, or that name one which does, each with all names in it."""
    definitions = _definitions(program)
    names = {definition: _names(definition) for _, definition in definitions}
    relevant = {definition for definition, own in names.items() if own & words}
    while True:
        known = {definition.name for definition in relevant}
        more = {d for d, own in names.items() if d not in relevant and own & known}
        if not more:
            return {definition: names[definition] for definition in relevant}
        relevant |= more


def _words(backward_calls: tuple[str, ...]) -> frozenset[str]:
    return _WORDS | {name.rpartition(".")[2] for name in backward_calls}


def is_relevant(program: Program, backward_calls: tuple[str, ...] = ()) -> bool:
    """Does the code outside of definitions walk, or call what does?"""
    words = _words(backward_calls)
    known = {definition.name for definition in _relevant(program, words)}
    classes = {owner for owner, definition in _definitions(program) if owner and definition.name in known}
    for statement in program.tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
            continue
        if isinstance(statement, (ast.For, ast.While, ast.With)) or _names(statement) & (words | known | classes):
            return True
    return False


def candidates(program: Program, backward_calls: tuple[str, ...] = ()) -> list[tuple[str, Definition]]:
    """The relevant definitions, those that call others before those that are called."""
    relevant = _relevant(program, _words(backward_calls))
    ordered = [(owner, definition) for owner, definition in _definitions(program) if definition in relevant]
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
