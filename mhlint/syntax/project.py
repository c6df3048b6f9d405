"""Other modules of the same project, found from imports and parsed when they are first needed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mhlint.source import Source
from mhlint.syntax.neighbours import Neighbours
from mhlint.syntax.program import Program, dotted, parse

_PROJECT_MARKS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")
_LARGEST = 400_000
_MOST_MODULES = 60


_MOST_KEPT = 2_000_000


@dataclass(eq=False)
class Modules:
    """Parsed modules, kept from one source to the next: the files of one project import the same ones.

    A module counts as the same while its bytes are. When what is kept grows too large, it begins anew.
    """

    _kept: dict[tuple[str, str, bool], tuple[bytes, Program | None]] = field(default_factory=dict)
    _size: int = 0

    def parsed(self, path: str, data: bytes, name: str, is_package: bool) -> Program | None:
        """The program of a module's bytes; None for what Python cannot read."""
        asked = (path, name, is_package)
        known = self._kept.get(asked)
        if known is not None and known[0] == data:
            return known[1]
        program: Program | None
        try:
            program = parse(Source(path, data.decode("utf-8-sig")), name, is_package)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            program = None
        if self._size > _MOST_KEPT:
            self._kept.clear()
            self._size = 0
        self._kept[asked] = (data, program)
        self._size += len(data)
        return program


@dataclass(eq=False)
class Project:
    """The files around one source.

    `read` lists the paths of the modules that were read, `looked_for` those where none was and the folders that were
    looked through: what is found hangs on them, too.
    """

    main: Program
    modules: Modules = field(default_factory=Modules)
    read: list[str] = field(default_factory=list)
    looked_for: list[str] = field(default_factory=list)
    _programs: dict[Path, Program | None] = field(default_factory=dict)
    _roots: list[Path] | None = None
    _found: dict[tuple[Program, str, int], Program | None] = field(default_factory=dict)
    _neighbours: Neighbours | None = None

    def around(self, main: Program) -> Project:
        """The same files around another version of the main source."""
        return Project(
            main, self.modules, self.read, self.looked_for, _roots=self._roots, _neighbours=self._neighbours
        )

    def find(self, importer: Program, name: str, level: int = 0) -> Program | None:
        """The program that `import name` (or `from ..name import x`, `level` dots) means in `importer`."""
        asked = (importer, name, level)
        if asked not in self._found:
            self._found[asked] = self._find(importer, name, level)
        return self._found[asked]

    def stored_elsewhere(self, attribute: str, classes: frozenset[str], own: frozenset[Program]) -> bool:
        """Does a file other than those of the programs `own` change an attribute of an object of the `classes`?"""
        main = self.main.source.path
        if main in ("", "-", "<stdin>"):
            return False
        first = self._neighbours is None
        if self._neighbours is None:
            roots = self._search_path(Path(main).absolute())
            # Beside a project there are others; a folder that nothing marks is a project of its own.
            marked = any((roots[-1] / mark).exists() for mark in _PROJECT_MARKS)
            self._neighbours = Neighbours(main, roots if marked else roots[:1])
        known = frozenset(str(Path(program.source.path).absolute()) for program in own)
        told = self._neighbours.store(attribute, classes, known)
        if first:
            shown = (self._shown(Path(path)) for path in self._neighbours.paths)
            self.read += [path for path in shown if path not in self.read]
            self.looked_for += [path for path in self._neighbours.folders if path not in self.looked_for]
        return told

    def _find(self, importer: Program, name: str, level: int) -> Program | None:
        if importer.source.path in ("", "-", "<stdin>"):
            return None
        here = Path(importer.source.path).absolute()
        parts = name.split(".") if name else []
        if level:
            folder = here.parent
            for _ in range(level - 1):
                folder = folder.parent
            return self._load(folder.joinpath(*parts), name)
        if not parts or parts[0] in sys.stdlib_module_names or parts[0] in ("torch", "numpy"):
            return None
        # `from lib.models import nets` in lib/models/trainer.py: whatever marks the project, it lies around lib.
        around = [folder.parent for folder in here.parents if folder.name == parts[0]]
        for root in (*self._search_path(here), *around[:1]):
            found = self._load(root.joinpath(*parts), name)
            if found is not None:
                return found
        return None

    def _search_path(self, here: Path) -> list[Path]:
        if self._roots is None:
            main = Path(self.main.source.path).absolute()
            roots = [main.parent]
            for folder in list(main.parents)[:6]:
                if folder not in roots:
                    roots.append(folder)
                if (folder / "src").is_dir():
                    roots.append(folder / "src")
                if any((folder / mark).exists() for mark in _PROJECT_MARKS):
                    break
            else:
                roots = roots[:2]
            self._roots = roots + [folder for folder in self._added(main.parent) if folder not in roots]
        return self._roots if here.parent in self._roots else [here.parent, *self._roots]

    def _added(self, here: Path) -> Iterator[Path]:
        """Folders that the main program adds to `sys.path`, as far as its text names them, from its own folder."""
        for statement in self.main.tree.body:
            call = statement.value if isinstance(statement, ast.Expr) else None
            if not isinstance(call, ast.Call) or dotted(call.func) not in ("sys.path.append", "sys.path.insert"):
                continue
            parts = [node for arg in call.args[-1:] for node in ast.walk(arg)]
            texts = [node.value for node in parts if isinstance(node, ast.Constant) and isinstance(node.value, str)]
            folder = here.joinpath(*texts) if texts else here
            if texts and not Path(texts[0]).is_absolute() and folder.is_dir():
                yield folder

    def _load(self, stem: Path, name: str) -> Program | None:
        for path, is_package in ((stem.with_name(stem.name + ".py"), False), (stem / "__init__.py", True)):
            if path in self._programs:
                return self._programs[path]
            if len(self._programs) < _MOST_MODULES and path.is_file():
                program = self._parse(path, name, is_package)
                self._programs[path] = program
                return program
            self.looked_for.append(str(path))
        return None

    def _parse(self, path: Path, name: str, is_package: bool) -> Program | None:
        shown = self._shown(path)
        if path == Path(self.main.source.path).absolute():
            return self.main
        try:
            if path.stat().st_size > _LARGEST:
                return None
            data = path.read_bytes()
        except (OSError, ValueError):
            return None
        self.read.append(shown)
        return self.modules.parsed(shown, data, name, is_package)

    def _shown(self, path: Path) -> str:
        if Path(self.main.source.path).is_absolute():
            return str(path)
        try:
            return str(path.relative_to(Path.cwd()))
        except ValueError:
            return str(path)
