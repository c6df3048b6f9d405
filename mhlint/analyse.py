"""One source in, findings out: parse, run, let the rules read, attach the rewrites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mhlint.findings import Finding
from mhlint.source import Source

if TYPE_CHECKING:
    from mhlint.autograd.trace import Runs
    from mhlint.syntax.program import Program


@dataclass(frozen=True)
class Request:
    """What is asked for: the codes of the rules, more names of backward calls, the style of fixes."""

    codes: frozenset[str]
    backward_calls: tuple[str, ...] = ()
    fix_style: str = "auto"


@dataclass(frozen=True)
class Analysis:
    """The findings, sorted, and the paths of the other modules of the project that were read for them."""

    findings: tuple[Finding, ...] = ()
    modules: tuple[str, ...] = ()


def analyse(source: Source, request: Request) -> Analysis:
    """Analyse one source. Raises SyntaxError or ValueError where Python cannot read it."""
    # Imported here: a file that the gate turns away must not pay for the machine.
    from mhlint.autograd.run import run_program
    from mhlint.rules import RULES
    from mhlint.syntax import Project, parse

    program = parse(source)
    project = Project(program)
    runs = run_program(program, project, request.backward_calls)
    found: set[Finding] = set()
    for code, rule in RULES.items():
        if code in request.codes:
            found.update(rule.find(runs))
    findings = sorted(found)
    if findings:
        from mhlint.rewrites import attach

        def again(changed: Program) -> Runs:
            return run_program(changed, Project(changed), request.backward_calls)

        findings = attach(findings, runs, request.fix_style, again)
    return Analysis(tuple(findings), tuple(project.read))
