"""JUnit's XML: a suite for each file, a failed case for each finding."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from mhlint.findings import Finding
from mhlint.report.listing import Listing

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(listing: Listing) -> str:
    """The report as XML; where nothing was found, one case that passed."""
    suites: dict[str, list[Finding]] = {}
    for finding in listing.findings:
        suites.setdefault(listing.relative(finding.place.filename), []).append(finding)
    count = len(listing.findings)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="mhlint" tests="{max(count, 1)}" failures="{count}" errors="0">',
    ]
    for path, findings in suites.items():
        lines.append(
            f'  <testsuite name={_attribute(path)} tests="{len(findings)}" failures="{len(findings)}">'
        )
        for finding in findings:
            lines += _case(finding, listing)
        lines.append("  </testsuite>")
    if not suites:
        lines.append(
            '  <testsuite name="mhlint" tests="1" failures="0"><testcase name="no findings"/></testsuite>'
        )
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _case(finding: Finding, listing: Listing) -> list[str]:
    place = listing.shown(finding.place)
    name = _attribute(f"{finding.code} {finding.name}")
    position = f'line="{place.start.row}" column="{place.start.column}"'
    text = _text(f"{listing.heading(finding)}: {finding.message}")
    return [
        f"    <testcase name={name} classname={_attribute(listing.relative(place.filename))} {position}>",
        f"      <failure message={_attribute(finding.message)}>{text}</failure>",
        "    </testcase>",
    ]


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text))
