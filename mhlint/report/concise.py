"""One line for each finding, then a summary."""

from __future__ import annotations

from mhlint.report.listing import Listing
from mhlint.report.text import headline, summary


def render(listing: Listing) -> str:
    """The report, one line for each finding."""
    lines = [headline(finding, listing) for finding in listing.findings]
    return "".join(f"{line}\n" for line in [*lines, *([summary(listing)] if listing.summary else [])])
