"""What the versions of a witness start from, each thing under one name: modules, parameters, data."""

from __future__ import annotations

import ast
import builtins
import hashlib
import keyword
import re
from dataclasses import dataclass, field

from mhlint.syntax.program import Program, Site

_OWN_WORDS = "torch nn F start before after before_ after_ look walks main run compare".split()
_TAKEN = frozenset({*_OWN_WORDS, *dir(builtins)})


@dataclass
class Stock:
    """Names by key, constructors and comments by name; a name that one version uses means the same in the other."""

    made: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=lambda: set(_TAKEN))
    local: set[str] = field(default_factory=set)

    def name(self, key: str, wish: str, constructor: str, comment: str = "", kind: str = "") -> str:
        """The name of the thing that a key stands for, made when first asked for.

        Two things of one `kind` may stand for each other; `used` are the names by key since it was last emptied.
        `local` are the variables of the version that is being written: nothing it starts from may be called so.
        """
        if key not in self.names:
            self.names[key] = name = self.free(wish)
            self.made[name] = constructor
            self.comments[name] = comment
            self.kinds[name] = f"{kind} {constructor}"
        self.used[key] = self.names[key]
        return self.names[key]

    def copy(self) -> Stock:
        """The same stock, to try something with."""
        return Stock(
            dict(self.made), dict(self.comments), dict(self.names), dict(self.kinds), taken=set(self.taken)
        )

    def free(self, wish: str) -> str:
        """A name nobody uses yet, as near to the wish as can be."""
        stem = re.sub(r"\W+", "_", wish, flags=re.ASCII).strip("_").removeprefix("self_")[:24].strip("_") or "value"
        if stem[0].isdigit() or keyword.iskeyword(stem):
            stem = f"the_{stem}"
        name, count = stem, 1
        while name in self.taken or name in self.local:
            count += 1
            name = f"{stem}_{count}"
        self.taken.add(name)
        return name

    def free_local(self, wish: str) -> str:
        """A name for a variable of the version that is being written."""
        name = self.free(wish)
        self.taken.discard(name)
        self.local.add(name)
        return name


def digest(*parts: str) -> str:
    """A short word that stands for some words."""
    return hashlib.sha1("\0".join(parts).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:16]


class Labels:
    """How the sources call the values that their expressions make."""

    def __init__(self) -> None:
        self._direct: dict[Program, dict[ast.AST, str]] = {}
        self._inside: dict[Program, dict[ast.AST, str]] = {}

    def of_value(self, site: Site) -> str:
        """The name that exactly this expression's value is given, "" if none."""
        self._read(site.program)
        return self._direct[site.program].get(site.node, "")

    def of_maker(self, site: Site) -> str:
        """The name of what an expression helps to make: the target of the assignment around it."""
        self._read(site.program)
        return self._inside[site.program].get(site.node, "")

    def _read(self, program: Program) -> None:
        if program in self._direct:
            return
        direct: dict[ast.AST, str] = {}
        inside: dict[ast.AST, str] = {}
        for node in ast.walk(program.tree):
            targets = node.targets[:1] if isinstance(node, ast.Assign) else []
            if isinstance(node, (ast.AnnAssign, ast.AugAssign)):
                targets = [node.target]
            if not targets or node.value is None:  # type: ignore[attr-defined]
                continue
            _note(targets[0], node.value, direct, inside)  # type: ignore[attr-defined]
        self._direct[program], self._inside[program] = direct, inside


def _note(target: ast.expr, value: ast.expr, direct: dict[ast.AST, str], inside: dict[ast.AST, str]) -> None:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, given in zip(target.elts, value.elts, strict=True):
            _note(one, given, direct, inside)
        return
    text = "_".join(ast.unparse(one) for one in target.elts) if isinstance(target, ast.Tuple) else ast.unparse(target)
    direct[value] = text
    for node in ast.walk(value):
        inside.setdefault(node, text)
