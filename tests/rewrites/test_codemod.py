"""The fixes through libcst's own runner."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fixture_programs import FIXTURES, fixed_path

cst = pytest.importorskip("libcst")

from libcst.codemod import CodemodContext  # noqa: E402

from mhlint.plugins.codemod import FixCommand  # noqa: E402

LOOP = FIXTURES / "shared_trunk" / "heads_enumerate.py"
GAN = FIXTURES / "adversarial" / "gan_no_detach.py"


def test_the_runner_makes_the_safe_fixes(tmp_path: Path) -> None:
    """What `--fix` makes, and nothing else."""
    for path in (LOOP, GAN):
        shutil.copy(path, tmp_path)
    readme = (FIXTURES.parent / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^python (-m libcst\.tool .*) train\.py$", readme, re.MULTILINE)
    command = line.split()
    done = subprocess.run(
        [sys.executable, *command, str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(FIXTURES.parent)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / LOOP.name).read_text() == fixed_path(LOOP).read_text()
    assert (tmp_path / GAN.name).read_text() == GAN.read_text()


def _changed(path: Path, **options: object) -> str:
    context = CodemodContext(filename=str(path))
    command = FixCommand(context, **options)  # type: ignore[arg-type]
    return command.transform_module(cst.parse_module(path.read_bytes())).code


def test_options_are_those_of_check() -> None:
    """Unsafe fixes on request, a style, a selection of codes."""
    assert "fake.detach()" in _changed(GAN, unsafe_fixes=True)
    assert "sum(losses).backward()" in _changed(LOOP, fix_style="sum")
    assert _changed(LOOP, select=["MHL101,MHL203"]) == LOOP.read_text()
