"""Trainers of other libraries, by the full names of their classes."""

from __future__ import annotations

import re
from collections.abc import Iterable

_KINDS = (
    ("hf trainer", re.compile(r"(transformers|trl|sentence_transformers)\.(\w+\.)*\w*Trainer")),
    ("skorch net", re.compile(r"skorch\.(\w+\.)*NeuralNet\w*")),
    ("ignite engine", re.compile(r"ignite\.engine\.(\w+\.)*Engine")),
)
METHODS = frozenset(
    (
        "train training_step compute_loss _prepare_inputs fit partial_fit initialize infer get_loss "
        "train_step_single run on add_event_handler"
    ).split()
)
"""What the base classes of trainers bring along, as far as it is modelled."""


def kind_of(names: Iterable[str]) -> str:
    """Which library's trainer a class is or derives from, by the full names of it or of its bases; "" if none."""
    return next((kind for name in names for kind, pattern in _KINDS if pattern.fullmatch(name)), "")
