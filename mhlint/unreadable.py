"""A file could not be read, parsed or analysed.

## What it does

Says that a file was left out, where the trouble is, and why: the file is not there or may not be read, it is
binary or not in the encoding that it declares, it is not Python 3 (or, for a notebook, not JSON), it is
nested too deeply, it is too large, or its analysis did not end within its time limit.

## Why is this bad?

Nothing is known about such a file. Silence would look like a clean bill of health.

A file that is found in a folder and holds no backward call, nor anything else that a rule looks for, is not
parsed, so a syntax error in it is not reported. A file that is named on the command line is always parsed.

## Example

```python
print "loss", loss.backward()  # Python 2
```

## How to fix

Repair the file, or leave it out with `exclude`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from mhlint.decoding import Unreadable
from mhlint.findings import Finding, Place, Position
from mhlint.rules.rule import Rule

CODE, NAME = "MHL900", "unreadable-source"
_START = Position(1, 1)


def _found_elsewhere(_runs: object) -> Iterable[Finding]:
    """No trace can show this: the findings come from reading the file."""
    return ()


RULE = Rule(
    code=CODE,
    name=NAME,
    summary="A file could not be read, parsed or analysed.",
    triggers=(),
    find=_found_elsewhere,
)


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
