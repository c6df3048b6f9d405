"""Replacing a file as a whole: the new one is there completely, or the old one is untouched."""

from __future__ import annotations

import contextlib
import os


class NotWritten(OSError):
    """A file that was left as it was, and why."""


def replace_file(path: str, data: bytes, expected: bytes) -> None:
    """Write `data` to the file that holds `expected`; keeps its mode and owner, and follows symbolic links.

    Raises NotWritten (one line) when the file is read-only, is gone, changed since it was read, or when the
    directory does not take the new file.
    """
    real = os.path.realpath(path)
    try:
        with open(real, "rb") as file:
            if file.read() != expected:
                raise NotWritten(f"{path}: not written: it changed on disk since it was read")
            status = os.fstat(file.fileno())
        if not os.access(real, os.W_OK):
            raise NotWritten(f"{path}: not written: the file is read-only")
        _swap_in(real, data, status)
    except NotWritten:
        raise
    except OSError as error:
        raise NotWritten(f"{path}: not written: {error.strerror or error}") from None


def _swap_in(real: str, data: bytes, status: os.stat_result) -> None:
    import tempfile  # 10 ms that a run which writes nothing need not spend

    handle, temporary = tempfile.mkstemp(prefix=".mhlint-", suffix=".tmp", dir=os.path.dirname(real))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if hasattr(os, "chown"):
            # Another user's file in a shared directory: its mode still counts, its owner cannot be given.
            with contextlib.suppress(PermissionError):
                os.chown(temporary, status.st_uid, status.st_gid)
        os.chmod(temporary, status.st_mode & 0o7777)
        os.replace(temporary, real)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
