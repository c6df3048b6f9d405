"""Fix random programs, run both forms, compare: `python -m tests.rewrites rewritable --count 2000 --seed 7`.

The sources: `rewritable` steps, `hazardous` ones that look as if, and the `programs` that verdicts are tested on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from .verdicts import SOURCES, verdict

SPACING = 1_000_000


def main() -> int:
    """Print the totals; 1 if a fixed program differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.rewrites", description=__doc__)
    parser.add_argument("source", choices=SOURCES)
    parser.add_argument("--count", type=int, default=100, help="how many programs")
    parser.add_argument("--seed", type=int, default=0, help="which stretch of programs")
    parser.add_argument("--unsafe", action="store_true", help="make unsafe fixes too, which may differ")
    parser.add_argument("--show", type=int, metavar="NUMBER", help="print one program and its verdict")
    options = parser.parse_args()
    if options.show is not None:
        print(SOURCES[options.source](options.show))
    first, start = options.seed * SPACING, time.perf_counter()
    seeds = range(first, first + options.count) if options.show is None else [options.show]
    tally: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            said = verdict(options.source, seed, Path(folder), options.unsafe)
            tally[said.partition(":")[0]] += 1
            if said.startswith("DIFFERS"):
                print(seed, said, flush=True)
    print(f"{options.source}, seeds {seeds[0]} to {seeds[-1]}: {dict(tally)}, {time.perf_counter() - start:.0f} s")
    return int(bool(tally["DIFFERS"]) and not options.unsafe)


if __name__ == "__main__":
    sys.exit(main())
