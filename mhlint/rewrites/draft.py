"""What a rewrite has written, before it is known how far it can be trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mhlint.findings import Edit, Place


@dataclass(frozen=True)
class Draft:
    """The edits of a rewrite and what they say; `renames` lead from the names it made up to those they stand for.

    `conditions` are the tests that it added, `doubts` what it takes for granted, `copied` the places of writes that it
    gives a copy of what they changed; `in_turn`: each head runs behind the walk of the one before.
    """

    edits: tuple[Edit, ...]
    message: str = ""
    renames: tuple[tuple[str, str], ...] = ()
    conditions: frozenset[str] = frozenset()
    doubts: tuple[str, ...] = ()
    copied: frozenset[Place] = frozenset()
    in_turn: bool = False

    def rename(self, text: str) -> str:
        """A text with the made-up names set back."""
        for new, old in self.renames:
            text = re.sub(rf"(?<!\w){re.escape(new)}(?!\w)", old.replace("\\", "\\\\"), text)
        return text
