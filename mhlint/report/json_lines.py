"""One JSON object a line."""

from __future__ import annotations

import json

from mhlint.report.listing import Listing
from mhlint.report.records import record


def render(listing: Listing) -> str:
    """The report, one JSON object for each finding."""
    return "".join(json.dumps(record(finding, listing)) + "\n" for finding in listing.findings)
