"""Where code goes on behind an error: a `try` that swallows it, or `contextlib.suppress`."""

from __future__ import annotations

import ast
from functools import lru_cache

from mhlint.syntax.program import Site


def is_caught(site: Site) -> bool:
    """Does the code go on behind an error at a place of it?"""
    blocks = _forgiving(site.program.tree)
    return any(block[0].lineno <= site.row <= (block[-1].end_lineno or site.row) for block in blocks)


@lru_cache(maxsize=64)
def _forgiving(tree: ast.Module) -> list[list[ast.stmt]]:
    """The blocks of a file behind whose errors it goes on; a file's are asked for once for every place in a step."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.With, ast.AsyncWith)):
            if any("suppress" in ast.unparse(item.context_expr) for item in node.items):
                found.append(node.body)
        elif isinstance(node, ast.Try) and any(_goes_on(handler) for handler in node.handlers):
            found.append(node.body)
    return found


def _goes_on(handler: ast.ExceptHandler) -> bool:
    if handler.type is not None and ast.unparse(handler.type) in ("KeyboardInterrupt", "SystemExit"):
        return False
    last = handler.body[-1]
    ends = isinstance(last, ast.Expr) and ast.unparse(last).startswith(("sys.exit(", "exit(", "quit(", "os._exit("))
    return not (isinstance(last, ast.Raise) or ends)
