"""How should the step read? One module a rewrite: from a finding to text edits and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mhlint.autograd.trace import Runs
from mhlint.findings import Finding, Fix
from mhlint.rewrites import needless_retain, shared_trunk
from mhlint.rewrites.layout import CannotEdit
from mhlint.rewrites.scene import Again, Scene

_REWRITES = {
    "MHL101": shared_trunk.fix,
    "MHL201": shared_trunk.fix,
    "MHL203": needless_retain.fix,
}


def attach(findings: Iterable[Finding], runs: Runs, fix_style: str, again: Again) -> list[Finding]:
    """The findings, each with the fix that can be offered; `again` runs a changed program as `runs` was made."""
    scene = Scene(runs, fix_style, again)
    return [_with_fix(scene, finding) for finding in findings]


def _with_fix(scene: Scene, finding: Finding) -> Finding:
    rewrite = _REWRITES.get(finding.code)
    if rewrite is None or finding.place.filename != scene.program.source.path:
        return finding
    try:
        fix: Fix | None = rewrite(scene, finding)
    except (CannotEdit, RecursionError):
        fix = None
    return finding if fix is None else replace(finding, fix=fix)


__all__ = ["attach"]
