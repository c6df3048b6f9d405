import os
import stat
from pathlib import Path

import pytest

from mhlint.writing import NotWritten, replace_file


def test_the_mode_and_the_neighbours_stay(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"old")
    file.chmod(0o750)
    replace_file(str(file), b"new", b"old")
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o750
    assert os.listdir(tmp_path) == ["a.py"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "a.py"
    real.write_bytes(b"old")
    link = tmp_path / "link.py"
    link.symlink_to(real)
    replace_file(str(link), b"new", b"old")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_a_file_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"somebody else's")
    with pytest.raises(NotWritten, match="changed on disk"):
        replace_file(str(file), b"new", b"old")
    assert file.read_bytes() == b"somebody else's"


def test_a_file_that_is_gone_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match="No such file"):
        replace_file(str(tmp_path / "a.py"), b"new", b"old")
    assert os.listdir(tmp_path) == []


def test_a_read_only_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(NotWritten, match="read-only"):
        replace_file(str(file), b"new", b"old")
    assert file.read_bytes() == b"old"


@pytest.mark.parametrize("call", ["replace", "fsync", "chmod"])
def test_a_write_that_fails_leaves_the_old_file_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "a.py"
    file.write_bytes(b"old")
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(NotWritten, match="No space left on device"):
        replace_file(str(file), b"new", b"old")
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.py"]
