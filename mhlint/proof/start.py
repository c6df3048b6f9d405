"""Started by path with any Python: `python start.py PLAN` runs a plan where mhlint is not installed."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys


def load_mhlint() -> None:
    """Make this very copy of mhlint importable without putting what lies beside it on the path."""
    if "mhlint" in sys.modules:
        return
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    spec = importlib.util.spec_from_file_location(
        "mhlint", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"no mhlint in {folder}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["mhlint"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    # Python put this folder first; the program's own folder takes its place.
    del sys.path[0]
    load_mhlint()
    sys.exit(importlib.import_module("mhlint.proof.runner").main(sys.argv[1]))
