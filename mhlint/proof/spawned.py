"""Copied as `sitecustomize.py` to where every process of a run finds it: spawned processes are watched too.

A sitecustomize of the user's own, further down the path, is imported after it.
"""

import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _is_spawned() -> bool:
    words = " ".join(getattr(sys, "orig_argv", ()))
    return "from multiprocessing.spawn import" in words or "from multiprocessing.forkserver import" in words


def _watch(plan_path: str, start_path: str) -> None:
    spec = importlib.util.spec_from_file_location("_mhlint_start", start_path)
    if spec is None or spec.loader is None:
        raise ImportError(start_path)
    start = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(start)
    start.load_mhlint()
    from pathlib import Path

    from mhlint.proof.plan import read_plan
    from mhlint.proof.runner import watch
    from mhlint.proof.serving import read_texts

    plan = read_plan(Path(plan_path))
    watch(plan, read_texts(plan.served))


def _load_the_users_own() -> None:
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if __name__ == "sitecustomize":
    if _is_spawned():
        _watch(os.environ["MHLINT_VERIFY_PLAN"], os.environ["MHLINT_VERIFY_START"])
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != _HERE]
    _load_the_users_own()
