"""The same statements written in fewer lines: `a; b`, and blocks behind their colon."""

from __future__ import annotations

import random
import re

_COMPOUND = re.compile(r"\s*(for|while|if|elif|else|try|except|with|def|class|return|break|continue)\b")


def joined(choose: random.Random, lines: list[str]) -> list[str]:
    """Lines of a step, some of them put together; each means what it did."""
    flat = [part for line in lines for part in line.split("\n")]
    if any("#" in line or line.count("(") != line.count(")") for line in flat):
        return lines
    return _suites(choose, _pairs(choose, flat))


def _pairs(choose: random.Random, lines: list[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        simple = not _COMPOUND.match(line)
        before = bool(found) and not _COMPOUND.match(found[-1]) and _depth(found[-1]) == _depth(line)
        if simple and before and choose.random() < 0.5:
            found[-1] += "; " + line.strip()
        else:
            found.append(line + (";" if simple and choose.random() < 0.1 else ""))
    return [re.sub(r";;|; ;", ";", line) for line in found]


def _suites(choose: random.Random, lines: list[str]) -> list[str]:
    """A block of one line goes behind its colon."""
    found: list[str] = []
    for index, line in enumerate(lines):
        last = found[-1] if found else ""
        after = lines[index + 1] if index + 1 < len(lines) else ""
        alone = last.endswith(":") and _depth(line) > _depth(last) and _depth(after) < _depth(line)
        if alone and not line.rstrip().endswith(":") and not last.strip().startswith(("try", "except")):
            if choose.random() < 0.4 and not _COMPOUND.match(line):
                found[-1] = f"{last} {line.strip()}"
                continue
        found.append(line)
    return found


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
