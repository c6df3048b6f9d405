"""How findings call things: by the words that stand in the source, and by their line."""

from __future__ import annotations

import ast

from mhlint.autograd.graph import Node, Saved
from mhlint.autograd.trace import Event
from mhlint.syntax.program import Site

_PARTS = frozenset({"input", "other", "result", "target"})


def code(site: Site) -> str:
    """The source text of a place, shortened, in back quotes."""
    text = site.program.text(site.node)
    if text.endswith("..."):
        # What is called says more than the beginning of a long list of what it is given.
        shorter = site.program.text(_without_arguments(site.node))
        text = f"{text.rstrip('. ')} ..." if shorter.endswith("...") else shorter
    return f"`{text}`"


def _without_arguments(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.Call):
        given: list[ast.expr] = [ast.Constant(...)] if node.args or node.keywords else []
        return ast.Call(_without_arguments(node.func), given, [])  # type: ignore[arg-type]
    if isinstance(node, ast.Attribute):
        return ast.Attribute(_without_arguments(node.value), node.attr)  # type: ignore[arg-type]
    return node


def kept(saved: Saved) -> str:
    """What a node kept: by its name in the source where it has one, else by its part in the operation."""
    named = "'s " not in saved.label and saved.label not in _PARTS
    return f"the value of `{saved.label}`" if named else f"the {saved.label}"


def line(site: Site, seen_from: Site) -> str:
    """`line 12`, and the file where it is not the one of `seen_from`."""
    source = site.program.source
    if source.path == seen_from.program.source.path:
        return source.line(site.row, seen_from.row)
    return f"{source.line(site.row)} of {source.path.rpartition('/')[2]}"


def built(node: Node, seen_from: Site) -> str:
    """What left a node, and where."""
    return f"{code(node.site)} ({line(node.site, seen_from)})"


def other_walk(earlier: Event, event: Event) -> str:
    """An earlier walk, as a later one would call it."""
    if earlier.site != event.site:
        return f"{code(earlier.site)} on {line(earlier.site, event.site)}"
    if earlier.turn != event.turn:
        return "its own earlier turn"
    return "its own earlier run"
