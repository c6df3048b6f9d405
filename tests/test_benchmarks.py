"""The benchmark at its smallest: its forms leave the same gradients and walk the trunk as often as predicted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
from benchmarks import forms, heads, models, one
from benchmarks.pictures import draw


def _no_pictures(*_: object) -> None:
    raise ImportError


def test_forms_walk_as_predicted_and_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one, "_AT_LEAST_S", 0.0)
    monkeypatch.setattr(heads, "draw", _no_pictures)
    assert heads.main(["--quick", "--heads", "3", "--rounds", "1", "--out", str(tmp_path)]) == 0
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


def test_what_finds_no_room_is_said_and_other_errors_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    setting = models.CUDA_SCALES["quick"][0]

    def failing(error: RuntimeError) -> Callable[..., None]:
        def build(*_: object) -> None:
            raise error

        return build

    for text in ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate", "CUDA error: out of memory"):
        monkeypatch.setattr(one, "build", failing(RuntimeError(text)))
        assert not one.fits_cuda(setting, forms.summed, 1)
        assert one.measure_cuda(setting, forms.summed, 1, 1)["out_of_memory"]
    monkeypatch.setattr(one, "build", failing(torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate")))
    assert not one.fits_cuda(setting, forms.summed, 1)
    monkeypatch.setattr(one, "build", failing(RuntimeError("mat1 and mat2 shapes cannot be multiplied")))
    with pytest.raises(RuntimeError, match="mat1"):
        one.fits_cuda(setting, forms.summed, 1)


def test_pictures_show_what_was_measured_beside_what_was_foreseen(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    foreseen = {"time": 1.0, "saved": 1.0, "peak": 1.0}
    rows = [
        {"setting": "even", "form": form, "heads": n, "time_ratio": 1.0, "peak_bytes": room, "predicted": foreseen}
        for form, room in (("summed", 2**20), ("detach-reinject", None), ("a form of its own", 2**21))
        for n in (1, 2, 4)
    ]
    first = {path.name: path.read_bytes() for path in draw(rows, tmp_path, "cpu")}
    again = {path.name: path.read_bytes() for path in draw(rows, tmp_path, "cpu")}
    assert set(first) == {"cpu_time.svg", "cpu_time.png", "cpu_memory.svg", "cpu_memory.png"}
    assert first == again
