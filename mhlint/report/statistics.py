"""How often each rule fired."""

from __future__ import annotations

import json
from collections import Counter

from mhlint.report.listing import Listing


def render(listing: Listing, as_json: bool = False) -> str:
    """The counts, the most frequent first, as text or as JSON."""
    counts = Counter((finding.code, finding.name) for finding in listing.findings)
    fixable = {finding.code for finding in listing.findings if listing.applicable(finding.fix)}
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if as_json:
        items = [
            {"code": code, "name": name, "count": count, "fixable": code in fixable}
            for (code, name), count in rows
        ]
        return json.dumps(items, indent=2) + "\n"
    return "".join(
        f"{count}\t{code}\t[{'*' if code in fixable else ' '}] {name}\n" for (code, name), count in rows
    )
