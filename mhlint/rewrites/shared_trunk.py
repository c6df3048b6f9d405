"""Several walks of one trunk become one: which rewrite, how far it can be trusted, and what it gains."""

from __future__ import annotations

from typing import NamedTuple

from mhlint.autograd.graph import Level, Node
from mhlint.autograd.values import Tensor
from mhlint.findings import Applicability, Edit, Finding, Fix
from mhlint.rewrites import detach_reinject, sum_of_losses
from mhlint.rewrites.cut import reaches
from mhlint.rewrites.draft import Draft
from mhlint.rewrites.groups import Group, Step, step_of
from mhlint.rewrites.layout import CannotEdit
from mhlint.rewrites.observed import doubts, require_one_way
from mhlint.rewrites.own_copy import leaves_are_changed
from mhlint.rewrites.sameness import same_gradients
from mhlint.rewrites.scene import Scene
from mhlint.rewrites.shown import hooks_may_see_leaves, leaves_are_shown
from mhlint.rewrites.wrapped import parameters_are_used_outside


def fix(scene: Scene, finding: Finding) -> Fix | None:
    """The smallest right rewrite of the step that a finding stands in, or a word on why there is none."""
    try:
        step = _plain_step(scene, finding)
    except CannotEdit as error:
        return _display(f"Not rewritten: {error}")
    if step is None:
        return None
    reasons: list[str] = []
    for style in _styles(scene, step):
        try:
            return _made(scene, step, finding, style, reasons)
        except CannotEdit as error:
            reasons.append(f"{_NAMES[style]}: {error}")
    return _display("Not rewritten: " + "; ".join(reasons))


class Cut(NamedTuple):
    """The detach-reinject form of a step, and what was written for it."""

    fix: Fix
    draft: Draft


def cut_only(scene: Scene, finding: Finding) -> Cut | None:
    """The detach-reinject form of a finding's step, if it is one. Raises CannotEdit where heads do not run in turn."""
    step = _plain_step(scene, finding)
    if step is None:
        return None
    if not _heads_run_between(step):
        raise CannotEdit("the heads have all run before the first loss is there")
    draft = detach_reinject.draft(scene, step, finding)
    return Cut(_judged(scene, step, "detach-reinject", draft, []), draft)


_NAMES = {"sum": "one walk of the sum", "detach-reinject": "detach-reinject"}


def _display(message: str) -> Fix:
    return Fix(Applicability.DISPLAY, message)


def _plain_step(scene: Scene, finding: Finding) -> Step | None:
    """The step of a finding, if it is one. Raises CannotEdit where its walks are special or control can leave it."""
    step = step_of(scene, finding)
    if step is not None:
        for group in step.groups:
            _require_plain(group)
        require_one_way(scene.layout, step)
    return step


def _require_plain(group: Group) -> None:
    roots = [root.node for walk in group.walks for root in walk.roots if root.node is not None]
    if len(set(roots)) < len(roots):
        raise CannotEdit("one loss is walked twice")
    for walk in group.walks:
        if walk.inputs is not None or walk.creates_graph or (walk.gradient is not None and walk.sends is not None):
            raise CannotEdit("a walk is told where to end, or creates a graph")
        if walk.api == "unseen":
            raise CannotEdit("what is called is not known to be a backward call")


def _styles(scene: Scene, step: Step) -> list[str]:
    """The rewrites to try, in order; a later one is only for steps in which the earlier cannot be written."""
    if scene.fix_style == "sum":
        return ["sum"]
    if scene.fix_style == "auto" and not _heads_run_between(step):
        return ["sum", "detach-reinject"]
    return ["detach-reinject", "sum"]


def _heads_run_between(step: Step) -> bool:
    """Does a head run only after the walk of an earlier one, so that the two need not live together?"""
    for group in step.groups:
        shared = group.shared
        for earlier, later in zip(group.walks, group.walks[1:], strict=False):
            own = [node for node in later.walk.nodes if node.sequence > earlier.serial and node not in shared]
            # What keeps nothing is no head: an item of a tensor of losses, a loss times a number.
            if any(node.keeps > Level.NO for node in own):
                for node in own:
                    on_trunk = any(target in shared for target, _ in node.inputs)
                    if on_trunk or (_has_parameters(node) and reaches(node, shared)):
                        return True
    return False


def _has_parameters(node: Node) -> bool:
    return any(isinstance(target, Tensor) and target.parameter for target, _ in node.inputs)


def _made(scene: Scene, step: Step, finding: Finding, style: str, tried: list[str]) -> Fix:
    cutting = style == "detach-reinject"
    draft = detach_reinject.draft(scene, step, finding) if cutting else sum_of_losses.draft(scene.layout, step)
    return _judged(scene, step, style, draft, tried)


def _judged(scene: Scene, step: Step, style: str, draft: Draft, tried: list[str]) -> Fix:
    cutting = style == "detach-reinject"
    last = step.statements[-1]
    edits = tuple(sorted(set(draft.edits), key=lambda edit: (edit.start, edit.end)))
    rows = range(step.statements[0].lineno, (last.end_lineno or last.lineno) + len(edits) + 2)
    after = scene.edited(edits)
    if after is None or not same_gradients(step.runs, after, draft.rename, draft.conditions, rows):
        raise CannotEdit("it is not proven to give every parameter the same gradient")
    if cutting and leaves_are_changed(after):
        raise CannotEdit("a head works in place on the boundary")
    if cutting and parameters_are_used_outside(step):
        raise CannotEdit("a parameter of the distributed module is used outside of it")
    if cutting and leaves_are_shown(step.runs, after):
        raise CannotEdit("a head looks at whether the boundary is a leaf")
    return _trusted(scene, step, style, draft, edits, tried)


def _trusted(scene: Scene, step: Step, style: str, draft: Draft, edits: tuple[Edit, ...], tried: list[str]) -> Fix:
    why = [*doubts(scene.layout, step, draft.copied, summed=style == "sum"), *draft.doubts]
    if style == "detach-reinject" and any(api.startswith(("engine", "optimizer")) for api in step.api_of.values()):
        why.append("the engine's own books do not see the trunk's walk")
    if style == "detach-reinject" and hooks_may_see_leaves(scene.program):
        why.append("a forward hook could see that a head is given a leaf")
    text = _message(step, style, bool(step.retained), draft.in_turn)
    if draft.copied:
        text += "; a head that works in place changes a copy"
    message = "; ".join([text, *tried])
    if not why:
        return Fix(Applicability.SAFE, message, edits)
    return Fix(Applicability.UNSAFE, f"{message}. Not proven to be the same: {'; '.join(why[:3])}", edits)


def _message(step: Step, style: str, raises: bool, in_turn: bool) -> str:
    """What is done and what it gains; against retained walks the trunk is walked once in place of n times."""
    count = max(len(group.walks) for group in step.groups)
    times = "once" if raises else f"once in place of {count} times"
    fresh = _heads_run_between(step)
    if style == "sum":
        text = f"Walk the sum of the losses: the trunk is walked {times}"
        return text + (", and the outputs of all heads live until then" if fresh else "")
    text = f"Walk each head down to the detached boundary, then the trunk {times}"
    if not fresh:
        return text
    if in_turn:
        return f"{text}; against the sum of the losses, each head is freed before the next one runs"
    return f"{text}; against the sum of the losses, what runs behind a walk finds the head of that walk freed"
