"""The benchmark at its smallest: its forms leave the same gradients and walk the trunk as often as predicted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
from benchmarks import heads, one


def _no_pictures(*_: object) -> None:
    raise ImportError


def test_forms_walk_as_predicted_and_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one, "_AT_LEAST_S", 0.0)
    monkeypatch.setattr(heads, "draw", _no_pictures)
    assert heads.main(["--quick", "--heads", "3", "--out", str(tmp_path)]) == 0
    rows = json.loads((tmp_path / "cpu.json").read_text(encoding="utf-8"))["rows"]
    assert {row["heads"] for row in rows} == {3}
    assert {"summed", "detach-reinject", "retain, losses built first"} <= {row["form"] for row in rows}
    for row in rows:
        measured = (row["trunk_forwards"], row["trunk_walks"])
        assert measured == (row["predicted"]["trunk_forwards"], row["predicted"]["trunk_walks"]), row
        assert row["difference"] < 1e-5, row
    kept = {(row["setting"], row["form"]): row["saved_ratio"] for row in rows}
    assert kept["vocabulary-heavy", "detach-reinject"] < 0.5
    printed = capsys.readouterr().out
    assert "vocabulary-heavy" in printed
    assert "No pictures" in printed


@pytest.mark.parametrize("bound", [0, 1, 2, 3, 5, 8, 37, 100])
def test_the_largest_that_fits_is_found(bound: int) -> None:
    asked: list[int] = []

    def fits(n: int) -> bool:
        asked.append(n)
        return n <= bound

    assert one.largest(fits, 64) == min(bound, 64)
    assert max(asked) <= 64
