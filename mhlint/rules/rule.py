"""What a rule is: its code, its name, what it needs in a file to fire, and the function that reads the traces."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mhlint.findings import Finding

if TYPE_CHECKING:
    from mhlint.autograd.trace import Runs


@dataclass(frozen=True)
class Rule:
    """One rule. Its page is the docstring of its module.

    `triggers` are byte strings of which a file must hold at least one for the rule to be able to fire there; where
    they are common words, `pattern` is a regular expression that must match as well;
    `default` says whether it is on without being selected; `fix` is one of "safe", "unsafe", "display", "none":
    the best applicability that its fixes can have.
    """

    code: str
    name: str
    summary: str
    triggers: tuple[bytes, ...]
    find: Callable[[Runs], Iterable[Finding]]
    fix: str = "none"
    default: bool = True
    pattern: bytes = b""
