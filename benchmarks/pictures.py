"""The figures: what each form costs against the number of heads, beside what was predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Row = Mapping[str, Any]


class Look(NamedTuple):
    """A form's colour and mark. Forms that cost the same lie on one another: wide lines below, narrow ones above."""

    colour: str
    mark: str


LOOKS = {
    "summed": Look("#4c72b0", "o"),
    "detach-reinject": Look("#2a9d3a", "o"),
    "retain, losses built first": Look("#c44e52", "s"),
    "retain, head by head": Look("#dd8452", "s"),
    "trunk run again": Look("#8172b3", "^"),
    "representation gradient": Look("#64b5cd", "D"),
    "TorchJD mtl_backward": Look("#937860", "v"),
    "LibMTL rep_grad": Look("#333333", "x"),
}
# The figure's name, the quantity that is drawn, its ratio in the predictions, and what stands at the axis.
FIGURES = (
    ("time", "time_ratio", "time", "time of a step, ratio to the sum"),
    ("memory", "peak_bytes", "peak", "peak memory of a step, MiB"),
)
_PREDICTED = {"ls": (0, (1, 1.5)), "lw": 1.4, "alpha": 0.75}


def draw(rows: Sequence[Row], folder: Path, device: str) -> list[Path]:
    """Write the pictures as SVG and PNG; gives their paths. Raises ImportError without matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    # With a fixed salt, and without a date, the same numbers give the same file.
    matplotlib.rcParams.update({"svg.hashsalt": "mhlint", "font.size": 10})
    written = []
    for name, *figure in FIGURES:
        picture = _figure(rows, *figure)
        for suffix in ("svg", "png"):
            path = folder / f"{device}_{name}.{suffix}"
            picture.savefig(path, dpi=110, metadata={"Date": None} if suffix == "svg" else None)
            written.append(path)
    return written


def _figure(rows: Sequence[Row], quantity: str, ratio: str, label: str) -> Any:
    from matplotlib import pyplot
    from matplotlib.lines import Line2D

    settings = list(dict.fromkeys(row["setting"] for row in rows))
    forms = list(dict.fromkeys(row["form"] for row in rows))
    figure, axes = pyplot.subplots(1, len(settings), figsize=(4.3 * len(settings), 4.6), squeeze=False)
    for axis, setting in zip(axes[0], settings, strict=True):
        _draw_setting(axis, [row for row in rows if row["setting"] == setting], quantity, ratio)
        axis.set_title(setting)
    axes[0][0].set_ylabel(label)
    handles = [Line2D([], [], label=form, **_style(form)) for form in forms]
    handles.append(Line2D([], [], color="#333333", label="predicted, on paper", **_PREDICTED))
    columns = (len(handles) + 1) // 2
    figure.legend(handles=handles, loc="lower center", ncol=columns, frameon=False)
    figure.tight_layout(rect=(0, 0.14, 1, 1))
    pyplot.close(figure)
    return figure


def _draw_setting(axis: Any, rows: Sequence[Row], quantity: str, ratio: str) -> None:
    scale = 2**20 if quantity.endswith("bytes") else 1
    of_sum = {row["heads"]: row.get(quantity) for row in rows if row["form"] == "summed"}
    for form in dict.fromkeys(row["form"] for row in rows):
        points = [row for row in rows if row["form"] == form]
        there = [row for row in points if row.get(quantity) is not None]
        heads = [row["heads"] for row in there]
        axis.plot(heads, [row[quantity] / scale for row in there], **_style(form))
        foreseen = [row for row in points if of_sum.get(row["heads"]) is not None]
        axis.plot(
            [row["heads"] for row in foreseen],
            [row["predicted"][ratio] * of_sum[row["heads"]] / scale for row in foreseen],
            color=_look(form).colour,
            zorder=20,
            **_PREDICTED,
        )
    ticks = sorted({row["heads"] for row in rows})
    axis.set_xscale("log", base=2)
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.minorticks_off()
    axis.set_xlabel("heads n")
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.25)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _look(form: str) -> Look:
    return LOOKS.get(form, Look("#333333", "."))


def _style(form: str) -> dict[str, Any]:
    depth = list(LOOKS).index(form) if form in LOOKS else len(LOOKS)
    look = _look(form)
    return {
        "color": look.colour,
        "marker": look.mark,
        "lw": max(1.0, 4.5 - 0.6 * depth),
        "ms": max(4.0, 8.0 - 0.6 * depth),
        "zorder": 2 + depth,
    }
