"""Files without a walk of their own are analysed where they call one in another file."""

from __future__ import annotations

import pytest

from mhlint.callers import callers

STEPS = b"def one_step(loss):\n    loss.backward()\n\n\ndef train(loss):\n    loss.backward()\n"


@pytest.mark.parametrize(
    ("text", "called"),
    [
        (b"import steps\nsteps.one_step(x)\n", True),
        (b"from lib.steps import one_step\none_step(x)\n", True),
        (b"import steps\nprint(1)\n", False),
        (b"one_step(x)\n", False),
        (b"import other_steps\none_step(x)\n", False),
        # Names that are found in every project tell nothing.
        (b"import steps\nsteps.train(x)\n", False),
    ],
)
def test_a_caller_imports_the_module_and_names_what_walks(text: bytes, called: bool) -> None:
    assert callers({"/p/steps.py": STEPS}, {"/p/main.py": text}) == (["/p/main.py"] if called else [])


def test_a_package_is_known_by_its_folder() -> None:
    text = b"from steps import one_step\none_step(x)\n"
    assert callers({"/p/steps/__init__.py": STEPS}, {"/p/main.py": text}) == ["/p/main.py"]


def test_what_python_cannot_read_calls_for_nothing() -> None:
    assert callers({"/p/steps.py": b"def one_step(:\n"}, {"/p/main.py": b"import steps\none_step(x)\n"}) == []


MODEL = b"""class Model:
    def forward(self, x):
        self.net(x).backward()
"""
TRAINER = b"""from lib.model import Model


class Trainer:
    def __init__(self):
        self.model = Model()

    def one_epoch(self, x):
        self.model(x)
"""


def test_what_calls_a_caller_is_one() -> None:
    others = {
        "/p/lib/trainer.py": TRAINER,
        "/p/main.py": b"from lib.trainer import Trainer\nTrainer().one_epoch(x)\n",
        "/p/other.py": b"from lib.trainer import settings\n",
    }
    assert callers({"/p/lib/model.py": MODEL}, others) == ["/p/lib/trainer.py", "/p/main.py"]
