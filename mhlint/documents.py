"""A file's bytes as something to analyse and to edit, whether Python or a notebook."""

from __future__ import annotations

from dataclasses import dataclass

from mhlint.decoding import Decoded, decode, encode
from mhlint.findings import Edit
from mhlint.source import Source


@dataclass(frozen=True)
class Document:
    """The bytes as they are on disk, and the source that they hold."""

    data: bytes
    source: Source
    decoded: Decoded | None = None


def is_notebook(path: str) -> bool:
    """Whether a file is read as a Jupyter notebook."""
    return path.endswith(".ipynb")


def open_document(path: str, data: bytes) -> Document:
    """The document of a file's bytes; raises decoding.Unreadable."""
    if is_notebook(path):
        from mhlint.notebooks import read_notebook

        return Document(data, read_notebook(path, data).source)
    decoded = decode(data)
    return Document(data, Source(path, decoded.text), decoded)


def edited(document: Document, fixes: list[tuple[Edit, ...]]) -> bytes:
    """The bytes with the edits of several fixes made, and every other byte as it was.

    Raises ValueError where edits overlap or do not fit (Unreadable where the encoding lacks a character).
    """
    if document.decoded is None:
        from mhlint.notebooks import edited_notebook, read_notebook

        return edited_notebook(read_notebook(document.source.path, document.data), fixes)
    if encode(document.source.text, document.decoded) != document.data:
        raise ValueError(f"{document.decoded.encoding} does not give the same bytes back")
    return encode(document.source.apply(tuple(edit for fix in fixes for edit in fix)), document.decoded)
