"""A JSON reader that remembers where each string literal stands, so that one can be replaced alone."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

_BLANK = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null|NaN|-?Infinity")


class Literal(str):
    """A string of the document and the span of its literal, quotes included."""

    start: int
    end: int


class Items(list[Any]):
    """An array of the document and its span, brackets included."""

    start: int
    end: int


def parse(text: str) -> Any:
    """The document with every string a `Literal` and every array an `Items`; raises json.JSONDecodeError."""
    start = _skip(text, 1 if text.startswith("\ufeff") else 0)
    value, end = _value(text, start)
    if _skip(text, end) != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int) -> tuple[Any, int]:
    mark = text[at : at + 1]
    if mark == '"':
        return _string(text, at)
    if mark == "{":
        return _object(text, at)
    if mark == "[":
        return _array(text, at)
    if found := _SCALAR.match(text, at):
        return json.loads(found[0]), found.end()
    raise json.JSONDecodeError("Expecting value", text, at)


def _string(text: str, at: int) -> tuple[Literal, int]:
    value, end = scanstring(text, at + 1, True)
    literal = Literal(value)
    literal.start, literal.end = at, end
    return literal, end


def _array(text: str, at: int) -> tuple[Items, int]:
    items = Items()
    items.start = at
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        if items:
            at = _skip(text, _expect(text, at, ","))
        value, at = _value(text, at)
        items.append(value)
        at = _skip(text, at)
    items.end = at + 1
    return items, at + 1


def _object(text: str, at: int) -> tuple[dict[str, Any], int]:
    members: dict[str, Any] = {}
    at = _skip(text, at + 1)
    first = True
    while text[at : at + 1] != "}":
        if not first:
            at = _skip(text, _expect(text, at, ","))
        first = False
        if text[at : at + 1] != '"':
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
        key, at = _string(text, at)
        at = _skip(text, _expect(text, _skip(text, at), ":"))
        members[key], at = _value(text, at)
        at = _skip(text, at)
    return members, at + 1


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise json.JSONDecodeError(f"Expecting '{mark}' delimiter", text, at)
    return at + 1
