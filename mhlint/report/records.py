"""A finding as the JSON object that ruff's readers know, with mhlint's own keys behind ruff's."""

from __future__ import annotations

from typing import Any

from mhlint.findings import Finding, Position
from mhlint.report.listing import Listing, rule_url


def location(position: Position) -> dict[str, int]:
    """A 1-based row and column."""
    return {"row": position.row, "column": position.column}


def record(finding: Finding, listing: Listing) -> dict[str, Any]:
    """The object of one finding; file names are absolute, rows are those of the cell for a notebook."""
    place = listing.shown(finding.place)
    return {
        "cell": place.cell,
        "code": finding.code,
        "name": finding.name,
        "message": finding.message,
        "filename": place.filename,
        "location": location(place.start),
        "end_location": location(place.end),
        "fix": _fix(finding, listing),
        "noqa_row": _noqa_row(finding, listing),
        "url": rule_url(finding.name),
        "confidence": finding.confidence.value,
        "advice": finding.advice,
        "when": list(finding.when),
        "related": [_related(message, listing.shown(where)) for message, where in finding.related],
    }


def _related(message: str, place: Any) -> dict[str, Any]:
    return {
        "message": message,
        "filename": place.filename,
        "cell": place.cell,
        "location": location(place.start),
        "end_location": location(place.end),
    }


def _fix(finding: Finding, listing: Listing) -> dict[str, Any] | None:
    if finding.fix is None:
        return None
    edits = [
        {"content": edit.content, "location": location(edit.start), "end_location": location(edit.end)}
        for edit in listing.edits(finding)
    ]
    return {"applicability": finding.fix.applicability.value, "message": finding.fix.message, "edits": edits}


def _noqa_row(finding: Finding, listing: Listing) -> int | None:
    if finding.noqa_row is None:
        return None
    shift = finding.place.start.row - listing.shown(finding.place).start.row
    return finding.noqa_row - shift
