"""What each form should cost, counted on paper: multiplications, and matrices that are alive at once."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.models import Setting


class Prediction(NamedTuple):
    """Ratios to the summed loss, and how often the trunk runs forward and backward in one step."""

    time: float
    saved: float
    peak: float
    trunk_forwards: int
    trunk_walks: int


class _Counts(NamedTuple):
    """What a form does in one step, in matrices of the logits' and of the boundary's size.

    `work` is how many trunk backwards are computed, in however many walks; `heads` how many heads' backwards,
    None for each once. `alive` is the number of logits matrices that losses keep at once, `copies` how often
    the boundary is kept. `at_once` is the number of logits matrices that exist while heads are walked,
    `boundaries` the number of boundaries while the trunk is walked, `rows` that of gradients of the whole
    trunk besides the accumulated one.
    """

    forwards: int
    walks: int
    work: int
    alive: int
    at_once: int
    boundaries: int = 2
    copies: int = 1
    rows: int = 0
    heads: int | None = None


def predict(form: str, setting: Setting, n: int) -> Prediction:
    """The prediction for one form, model and number of heads.

    A backward costs two forwards. Each logits matrix that is alive is kept once by its loss; while one loss
    is walked two more of its size exist (the gradients inside cross-entropy). Only a linear layer's
    multiplications, the boundary and what a layer of the trunk keeps are counted besides.
    """
    own, summed = _counts(form, n), _counts("summed", n)
    return Prediction(
        _time(own, setting, n) / _time(summed, setting, n),
        _saved(own, setting) / _saved(summed, setting),
        _peak(own, setting) / _peak(summed, setting),
        own.forwards,
        own.walks,
    )


def _counts(form: str, n: int) -> _Counts:
    return {
        "summed": _Counts(1, 1, 1, n, n + 2),
        "detach-reinject": _Counts(1, 1, 1, 1, 3),
        "retain, losses built first": _Counts(1, n, n, n, n + 2),
        # The loss before lives on, retained, until its name is bound anew: after the next one is built.
        "retain, head by head": _Counts(1, n, n, min(n, 2), 3),
        "trunk run again": _Counts(n, n, n, 1, 3),
        # The copies, their gradients, and these once more, stacked.
        "representation gradient": _Counts(1, 1, 1, n, n + 2, boundaries=3 * n, copies=n),
        # All rows of the Jacobian in one batched walk; they exist twice, as computed and as kept.
        "TorchJD mtl_backward": _Counts(1, 1, n, n, n + 2, boundaries=n, rows=2 * n),
        # Each task's walk goes through all heads, whose outputs are held and whose gradients wait for one
        # another, and each representation's through the trunk; the copies' gradients are there three times.
        "LibMTL rep_grad": _Counts(1, n, n, n, 3 * n + 1, boundaries=4 * n, copies=n, heads=n * n),
    }[form]


def _time(counts: _Counts, setting: Setting, n: int) -> int:
    """Multiplications of a step for one row of the batch."""
    trunk, head = _trunk_parameters(setting), setting.width * setting.out
    heads = n if counts.heads is None else counts.heads
    return trunk * (counts.forwards + 2 * counts.work) + (n + 2 * heads) * head


def _saved(counts: _Counts, setting: Setting) -> int:
    """Numbers that graphs keep for one row of the batch."""
    return _trunk_kept(setting) + counts.copies * setting.width + counts.alive * setting.out


def _peak(counts: _Counts, setting: Setting) -> float:
    """Numbers that exist at once for one row of the batch, but for parameters and accumulated gradients.

    The peak is where the heads are walked or where the trunk is, and then its graph is freed layer by layer.
    """
    kept = _trunk_kept(setting)
    heads = kept + counts.copies * setting.width + counts.at_once * setting.out
    jacobian = counts.rows * _trunk_parameters(setting) / setting.rows
    trunk = counts.boundaries * setting.width + (jacobian or kept)
    return max(heads, trunk)


def _trunk_parameters(setting: Setting) -> int:
    """The trunk's weights, which are its forward's multiplications for one row too."""
    return setting.depth * setting.width**2 * (12 if setting.kind == "transformer" else 1)


def _trunk_kept(setting: Setting) -> int:
    """Numbers the trunk's graph keeps for one row: of an MLP's layer the inputs of both its operations."""
    return setting.depth * setting.width * (16 if setting.kind == "transformer" else 2)
