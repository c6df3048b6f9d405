"""Generate programs, run them, compare: `python -m tests.random_programs --count 5000 --seed 7`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import torch

from .analyser import analyser_or_reason
from .comparison import Tally, Verdict, described, judge, keep, report
from .generate import Program, generate
from .oracle import outcomes
from .reduction import reduced

SPACING = 1_000_000


def verdict_of(seed: int) -> Verdict:
    """Generate, run and compare the program of one seed."""
    torch.set_num_threads(1)
    return verdict_on(generate(seed))


def verdict_on(program: Program) -> Verdict:
    """Run and compare one program."""
    analyser, _ = analyser_or_reason()
    return judge(program, outcomes(program), analyser)


def main() -> int:
    """Print the totals; 1 if a certain finding was false or the analyser crashed."""
    options = _options()
    analyser, reason = analyser_or_reason()
    if analyser is None:
        print(f"no analyser ({reason}): outcomes only", file=sys.stderr)
    if options.show is not None:
        verdict = verdict_of(options.show)
        print(
            described(reduced(verdict, verdict_on) if options.reduce and verdict.problems else verdict),
            end="",
        )
        return 0
    first = options.seed * SPACING
    seeds, start, tally = range(first, first + options.count), time.perf_counter(), Tally()
    if options.jobs > 1:
        with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
            _collect(pool.imap_unordered(verdict_of, seeds, chunksize=50), tally, options)
    else:
        _collect(map(verdict_of, seeds), tally, options)
    print(report(tally, analyser is not None))
    for error, count in tally.unrelated.most_common(10):
        print(f"  thrown away {count}: {error}")
    if options.features:
        for feature, count in sorted(tally.features.items()):
            print(f"  {feature}: {count}, raising {tally.raising_features[feature]}")
    print(f"{time.perf_counter() - start:.1f} s")
    return int(bool(tally.problems["false certain"] or tally.problems["crash"]))


def _collect(verdicts: Iterable[Verdict], tally: Tally, options: argparse.Namespace) -> None:
    for verdict in verdicts:
        tally.add(verdict)
        if options.keep is not None and verdict.problems:
            keep(reduced(verdict, verdict_on) if options.reduce else verdict, options.keep)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.random_programs", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="how many programs")
    parser.add_argument("--seed", type=int, default=0, help="which stretch of programs")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes")
    parser.add_argument("--keep", type=Path, help="write the programs of disagreements into this folder")
    parser.add_argument(
        "--reduce", action="store_true", help="make kept and shown programs of disagreements small"
    )
    parser.add_argument("--features", action="store_true", help="print how often each feature occurs")
    parser.add_argument("--show", type=int, metavar="NUMBER", help="print one program and both opinions")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
