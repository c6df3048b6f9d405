"""What names a finding from one run to the next, though lines above it come and go."""

from __future__ import annotations

import hashlib

from mhlint.findings import Finding
from mhlint.report.listing import Listing


def fingerprints(listing: Listing) -> list[str]:
    """One for each finding: of its code, file and text of its line, numbered where these are the same."""
    seen: dict[tuple[str, ...], int] = {}
    made = []
    for finding in listing.findings:
        key = (
            finding.code,
            listing.relative(finding.place.filename).replace("\\", "/"),
            _line(finding, listing),
        )
        seen[key] = seen.get(key, 0) + 1
        made.append(
            hashlib.sha256("\0".join([*key, str(seen[key])]).encode("utf-8", "replace")).hexdigest()[:32]
        )
    return made


def _line(finding: Finding, listing: Listing) -> str:
    source = listing.source(finding.place.filename)
    row = finding.place.start.row
    return source.lines[row - 1].strip() if source and row <= len(source.lines) else ""
