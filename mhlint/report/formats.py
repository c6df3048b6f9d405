"""The output formats by name; a format's module is imported when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from mhlint.report.listing import Listing

_MODULES = {
    "text": "text",
    "full": "text",
    "concise": "concise",
    "json": "json_list",
    "json-lines": "json_lines",
    "sarif": "sarif",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
}


def render(name: str, listing: Listing) -> str:
    """The report in one of settings.OUTPUT_FORMATS."""
    module = import_module(f"mhlint.report.{_MODULES[name]}")
    return cast(str, module.render(listing))
