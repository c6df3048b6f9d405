"""How should the step read? One module a rewrite: from a finding to text edits and how far to trust them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from mhlint.autograd.trace import Runs
from mhlint.findings import Finding, Fix
from mhlint.rewrites import (
    boundaries_together,
    cut_carried,
    cut_generator,
    heads_in_turn,
    moved_step,
    needless_retain,
    old_forms,
    out_of_place,
    reinjection,
    repeated_forward,
    shared_trunk,
)
from mhlint.rewrites.layout import CannotEdit
from mhlint.rewrites.line_width import fitted
from mhlint.rewrites.scene import Again, Scene

_Rewrite = Callable[[Scene, Finding], Fix | None]

_REWRITES: dict[str, tuple[_Rewrite, ...]] = {
    "MHL101": (boundaries_together.fix, shared_trunk.fix, cut_generator.fix),
    "MHL102": (cut_carried.fix,),
    "MHL103": (out_of_place.fix, moved_step.fix),
    "MHL104": (reinjection.require_grad,),
    "MHL105": (shared_trunk.fix,),
    "MHL201": (shared_trunk.fix,),
    "MHL202": (repeated_forward.fix,),
    "MHL203": (needless_retain.fix,),
    "MHL204": (heads_in_turn.fix,),
    "MHL301": (reinjection.add_missing,),
    "MHL302": (reinjection.move_out_of_loop,),
    "MHL303": (reinjection.clear_sent,),
    "MHL304": (reinjection.keep_gradient,),
    "MHL306": (moved_step.fix,),
    "MHL308": (shared_trunk.fix,),
    "MHL401": (old_forms.functional,),
    "MHL402": (old_forms.variable,),
}
"""The rewrites of each code, in the order in which they are tried."""


def attach(
    findings: Iterable[Finding], runs: Runs, fix_style: str, again: Again, line_length: int = 0
) -> list[Finding]:
    """The findings with the fixes that can be offered; `again` runs a changed program as `runs` was made.

    Fixes keep lines within `line_length`, and where it is 0 within the longest line of the file.
    """
    scene = Scene(runs, fix_style, again)
    return [_with_fix(scene, finding, line_length) for finding in findings]


def _with_fix(scene: Scene, finding: Finding, line_length: int) -> Finding:
    if finding.place.filename != scene.program.source.path:
        return finding
    shown: Fix | None = None
    for rewrite in _REWRITES.get(finding.code, ()):
        try:
            fix = rewrite(scene, finding)
        except (CannotEdit, RecursionError, SyntaxError):
            # A part of the source that means nothing away from its place: the finding stands without a fix.
            continue
        if fix is not None and fix.edits:
            return replace(finding, fix=replace(fix, edits=fitted(scene.layout, fix.edits, line_length)))
        shown = shown or fix
    return finding if shown is None else replace(finding, fix=shown)


__all__ = ["attach"]
