"""For people: each finding with its code frame, what to do about it, and a summary."""

from __future__ import annotations

from mhlint.findings import Applicability, Confidence, Finding
from mhlint.report.colors import paint
from mhlint.report.listing import Listing

_FIXES = {
    Applicability.SAFE: "fix", Applicability.UNSAFE: "unsafe fix", Applicability.DISPLAY: "fix, by hand",
}  # fmt: skip
_REFUSED = "Not rewritten: "


def render(listing: Listing) -> str:
    """The report as text."""
    blocks = ["\n".join(_block(finding, listing)) + "\n" for finding in listing.findings]
    return "\n".join([*blocks, *([summary(listing) + "\n"] if listing.summary else [])])


def headline(finding: Finding, listing: Listing) -> str:
    """`path:row:column: CODE [*] message`."""
    star = paint("[*]", "cyan", listing.color) + " " if listing.applicable(finding.fix) else ""
    likely = "(likely) " if finding.confidence is Confidence.LIKELY else ""
    code = paint(finding.code, "red", listing.color)
    return f"{paint(listing.heading(finding), 'bold', listing.color)}: {code} {star}{likely}{finding.message}"


def _block(finding: Finding, listing: Listing) -> list[str]:
    from mhlint.report.frame import frame

    lines = [headline(finding, listing), *frame(finding, listing)]
    notes = [("only if", condition) for condition in finding.when]
    if finding.advice:
        notes.append(("help", finding.advice))
    if finding.fix:
        kind = _FIXES[finding.fix.applicability]
        refused = finding.fix.message.startswith(_REFUSED)
        notes.append(("no fix" if refused else kind, finding.fix.message.removeprefix(_REFUSED)))
    lines += [f"  = {paint(kind + ':', 'green', listing.color)} {text}" for kind, text in notes]
    return lines


def summary(listing: Listing) -> str:
    """How many findings there are, and how many of them a fix would end."""
    lines = []
    remaining = len(listing.findings)
    if listing.fixed:
        total = listing.fixed + remaining
        lines.append(f"Found {_errors(total)} ({listing.fixed} fixed, {remaining} remaining).")
    elif remaining:
        lines.append(f"Found {_errors(remaining)}.")
    else:
        lines.append("All checks passed!")
    fixable = sum(listing.applicable(finding.fix) for finding in listing.findings)
    hidden = sum(
        finding.fix is not None
        and bool(finding.fix.edits)
        and finding.fix.applicability is Applicability.UNSAFE
        for finding in listing.findings
    )
    hidden = 0 if listing.unsafe_fixes else hidden
    more = f"{hidden} hidden fix{'es' if hidden > 1 else ''} can be enabled with the `--unsafe-fixes` option"
    if fixable:
        lines.append(f"[*] {fixable} fixable with the `--fix` option" + (f" ({more})." if hidden else "."))
    elif hidden:
        lines.append(f"No fixes available ({more}).")
    return "\n".join(lines)


def _errors(count: int) -> str:
    return f"{count} error" if count == 1 else f"{count} errors"
