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
    """What a form does in one step. `alive` is the number of logits matrices that losses keep at once.

    `work` is how many trunk backwards are computed, in however many walks; `copies` how often the boundary is
    kept; `rows` how many gradients of the whole trunk exist besides the accumulated one.
    """

    forwards: int
    walks: int
    work: int
    alive: int
    built_first: bool = False
    copies: int = 1
    rows: int = 0


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
        _peak(own, setting, n) / _peak(summed, setting, n),
        own.forwards,
        own.walks,
    )


def _counts(form: str, n: int) -> _Counts:
    return {
        "summed": _Counts(1, 1, 1, n, built_first=True),
        "detach-reinject": _Counts(1, 1, 1, 1),
        "retain, losses built first": _Counts(1, n, n, n, built_first=True),
        # The loss before lives on, retained, until its name is bound anew: after the next one is built.
        "retain, head by head": _Counts(1, n, n, min(n, 2)),
        "trunk run again": _Counts(n, n, n, 1),
        "representation gradient": _Counts(1, 1, 1, n, built_first=True, copies=n),
        # All rows of the Jacobian in one batched walk.
        "TorchJD mtl_backward": _Counts(1, 1, n, n, built_first=True, rows=n),
    }[form]


def _time(counts: _Counts, setting: Setting, n: int) -> int:
    """Multiplications of a step for one row of the batch."""
    trunk, head = _trunk_parameters(setting), setting.width * setting.out
    return trunk * (counts.forwards + 2 * counts.work) + 3 * n * head


def _saved(counts: _Counts, setting: Setting) -> int:
    """Numbers that graphs keep for one row of the batch."""
    return _trunk_kept(setting) + counts.copies * setting.width + counts.alive * setting.out


def _peak(counts: _Counts, setting: Setting, n: int) -> float:
    """Numbers that exist at once for one row of the batch, but for parameters and accumulated gradients."""
    at_once = (n if counts.built_first else 1) + 2
    boundaries = counts.copies * setting.width
    jacobian = counts.rows * _trunk_parameters(setting) / setting.rows
    return _trunk_kept(setting) + boundaries + at_once * setting.out + jacobian


def _trunk_parameters(setting: Setting) -> int:
    """The trunk's weights, which are its forward's multiplications for one row too."""
    return setting.depth * setting.width**2 * (12 if setting.kind == "transformer" else 1)


def _trunk_kept(setting: Setting) -> int:
    """Numbers the trunk's graph keeps for one row: of an MLP's layer the inputs of both its operations."""
    return setting.depth * setting.width * (16 if setting.kind == "transformer" else 2)
