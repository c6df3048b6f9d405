"""One source in, findings out: parse, run, let the rules read, attach the rewrites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mhlint.findings import Finding
from mhlint.source import Source

if TYPE_CHECKING:
    from mhlint.autograd.trace import Runs
    from mhlint.syntax import Modules
    from mhlint.syntax.program import Program


@dataclass(frozen=True)
class Request:
    """What is asked for: the codes of the rules, more names of backward calls, the style of fixes and of lines."""

    codes: frozenset[str]
    backward_calls: tuple[str, ...] = ()
    fix_style: str = "auto"
    line_length: int = 0


@dataclass(frozen=True)
class Analysis:
    """The findings, sorted, and the paths that they hang on beside the source's own.

    These are the modules of the project that were read, those that were looked for in vain, and folders that were
    looked through.
    """

    findings: tuple[Finding, ...] = ()
    modules: tuple[str, ...] = ()


def analyse(source: Source, request: Request, modules: Modules | None = None) -> Analysis:
    """Analyse one source; `modules` are those parsed for earlier ones.

    Raises SyntaxError or ValueError where Python cannot read it.
    """
    # Imported here: a file that the gate turns away must not pay for the machine.
    from mhlint.autograd.run import run_program
    from mhlint.rules import RULES
    from mhlint.syntax import Project, parse

    program = parse(source)
    project = Project(program) if modules is None else Project(program, modules)
    runs = run_program(program, project, request.backward_calls)
    found: set[Finding] = set()
    for code, rule in RULES.items():
        if code in request.codes:
            found.update(rule.find(runs))
    findings = sorted(found)
    if findings:
        from mhlint.rewrites import attach

        def again(changed: Program) -> Runs:
            return run_program(changed, project.around(changed), request.backward_calls)

        findings = attach(findings, runs, request.fix_style, again, request.line_length)
    return Analysis(tuple(findings), tuple(dict.fromkeys([*project.read, *project.looked_for])))
