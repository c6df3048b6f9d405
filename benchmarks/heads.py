"""Measures every form on every model: `python -m benchmarks.heads [--scale SCALE] [--device cuda]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.forms import forms
from benchmarks.models import CUDA_SCALES, SCALES, Setting
from benchmarks.one import Step, cost_cpu, fits_cuda, largest, measure_cuda, time_cpu
from benchmarks.pictures import draw
from benchmarks.predictions import predict

RESULTS = Path(__file__).parent / "results"
_MOST_HEADS = 256


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the table and the pictures, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.heads", description=__doc__)
    parser.add_argument("--scale", choices=tuple(SCALES), default="modest", help="sizes (default: modest)")
    parser.add_argument("--quick", action="store_const", dest="scale", const="quick", help="as --scale quick")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--heads", type=int, nargs="+", default=[1, 2, 4, 8, 16], metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="R", help="times each form is timed (default: 5)")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="DIR", help="where results are written")
    parser.add_argument("--redraw", action="store_true", help="draw the table that is there, measure nothing")
    options = parser.parse_args(arguments)
    table = options.out / f"{options.device}.json"
    if options.redraw:
        result = json.loads(table.read_text(encoding="utf-8"))
    else:
        if options.device == "cuda" and not torch.cuda.is_available():
            parser.error("--device cuda: this machine has no CUDA device that torch can use")
        torch.set_num_threads(1)
        result = measure(options.device, options.scale, options.heads, options.rounds)
        options.out.mkdir(parents=True, exist_ok=True)
        table.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print("\n".join(lines(result)))
    try:
        written = draw(result["rows"], options.out, options.device)
    except ImportError:
        print("No pictures: matplotlib is not installed (pip install 'mhlint[bench]').")
        return 0
    print("Written:", ", ".join(str(path) for path in [table, *written]))
    return 0


def measure(device: str, scale: str, heads: Sequence[int], rounds: int) -> dict[str, Any]:
    """Every form of every model of a scale, with its ratios to the summed loss and the predicted ones."""
    known, notes = forms(device)
    load = os.getloadavg()[0]
    rows: list[dict[str, Any]] = []
    for setting in (SCALES if device == "cpu" else CUDA_SCALES)[scale]:
        for n in heads:
            measured = (_on_cpu if device == "cpu" else _on_cuda)(setting, n, known, rounds)
            rows += [_row(setting, n, form, one, measured["summed"]) for form, one in measured.items()]
    if device == "cpu":
        notes.append(
            f"Times are processor seconds, the best of {rounds} rounds of all forms in turn; load average "
            f"{load:.1f} when it began, {os.getloadavg()[0]:.1f} when it ended, on {os.cpu_count()} cores"
        )
    most = _largest(CUDA_SCALES[scale], known) if device == "cuda" else {}
    _say("")
    name = torch.cuda.get_device_name() if device == "cuda" else f"{platform.machine()}, one thread"
    return {"torch": torch.__version__, "device": name, "scale": scale, "notes": notes, "rows": rows, "largest": most}


def _on_cpu(setting: Setting, n: int, known: Mapping[str, Step], rounds: int) -> dict[str, dict[str, Any]]:
    """Each form's cost, and its best time: in every round all forms take their turn, so that a slow moment of
    the machine, which others use too, falls on all of them."""
    measured = {}
    for form, step in known.items():
        _say(f"{setting.name}, {n} heads, {form}")
        measured[form] = cost_cpu(setting, step, n)
    times: dict[str, list[float]] = {form: [] for form in known}
    for number in range(rounds):
        for form, step in known.items():
            _say(f"{setting.name}, {n} heads, {form}, round {number + 1}")
            times[form].append(time_cpu(setting, step, n))
    for form, taken in times.items():
        measured[form].update(seconds=min(taken), seconds_of_rounds=taken)
    return measured


def _on_cuda(setting: Setting, n: int, known: Mapping[str, Step], rounds: int) -> dict[str, dict[str, Any]]:
    measured: dict[str, dict[str, Any]] = {}
    for form, step in known.items():
        _say(f"{setting.name}, {n} heads, {form}")
        measured[form] = measure_cuda(setting, step, n, rounds)
    return measured


def _largest(settings: Sequence[Setting], known: Mapping[str, Step]) -> dict[str, dict[str, int]]:
    """The largest number of heads that fits on the device, of every form of every setting."""
    found: dict[str, dict[str, int]] = {}
    for setting in settings:
        for form, step in known.items():
            _say(f"{setting.name}, most heads, {form}")
            found.setdefault(setting.name, {})[form] = largest(partial(fits_cuda, setting, step), _MOST_HEADS)
    return found


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _row(setting: Setting, n: int, form: str, one: dict[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
    ratios = {
        f"{name}_ratio": _ratio(one.get(key), reference.get(key))
        for name, key in (("time", "seconds"), ("saved", "saved_bytes"), ("peak", "peak_bytes"))
    }
    predicted = predict(form, setting, n)._asdict()
    return {"setting": setting.name, "heads": n, "form": form, **one, **ratios, "predicted": predicted}


def _ratio(value: float | None, reference: float | None) -> float | None:
    return None if value is None or not reference else value / reference


def lines(result: dict[str, Any]) -> Iterator[str]:
    """The table as text: each measured ratio with the predicted one in brackets."""
    yield f"{result['device']}, torch {result['torch']}, scale {result['scale']}"
    yield "Ratios are to the summed loss, the predicted ones in brackets."
    yield from result["notes"]
    alone = [row["time_ratio"] for row in result["rows"] if row["heads"] == 1 and row["time_ratio"]]
    if alone:
        spread = f"{min(alone):.2f} to {max(alone):.2f}"
        yield f"Timing noise is at least this: one head's times are {spread}, for about equal work."
    setting = None
    for row in result["rows"]:
        if row["setting"] != setting:
            setting = row["setting"]
            yield f"\n{setting}"
            yield f"{'n':>3}  {'form':27}{'walks':>9}{'time':>14}{'saved':>14}{'peak':>14}{'peak MiB':>10}"
        expected = row["predicted"]
        cells = [_cell(row[f"{name}_ratio"], expected[name]) for name in ("time", "saved", "peak")]
        walks = f"{row.get('trunk_walks', '-')} ({expected['trunk_walks']})"
        peak = "no room" if row.get("peak_bytes") is None else f"{row['peak_bytes'] / 2**20:.1f}"
        shown = "".join(f"{cell:>14}" for cell in cells)
        yield f"{row['heads']:>3}  {row['form']:27}{walks:>9}{shown}{peak:>10}"
    for setting, most in result.get("largest", {}).items():
        yield f"\nMost heads that fit, {setting} (looked for up to {_MOST_HEADS})"
        yield from (f"     {form:27}{n:>9}" for form, n in most.items())


def _cell(measured: float | None, predicted: float) -> str:
    return f"{'-' if measured is None else format(measured, '.2f')} ({predicted:.2f})"


if __name__ == "__main__":
    sys.exit(main())
