"""Which rules are on: selectors, the more exact one wins, as in ruff."""

from __future__ import annotations

from collections.abc import Mapping

from mhlint.patterns import matches, path_matcher
from mhlint.rules.rule import Rule
from mhlint.settings import BadSettings, Settings, suggestion

UNREADABLE = "MHL900"


def exactness(selector: str, code: str, name: str = "") -> int:
    """How exactly a selector means a rule: 0 not at all, 1 `ALL`, then the length of the prefix."""
    if selector == "ALL":
        return 1
    if name and selector == name:
        return len(code)
    return len(selector) if code.startswith(selector) else 0


def _best(selectors: tuple[str, ...], code: str, name: str) -> int:
    return max((exactness(selector, code, name) for selector in selectors), default=0)


def enabled_codes(settings: Settings, rules: Mapping[str, Rule]) -> frozenset[str]:
    """The codes that are on; raises BadSettings for a selector that means no rule."""
    for key in ("select", "ignore", "extend_select"):
        check_selectors(getattr(settings, key), rules, key.replace("_", "-"))
    for entry in settings.per_file_ignores:
        check_selectors(entry.codes, rules, "per-file-ignores")
    on = set()
    for code, name, default in _known(rules):
        wanted = _best(settings.select + settings.extend_select, code, name)
        if not settings.select and default:
            wanted = max(wanted, 1)
        if wanted and wanted > _best(settings.ignore, code, name):
            on.add(code)
    # A file that could not be checked is always said, unless someone says this very thing is not wanted.
    if _best(settings.ignore, UNREADABLE, "unreadable-source") <= 1:
        on.add(UNREADABLE)
    return frozenset(on)


def _known(rules: Mapping[str, Rule]) -> list[tuple[str, str, bool]]:
    known = [(rule.code, rule.name, rule.default) for rule in rules.values()]
    if UNREADABLE not in rules:
        known.append((UNREADABLE, "unreadable-source", True))
    return known


def check_selectors(selectors: tuple[str, ...], rules: Mapping[str, Rule], where: str) -> None:
    """Raises BadSettings for a selector that means no rule."""
    known = _known(rules)
    for selector in selectors:
        if not selector or not any(exactness(selector, code, name) for code, name, _ in known):
            words = tuple(word for code, name, _ in known for word in (code, name))
            near = suggestion(selector, words) or suggestion(selector.upper(), words)
            raise BadSettings(f"{where}: unknown rule {selector!r}{near}")


def ignored_in_file(settings: Settings, path: str, rules: Mapping[str, Rule]) -> frozenset[str]:
    """The codes that per-file-ignores switches off in one file."""
    off = set()
    for pattern, codes in settings.per_file_ignores:
        negated = pattern.startswith("!")
        if matches(path_matcher((pattern.removeprefix("!"),), settings.root), path) != negated:
            off |= {code for code, name, _ in _known(rules) if _best(codes, code, name)}
    return frozenset(off)
