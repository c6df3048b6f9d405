"""Make the program of a disagreement smaller, as long as the disagreement stays."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from .comparison import Verdict
from .generate import Program

Judge = Callable[[Program], Verdict]


def reduced(verdict: Verdict, judged: Judge) -> Verdict:
    """A small verdict with the same first problem, found by leaving out statements one by one."""
    smaller, progress = verdict, True
    while progress:
        progress = False
        number = 0
        while True:
            text = _without(smaller.program.text, number)
            if text is None:
                break
            trial = _judged(replace(smaller.program, text=text), judged)
            if trial is not None and _alike(verdict, trial):
                smaller, progress = trial, True
            else:
                number += 1
    return smaller


def _alike(verdict: Verdict, trial: Verdict) -> bool:
    """Whether a trial has the same problem, raises under the same options, and runs the reported walks."""
    if trial.unrelated or not verdict.problems or verdict.problems[0] not in trial.problems:
        return False
    walked = {row for outcome in trial.outcomes for row in outcome.walked}
    return _raised(verdict) == _raised(trial) and all(
        any(one.place.start.row <= row <= one.place.end.row for row in walked) for one in trial.findings
    )


def _raised(verdict: Verdict) -> list[list[str]]:
    return [[raised.kind for raised in outcome.raised] for outcome in verdict.outcomes]


def _judged(program: Program, judged: Judge) -> Verdict | None:
    try:
        return judged(program)
    except (SyntaxError, RecursionError):
        return None


def _without(text: str, number: int) -> str | None:
    """The text with the statement of this number left out, or an `if` or `with` replaced by its body."""
    tree = ast.parse(text)
    count = 0
    for node in ast.walk(tree):
        for name in ("body", "orelse", "handlers"):
            block = getattr(node, name, None)
            if not isinstance(block, list):
                continue
            for place, statement in enumerate(block):
                if isinstance(statement, ast.Pass):
                    continue
                for inner in _instead(statement):
                    if count == number:
                        block[place : place + 1] = inner
                        if not block and name == "body" and not isinstance(node, ast.Module):
                            block.append(ast.Pass())
                        return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
                    count += 1
    return None


def _instead(statement: ast.AST) -> list[list[ast.stmt]]:
    """What may take the place of a statement: nothing, or its own body. Counters stay: loops end by them."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.value, ast.Constant):
        return []
    if isinstance(statement, (ast.If, ast.With, ast.For, ast.Try)):
        return [[], statement.body]
    return [[]]
