"""The figures: what each form costs against the number of heads, beside what was predicted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

COLOURS = {
    "summed": "#4c72b0",
    "detach-reinject": "#2a9d3a",
    "retain, losses built first": "#c44e52",
    "retain, head by head": "#dd8452",
    "trunk run again": "#8172b3",
    "representation gradient": "#64b5cd",
    "TorchJD mtl_backward": "#937860",
}


def draw(rows: list[dict[str, Any]], folder: Path, device: str) -> list[Path]:
    """Write the pictures as SVG and PNG; gives their paths. Raises ImportError without matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    written = []
    figures = [("time", "time_ratio", "time a step / summed"), ("memory", "peak_bytes", "peak memory, MiB")]
    for name, quantity, label in figures:
        settings = list(dict.fromkeys(row["setting"] for row in rows))
        figure, axes = pyplot.subplots(1, len(settings), figsize=(4.2 * len(settings), 3.8), squeeze=False)
        for axis, setting in zip(axes[0], settings, strict=True):
            _draw_setting(axis, [row for row in rows if row["setting"] == setting], quantity)
            axis.set_title(setting)
            axis.set_xlabel("heads n")
            axis.grid(alpha=0.25)
        axes[0][0].set_ylabel(label)
        handles, labels = axes[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="lower center", ncol=4, frameon=False, fontsize=8)
        figure.tight_layout(rect=(0, 0.11, 1, 1))
        for suffix in ("svg", "png"):
            path = folder / f"{device}_{name}.{suffix}"
            # Without a date, and with a fixed salt, the same numbers give the same file.
            matplotlib.rcParams["svg.hashsalt"] = "mhlint"
            figure.savefig(path, dpi=130, metadata={"Date": None} if suffix == "svg" else None)
            written.append(path)
        pyplot.close(figure)
    return written


def _draw_setting(axis: Any, rows: list[dict[str, Any]], quantity: str) -> None:
    for form in dict.fromkeys(row["form"] for row in rows):
        points = [row for row in rows if row["form"] == form and row.get(quantity) is not None]
        scale = 2**20 if quantity.endswith("bytes") else 1
        heads = [row["heads"] for row in points]
        colour = COLOURS.get(form, "#333333")
        axis.plot(
            heads, [row[quantity] / scale for row in points], "o-", color=colour, label=form, **_style(form)
        )
        if quantity == "time_ratio":
            axis.plot(heads, [row["predicted"]["time"] for row in points], ":", color=colour, lw=1)
    ticks = sorted({row["heads"] for row in rows})
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.set_ylim(bottom=0)


def _style(form: str) -> dict[str, float]:
    """Forms that cost the same lie on one another: the wide lines below, the narrow ones above."""
    depth = list(COLOURS).index(form) if form in COLOURS else len(COLOURS)
    return {"lw": 5.0 - 0.6 * depth, "ms": 7.0 - 0.7 * depth, "zorder": 2.0 + depth}
