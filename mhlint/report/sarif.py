"""SARIF 2.1.0, as code scanning services read it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import mhlint
from mhlint.findings import Finding
from mhlint.report.fingerprints import fingerprints
from mhlint.report.listing import Listing, Shown, rule_url

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"certain": "error", "likely": "warning"}


def render(listing: Listing) -> str:
    """The report as a SARIF log."""
    names = sorted({(finding.code, finding.name) for finding in listing.findings})
    index = {code: number for number, (code, _) in enumerate(names)}
    results = [
        _result(finding, index[finding.code], mark, listing)
        for finding, mark in zip(listing.findings, fingerprints(listing), strict=True)
    ]
    driver = {
        "name": "mhlint",
        "version": mhlint.__version__,
        "informationUri": rule_url("").rstrip("#"),
        "rules": [_rule(code, name) for code, name in names],
    }
    run: dict[str, Any] = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    if listing.base:
        run["originalUriBaseIds"] = {"SRCROOT": {"uri": _file_uri(listing.base.rstrip("/") + "/")}}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str, name: str) -> dict[str, Any]:
    from mhlint.rules import RULES

    summary = RULES[code].summary if code in RULES else "A file could not be read, parsed or analysed."
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in name.split("-")),
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "help": {"text": f"mhlint rule {code}"},
        "helpUri": rule_url(name),
    }


def _file_uri(path: str) -> str:
    slashed = path.replace("\\", "/")
    return "file://" + _quoted(slashed if slashed.startswith("/") else "/" + slashed)


def _quoted(path: str) -> str:
    # The bytes of a name that is no text are quoted as they are.
    return quote(path, errors="surrogateescape")


def _artifact(path: str, listing: Listing) -> dict[str, str]:
    relative = listing.relative(path)
    if relative == path:
        return {"uri": _file_uri(path)}
    return {"uri": _quoted(relative.replace("\\", "/")), "uriBaseId": "SRCROOT"}


def _region(place: Shown) -> dict[str, int]:
    return {
        "startLine": place.start.row,
        "startColumn": place.start.column,
        "endLine": place.end.row,
        "endColumn": place.end.column,
    }


def _location(place: Shown, listing: Listing, message: str = "") -> dict[str, Any]:
    physical = {"artifactLocation": _artifact(place.filename, listing), "region": _region(place)}
    found: dict[str, Any] = {"physicalLocation": physical}
    if place.cell is not None:
        found["logicalLocations"] = [{"name": f"cell {place.cell}", "kind": "cell"}]
    if message:
        found["message"] = {"text": message}
    return found


def _result(finding: Finding, index: int, mark: str, listing: Listing) -> dict[str, Any]:
    place = listing.shown(finding.place)
    text = " ".join([finding.message, *([f"Only if: {'; '.join(finding.when)}."] if finding.when else [])])
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.confidence.value],
        "message": {"text": text},
        "locations": [_location(place, listing)],
        "partialFingerprints": {"mhlint/v1": mark},
        "properties": {"confidence": finding.confidence.value, "when": list(finding.when)},
    }
    if finding.related:
        related = [(message, listing.shown(where)) for message, where in finding.related]
        result["relatedLocations"] = [
            {"id": number, **_location(where, listing, message)}
            for number, (message, where) in enumerate(related, 1)
        ]
        steps = [*related, (finding.message, place)]
        flow = [{"location": _location(where, listing, message)} for message, where in steps]
        result["codeFlows"] = [{"threadFlows": [{"locations": flow}]}]
    if finding.fix and finding.fix.edits and place.cell is None:
        result["fixes"] = [_fix(finding, finding.fix.message, listing)]
    return result


def _fix(finding: Finding, message: str, listing: Listing) -> dict[str, Any]:
    path = finding.place.filename
    replacements = [
        {
            "deletedRegion": _region(Shown(path, None, edit.start, edit.end)),
            "insertedContent": {"text": edit.content},
        }
        for edit in listing.edits(finding)
    ]
    change = {"artifactLocation": _artifact(path, listing), "replacements": replacements}
    return {"description": {"text": message or "fix"}, "artifactChanges": [change]}
