"""Lines that an edit makes longer than the file's lines are: broken within brackets, as formatters do."""

from __future__ import annotations

import ast
import difflib
import io
import re
import tokenize
from collections.abc import Iterator
from typing import NamedTuple

from mhlint.findings import Edit, Position
from mhlint.rewrites.layout import Layout
from mhlint.source import Source

_LEAST = 79
_OPENING, _CLOSING = frozenset({"(", "[", "{"}), frozenset({")", "]", "}"})


def fitted(layout: Layout, edits: tuple[Edit, ...], configured: int) -> tuple[Edit, ...]:
    """The edits, with the lines broken that they make too long; they mean the same."""
    source = layout.program.source
    # What a cell of a notebook ends in must not move.
    if source.cells:
        return edits
    width = configured or max([_LEAST, *(len(line.rstrip("\r\n")) for line in source.lines)])
    try:
        after = Source(source.path, source.apply(edits))
    except ValueError:
        return edits  # they overlap: that is refused where they are made
    broken: list[str] = list(after.lines)
    blocks = difflib.SequenceMatcher(None, source.lines, after.lines, autojunk=False).get_opcodes()
    changed = False
    for kind, old_start, old_end, start, end in blocks:
        # A line that was too long before is its writer's affair.
        if kind == "equal" or any(len(line.rstrip("\r\n")) > width for line in source.lines[old_start:old_end]):
            continue
        for row in range(start, end):
            text = _broken(after.lines[row], width, layout.unit)
            changed = changed or text != after.lines[row]
            broken[row] = text
    text = "".join(broken)
    if not changed or not _same_code(after.text, text):
        return edits
    return tuple(line_edits(source, Source(source.path, text)))


def _same_code(before: str, after: str) -> bool:
    try:
        return ast.dump(ast.parse(before)) == ast.dump(ast.parse(after))
    except (SyntaxError, ValueError, RecursionError):
        return False


def line_edits(before: Source, after: Source) -> Iterator[Edit]:
    """The edits, line by line, that lead from one text to another."""
    lines = difflib.SequenceMatcher(None, before.lines, after.lines, autojunk=False)
    for kind, start, end, new_start, new_end in lines.get_opcodes():
        if kind != "equal":
            yield Edit("".join(after.lines[new_start:new_end]), _row(before, start), _row(before, end))


def _row(source: Source, index: int) -> Position:
    if index < len(source.lines) or not source.lines or source.lines[-1].endswith(("\n", "\r")):
        return Position(index + 1, 1)
    return Position(len(source.lines), len(source.lines[-1]) + 1)


class _Pair(NamedTuple):
    """A pair of brackets, by its columns, and where its content can be split."""

    start: int
    end: int
    commas: tuple[int, ...]
    words: tuple[int, ...]


def _broken(line: str, width: int, unit: str) -> str:
    """A line that is too long, on several; as it is where it cannot be broken."""
    code = line.rstrip("\r\n")
    ending = line[len(code) :] or "\n"
    if len(code) <= width or "#" in code or "\\" in code:
        return line
    margin = code[: len(code) - len(code.lstrip())]
    read = _brackets(code)
    if read is None:
        return line
    pairs, semicolons = read
    if semicolons:
        starts = [0, *(semicolon + 1 for semicolon in semicolons)]
        parts = [code[a:b].strip() for a, b in zip(starts, [*semicolons, len(code)], strict=True)]
        if re.match(r"(for|while|if|elif|else|with|try|except|finally|class|def|async|match|case)\b", parts[0]):
            return line
        return "".join(_broken(margin + part + ending, width, unit) for part in parts if part)
    for pair in sorted(pairs, key=lambda pair: pair.start - pair.end):
        front, back = code[: pair.start + 1], code[pair.end :]
        content = code[pair.start + 1 : pair.end].strip()
        lines = [front, margin + unit + content, margin + back]
        if len(lines[1]) > width and (pair.commas or pair.words):
            cuts = [0, *(cut + 1 for cut in pair.commas)] if pair.commas else [0, *pair.words]
            offsets = [pair.start + 1, *cuts[1:]]
            items = [code[a:b].strip() for a, b in zip(offsets, [*offsets[1:], pair.end], strict=True)]
            items = [item for item in items if item]
            if pair.commas and not items[-1].endswith(","):
                items[-1] += ","
            # What is still too long is a list of lists: it is broken in its own brackets.
            inner = (_broken(margin + unit + item + ending, width, unit).splitlines() for item in items)
            lines = [front, *(part for parts in inner for part in parts), margin + back]
        if all(len(item) <= width for item in lines):
            return "".join(item.rstrip() + ending for item in lines[:-1]) + lines[-1] + line[len(code) :]
    return line


def _brackets(code: str) -> tuple[list[_Pair], list[int]] | None:
    """The outermost brackets of a line that hold something, and its semicolons; None if it is no whole line."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code.strip() + "\n").readline))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return None
    shift = len(code) - len(code.lstrip())
    pairs: list[_Pair] = []
    semicolons: list[int] = []
    depth, start, commas, words = 0, 0, list[int](), list[int]()
    for token in tokens:
        column = token.start[1] + shift
        kind = tokenize.tok_name[token.type]
        if (token.string in _OPENING and kind == "OP") or kind in ("FSTRING_START", "TSTRING_START"):
            depth += 1
            if depth == 1:
                start, commas, words = column, [], []
        elif (token.string in _CLOSING and kind == "OP") or kind in ("FSTRING_END", "TSTRING_END"):
            depth -= 1
            if depth == 0 and kind == "OP" and code[start + 1 : column].strip():
                pairs.append(_Pair(start, column, tuple(commas), tuple(words)))
        elif depth == 1 and token.string == ",":
            commas.append(column)
        elif depth == 1 and token.string in ("for", "if", "+") and kind in ("NAME", "OP"):
            words.append(column)
        elif depth == 0 and token.string == ";":
            semicolons.append(column)
    return ([_parted(code, pair) for pair in pairs], semicolons) if depth == 0 else None


def _parted(code: str, pair: _Pair) -> _Pair:
    """A comprehension is parted before `for` and `if`, for the commas of its targets part nothing; a sum before `+`."""
    clauses = tuple(word for word in pair.words if code[word] != "+")
    if any(code.startswith("for", word) for word in clauses):
        return pair._replace(commas=(), words=clauses)
    return pair._replace(words=tuple(word for word in pair.words if code[word] == "+"))
