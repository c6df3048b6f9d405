"""GitHub workflow commands: each finding an annotation on the changed file."""

from __future__ import annotations

from mhlint.findings import Confidence, Finding
from mhlint.report.listing import Listing


def render(listing: Listing) -> str:
    """The report, one annotation a line."""
    return "".join(_annotation(finding, listing) for finding in listing.findings)


def _annotation(finding: Finding, listing: Listing) -> str:
    place = listing.shown(finding.place)
    kind = "warning" if finding.confidence is Confidence.LIKELY else "error"
    # A cell's row is no row of the file that GitHub shows: the annotation then goes to the file as a whole.
    span = (
        f",line={place.start.row},col={place.start.column},endLine={place.end.row},endColumn={place.end.column}"
        if place.cell is None
        else ""
    )
    path = listing.relative(place.filename)
    message = f"{listing.heading(finding)}: {finding.code} {finding.message}"
    title = _property(f"mhlint ({finding.code})")
    return f"::{kind} title={title},file={_property(path)}{span}::{_data(message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
