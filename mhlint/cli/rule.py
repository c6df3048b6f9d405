"""`mhlint rule CODE`: a rule's page, from its own module."""

from __future__ import annotations

import argparse
import inspect

from mhlint.report.listing import rule_url
from mhlint.rules import RULES, page
from mhlint.rules.rule import Rule
from mhlint.rules.unreadable_source import RULE as UNREADABLE
from mhlint.settings import BadSettings, suggestion

_FIXES = {
    "safe": "A safe fix is there in some or all cases (`--fix`).",
    "unsafe": "An unsafe fix is there in some or all cases (`--fix --unsafe-fixes`).",
    "display": "The fix is shown, a person has to make it.",
    "none": "There is no fix.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `mhlint rule` takes."""
    parser.add_argument("rule", nargs="?", metavar="CODE", help="a rule's code or name")
    parser.add_argument("--all", action="store_true", help="every rule")
    parser.add_argument("--output-format", choices=("text", "json"), default="text", help="(default: text)")


def run(args: argparse.Namespace) -> int:
    """Print the page of a rule, or of all; raises settings.BadSettings for an unknown one."""
    rules = _rules()
    if not args.all:
        if not args.rule:
            raise BadSettings("which rule? give a code, or --all")
        word = args.rule
        rules = [rule for rule in rules if rule.code == word.upper() or rule.name == word.lower()]
        if not rules:
            words = tuple(word for rule in _rules() for word in (rule.code, rule.name))
            raise BadSettings(
                f"unknown rule {word!r}{suggestion(word, words) or suggestion(word.upper(), words)}"
            )
    if args.output_format == "json":
        import json

        records = [_record(rule) for rule in rules]
        print(json.dumps(records if args.all else records[0], indent=2))
    else:
        print("\n\n".join(_shown(rule) for rule in rules))
    return 0


def _rules() -> list[Rule]:
    return [rule for _, rule in sorted({**RULES, UNREADABLE.code: UNREADABLE}.items())]


def _explanation(rule: Rule) -> str:
    return inspect.cleandoc(page(rule.code) or rule.summary)


def _shown(rule: Rule) -> str:
    state = "" if rule.default else " This rule is off by default."
    return f"# {rule.name} ({rule.code})\n\n{_FIXES[rule.fix]}{state}\n\n{_explanation(rule)}"


def _record(rule: Rule) -> dict[str, object]:
    return {
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "explanation": _explanation(rule),
        "fix": rule.fix,
        "default": rule.default,
        "url": rule_url(rule.name),
    }
