"""flake8 itself, with a stand-in for the analysis (see fake_engine), against `mhlint check`."""

import io
import json
import sys
from importlib.metadata import entry_points
from pathlib import Path

import fake_engine
import pytest

from mhlint.cli.main import main

flake8 = pytest.importorskip("flake8.main.cli")

TEXT = (
    "first = 1\n"
    "again.backward()\n"
    "    \n"
    "if first:\n"
    "    é = maybe.backward()\n"
    "plain.backward()  # noqa: MHL301\n"
    "plain.backward()  # mhlint: ignore\n"
    "plain.backward()\n"
)


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_engine.install(monkeypatch)
    monkeypatch.chdir(tmp_path)
    installed = any(point.value.startswith("mhlint.") for point in entry_points(group="flake8.extension"))
    local = "[flake8:local-plugins]\nextension =\n  MHL = mhlint.plugins.flake8:Plugin\n"
    Path("flake8.ini").write_text("" if installed else local)


def by_flake8(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[tuple[int, int, str]]:
    options = [
        "-j",
        "1",
        "--config",
        "flake8.ini",
        "--select",
        "MHL",
        "--format",
        "%(row)d|%(col)d|%(code)s|%(text)s",
    ]
    flake8.main([*options, *arguments])
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines()]
    return [(int(row), int(column), code) for row, column, code, _ in rows]


def by_check(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[tuple[int, int, str]]:
    main(["check", "--no-cache", "--output-format", "json", *arguments])
    records = json.loads(capsys.readouterr().out)
    return [(item["location"]["row"], item["location"]["column"], item["code"]) for item in records]


def test_the_same_findings_at_the_same_places(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.py").write_text(TEXT)
    expected = [(2, 1, "MHL101"), (5, 9, "MHL201"), (8, 1, "MHL301")]
    assert by_flake8(capsys, "a.py") == expected
    assert by_check(capsys, "a.py") == expected


def test_flake8_decides_on_its_own_comments_and_the_plugin_on_others(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.py").write_text(TEXT)
    more = set(by_flake8(capsys, "--disable-noqa", "a.py")) - set(by_flake8(capsys, "a.py"))
    assert more == {(6, 1, "MHL301")}


def test_settings_come_from_pyproject(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.py").write_text(TEXT)
    Path("pyproject.toml").write_text(
        '[tool.mhlint]\nselect = ["MHL2", "MHL3"]\nconfidence = "certain"\n'
        '[tool.mhlint.per-file-ignores]\n"b.py" = ["MHL3"]\n'
    )
    assert by_flake8(capsys, "a.py") == by_check(capsys, "a.py") == [(8, 1, "MHL301")]
    Path("b.py").write_text(TEXT)
    assert by_flake8(capsys, "b.py") == by_check(capsys, "b.py") == []


def test_bad_settings_are_one_finding(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.py").write_text("x = 1\n")
    Path("pyproject.toml").write_text("[tool.mhlint]\nselect = 1\n")
    assert by_flake8(capsys, "a.py") == [(1, 1, "MHL900")]


def test_stdin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    assert by_flake8(capsys, "--stdin-display-name", "x.py", "-") == [
        (2, 1, "MHL101"),
        (5, 9, "MHL201"),
        (8, 1, "MHL301"),
    ]


def test_marks_and_line_ends(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.py").write_bytes(b"\xef\xbb\xbfagain.backward()\r\nx = 1\r\nagain.backward()")
    assert by_flake8(capsys, "a.py") == by_check(capsys, "a.py") == [(1, 1, "MHL101"), (3, 1, "MHL101")]
    Path("b.py").write_bytes("# coding: latin-1\né = again.backward()\n".encode("latin-1"))
    assert by_flake8(capsys, "b.py") == by_check(capsys, "b.py") == [(2, 5, "MHL101")]
