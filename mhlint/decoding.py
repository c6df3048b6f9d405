"""From the bytes of a Python file to its text and back, without losing one."""

from __future__ import annotations

import re
from typing import NamedTuple

from mhlint.findings import Position

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK = re.compile(rb"^[ \t\f]*(?:#.*)?$")
_UTF8_BOM = b"\xef\xbb\xbf"


_START = Position(1, 1)


class Unreadable(ValueError):
    """A file that has no text to analyse; `position` is where that shows."""

    def __init__(self, message: str, position: Position = _START) -> None:
        super().__init__(message)
        self.position = position


class Decoded(NamedTuple):
    """A file's text without its byte-order mark, and what is needed to write it back as it was."""

    text: str
    encoding: str
    bom: bytes


def declared_encoding(data: bytes) -> str:
    """The encoding that PEP 263 gives a file; raises Unreadable for one that Python does not know."""
    bom = data.startswith(_UTF8_BOM)
    lines = re.split(rb"\r\n|\r|\n", data[len(_UTF8_BOM) if bom else 0 :][:4096], maxsplit=2)[:2]
    for row, line in enumerate(lines, 1):
        if found := _COOKIE.match(line):
            return _known_encoding(found[1].decode("ascii", "replace"), bom, row)
        if not _BLANK.match(line):
            break
    return "utf-8"


def _known_encoding(name: str, bom: bool, row: int) -> str:
    import codecs

    try:
        known = codecs.lookup(name)
    except LookupError:
        raise Unreadable(f"unknown encoding: {name}", Position(row, 1)) from None
    if not known._is_text_encoding:
        raise Unreadable(f"not a text encoding: {name}", Position(row, 1))
    if bom and known.name not in ("utf-8", "utf-8-sig"):
        raise Unreadable(f"the file starts with a UTF-8 mark but declares {name}", Position(row, 1))
    return "utf-8" if known.name == "utf-8-sig" else known.name


def decode(data: bytes) -> Decoded:
    """The text of a Python file; raises Unreadable for binary and undecodable bytes."""
    if b"\0" in data:
        before = data[: data.index(b"\0")]
        raise Unreadable("null bytes: not a text file", Position(before.count(b"\n") + 1, 1))
    bom = _UTF8_BOM if data.startswith(_UTF8_BOM) else b""
    body = data[len(bom) :]
    encoding = declared_encoding(data)
    try:
        return Decoded(body.decode(encoding), encoding, bom)
    except UnicodeDecodeError as error:
        row = body.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"not {encoding}: byte 0x{body[error.start]:02x}", Position(row, 1)) from None
    except (UnicodeError, ValueError) as error:
        raise Unreadable(f"not {encoding}: {error}") from None


def encode(text: str, like: Decoded) -> bytes:
    """`text` in the encoding of the file `like` was read from; raises Unreadable where that cannot be."""
    try:
        return like.bom + text.encode(like.encoding)
    except UnicodeError as error:
        raise Unreadable(f"the changed text has no form in {like.encoding}: {error}") from None
