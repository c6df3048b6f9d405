"""A JSON list of objects, in ruff's shape."""

from __future__ import annotations

import json

from mhlint.report.listing import Listing
from mhlint.report.records import record


def render(listing: Listing) -> str:
    """The report as one JSON list."""
    return json.dumps([record(finding, listing) for finding in listing.findings], indent=2) + "\n"
