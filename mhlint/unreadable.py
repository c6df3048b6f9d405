"""The finding of a file that could not be read, parsed or analysed (MHL900)."""

from __future__ import annotations

import sys

from mhlint.decoding import Unreadable
from mhlint.findings import Finding, Place, Position
from mhlint.rules.unreadable_source import RULE

CODE, NAME = RULE.code, RULE.name
_START = Position(1, 1)


def unreadable(path: str, message: str, position: Position = _START) -> Finding:
    """The MHL900 finding of a file; the message is kept to one line."""
    text = " ".join(message.split())
    end = Position(position.row, position.column + 1)
    return Finding(CODE, NAME, text, Place(path, position, end), noqa_row=position.row)


def from_error(path: str, error: BaseException) -> Finding:
    """What an exception of reading, parsing or analysing means to the user of the file."""
    if isinstance(error, Unreadable):
        return unreadable(path, f"cannot be read: {error}", error.position)
    if isinstance(error, SyntaxError):
        row, column = max(error.lineno or 1, 1), max(error.offset or 1, 1)
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return unreadable(path, f"cannot be parsed as Python {version}: {error.msg}", Position(row, column))
    if isinstance(error, (RecursionError, MemoryError)):
        return unreadable(path, "cannot be analysed: nested too deeply")
    if isinstance(error, OSError):
        return unreadable(path, f"cannot be read: {error.strerror or error}")
    return unreadable(path, f"cannot be analysed: internal error: {type(error).__name__}: {error}")
