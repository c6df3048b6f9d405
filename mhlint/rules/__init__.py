"""What is wrong? One module a rule; each reads traces and yields findings."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from mhlint.rules.rule import Rule

_NOT_RULES = frozenset({"rule", "gathering", "wording", "reinjection", "walking", "wrapped_forwards"})


def _load() -> tuple[dict[str, Rule], dict[str, ModuleType]]:
    rules: dict[str, Rule] = {}
    modules: dict[str, ModuleType] = {}
    for info in pkgutil.iter_modules(__path__):
        if info.name not in _NOT_RULES:
            module = importlib.import_module(f"{__name__}.{info.name}")
            rule: Rule = module.RULE
            rules[rule.code], modules[rule.code] = rule, module
    return dict(sorted(rules.items())), dict(sorted(modules.items()))


RULES, _MODULES = _load()


def page(code: str) -> str:
    """The page of a rule: the docstring of its module. Raises KeyError for an unknown code."""
    return _MODULES[code].__doc__ or ""


__all__ = ["RULES", "Rule", "page"]
