"""A file could not be read, parsed or analysed.

## What it does

Says that a file was left out, where the trouble is, and why: the file is not there or may not be read, it is
binary or not in the encoding that it declares, it is not Python 3 (or, for a notebook, not JSON), it is
nested too deeply, it is too large, or its analysis did not end within its time limit.

## Why is this bad?

Nothing is known about such a file. Silence would look like a clean bill of health.

A file that is found in a folder and holds no backward call, nor anything else that a rule looks for, is not
parsed, so a syntax error in it is not reported. A file that is named on the command line is always parsed.

## Example

```python
print "loss", loss.backward()  # Python 2
```

## Use instead

```python
print("loss", loss.item())
```

or leave the file out with `exclude`.

## Fix safety

There is no fix.

## Facts

- The other files of a run are checked all the same, and the exit code is that of a finding.

## References

- [The `exclude` setting](https://github.com/mhlint/mhlint#settings)
"""

from __future__ import annotations

from collections.abc import Iterable

from mhlint.autograd.trace import Runs
from mhlint.findings import Finding
from mhlint.rules.rule import Rule


def find(_runs: Runs) -> Iterable[Finding]:
    """Nothing: a file without traces is reported where it is read."""
    return ()


RULE = Rule(
    code="MHL900",
    name="unreadable-source",
    summary="A file could not be read, parsed or analysed.",
    triggers=(),
    find=find,
)
