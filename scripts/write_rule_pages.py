"""Write docs/rules.md from the rules' own modules: `python scripts/write_rule_pages.py`."""

from __future__ import annotations

import re
from pathlib import Path

from mhlint.rules import RULES, Rule, page

RULES_PAGE = Path(__file__).parent.parent / "docs" / "rules.md"
_HEAD = """# Rules

This file is written by `python scripts/write_rule_pages.py` from the modules in `mhlint/rules/`; `mhlint rule CODE`
prints one rule's page.

| code | name | what it finds | default | fix |
| --- | --- | --- | --- | --- |
"""
_SECTION = re.compile(r"^(#+) ", re.MULTILINE)
_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def _one_deeper(text: str) -> str:
    """Headings one level down; what is fenced stays as it is."""
    parts = _FENCED.split(text)
    return "".join(part if part.startswith("```") else _SECTION.sub(r"#\1 ", part) for part in parts)


def _section(rule: Rule) -> str:
    state = "on by default" if rule.default else f'off by default (`extend-select = ["{rule.code}"]`)'
    fix = {"none": "no fix", "display": "the fix is shown"}.get(rule.fix, f"{rule.fix} fix")
    return f"## {rule.name}\n\n{rule.code} · {state} · {fix}\n\n{_one_deeper(page(rule.code)).strip()}\n"


def _row(rule: Rule) -> str:
    cells = (rule.code, f"[{rule.name}](#{rule.name})", rule.summary, "on" if rule.default else "off", rule.fix)
    return f"| {' | '.join(cells)} |"


def rule_pages() -> str:
    """The whole text of docs/rules.md."""
    rows = "".join(f"{_row(rule)}\n" for rule in RULES.values())
    return _HEAD + rows + "\n" + "\n".join(_section(rule) for rule in RULES.values())


if __name__ == "__main__":
    RULES_PAGE.parent.mkdir(exist_ok=True)
    RULES_PAGE.write_text(rule_pages(), encoding="utf-8")
