"""GitLab's code quality report."""

from __future__ import annotations

import json
from typing import Any

from mhlint.findings import Confidence, Finding
from mhlint.report.fingerprints import fingerprints
from mhlint.report.listing import Listing
from mhlint.report.records import location


def render(listing: Listing) -> str:
    """The report as a JSON list of issues."""
    marks = fingerprints(listing)
    issues = [_issue(finding, mark, listing) for finding, mark in zip(listing.findings, marks, strict=True)]
    return json.dumps(issues, indent=2) + "\n"


def _issue(finding: Finding, mark: str, listing: Listing) -> dict[str, Any]:
    place = listing.shown(finding.place)
    start, end = location(place.start), location(place.end)
    positions = {
        key: {"line": at["row"], "column": at["column"]} for key, at in (("begin", start), ("end", end))
    }
    return {
        "check_name": finding.code,
        "description": f"{finding.code}: {finding.message}",
        "severity": "minor" if finding.confidence is Confidence.LIKELY else "major",
        "fingerprint": mark,
        "location": {"path": listing.relative(place.filename).replace("\\", "/"), "positions": positions},
    }
