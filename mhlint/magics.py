"""Turning IPython's own syntax into Python of the same length, so that rows and columns stay.

`%magic`, `!command` and `help?` lines become comments (or an empty statement where a block needs one),
cells of another language become comments as a whole. Lines inside brackets, strings and continuations are
never touched.
"""

from __future__ import annotations

import re

from mhlint.source import Source

_PYTHON_CELL_MAGICS = frozenset(
    (
        "capture",
        "debug",
        "ipytest",
        "memit",
        "mprun",
        "prun",
        "py",
        "pypy",
        "python",
        "python3",
        "time",
        "timeit",
    )
)
_RUNS_REST = re.compile(r"%(?:time|timeit|prun|memit)[ \t]+(?=[^-\s])")
_COMPOUND = re.compile(r"(?:for|while|if|with|def|class|try|async|match)\b")
_CELL_MAGIC = re.compile(r"\s*%%\s*(\w+)")
_LINE_MAGIC = re.compile(r"([ \t]*)(?:%{1,2}[\w!?]|!|\?{1,2}[\w.%*]|[/,;][ \t]*[A-Za-z_]\w*[ \t]+\S)")
_HELP = re.compile(r"([ \t]*)%{0,2}[\w.*]+(?:\[[^\]]*\])?\?{1,2}[ \t]*(?:[\r\n]|$)")
_ASSIGNED = re.compile(r"([ \t]*[A-Za-z_][\w.,* \t\[\]'\"]*=[ \t]*)(?=!|%{1,2}[A-Za-z])")
_TOKEN = re.compile(
    r"(?P<comment>\#[^\r\n]*)"
    r"|(?P<triple>\"\"\"|''')"
    r"|(?P<string>\"(?:\\.|[^\"\\\r\n])*\"?|'(?:\\.|[^'\\\r\n])*'?)"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])"
    r"|(?P<continued>\\\r?\n?$)"
)


def without_magics(cell: str) -> str:
    """The cell's code as plain Python of the same length, line for line."""
    if not _may_hold_magics(cell) or _is_python(cell):
        return cell
    lines = list(Source("", cell).lines)
    first = next((row for row, line in enumerate(lines) if line.strip()), 0)
    if magic := _CELL_MAGIC.match(lines[first]):
        if magic[1] not in _PYTHON_CELL_MAGICS:
            return "".join(_commented(line, "") for line in lines)
        lines[first] = _commented(lines[first], "")
    return "".join(_plain_lines(lines))


def _may_hold_magics(cell: str) -> bool:
    return any(mark in cell for mark in "%!?") or re.search(r"^[ \t]*[/,;]", cell, re.MULTILINE) is not None


def _is_python(cell: str) -> bool:
    import ast
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(cell)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _plain_lines(lines: list[str]) -> list[str]:
    plain: list[str] = []
    depth, quote, continued, shell, begun = 0, "", False, False, False
    for line in lines:
        if shell:  # a shell command that goes on behind a backslash
            shell = line.rstrip().endswith("\\")
            plain.append(_commented(line, ""))
            continue
        code = line if depth or quote or continued else _plain_line(line, begun)
        begun |= bool(code.strip()) and not code.startswith("#")
        shell = code != line and line.rstrip().endswith("\\")
        plain.append(code)
        depth, quote, continued = _state_after(code, depth, quote)
    return plain


def _plain_line(line: str, begun: bool) -> str:
    """One line outside of brackets. Before any code has begun, IPython takes away what lines are indented by."""
    if assigned := _ASSIGNED.match(line):
        return assigned[1] + _opaque(line[assigned.end() :])
    if runs := _RUNS_REST.match(line):
        rest = line[runs.end() :]
        if not _COMPOUND.match(rest):  # `%time x = f()` runs its rest in the notebook's own names
            return "0" + " " * (runs.end() - 2) + ";" + rest
    if found := _LINE_MAGIC.match(line) or _HELP.match(line):
        return _commented(line, found[1] if begun else "")
    return line


def _commented(line: str, indent: str) -> str:
    body = line[len(indent) :]
    if not body.strip():
        return line
    if not indent:
        return "#" + body[1:]
    return indent + _opaque(body, "0")


def _opaque(body: str, value: str = "_") -> str:
    """`body` replaced by an expression that says nothing, and a comment over the rest of the line."""
    content = body.rstrip("\r\n")
    return value + ("#" + content[2:] if len(content) > 1 else "") + body[len(content) :]


def _state_after(line: str, depth: int, quote: str) -> tuple[int, str, bool]:
    at, continued = 0, False
    while at < len(line):
        if quote:
            end = re.compile(rf"(?:\\.|(?!{quote})[^\\])*{quote}", re.DOTALL).match(line, at)
            if end is None:
                return depth, quote, False
            at, quote = end.end(), ""
            continue
        token = _TOKEN.search(line, at)
        if token is None:
            break
        at = token.end()
        if token["triple"]:
            quote = token["triple"]
        depth += bool(token["open"]) - (bool(token["close"]) and depth > 0)
        continued = bool(token["continued"])
    return depth, quote, continued
