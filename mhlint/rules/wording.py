"""How findings call things: by the words that stand in the source, and by their line."""

from __future__ import annotations

from mhlint.autograd.graph import Node
from mhlint.autograd.trace import Event
from mhlint.syntax.program import Site


def code(site: Site) -> str:
    """The source text of a place, shortened, in back quotes."""
    return f"`{site.program.text(site.node)}`"


def line(site: Site, seen_from: Site) -> str:
    """`line 12`, and the file where it is not the one of `seen_from`."""
    path = site.program.source.path
    other = "" if path == seen_from.program.source.path else f" of {path.rpartition('/')[2]}"
    return f"line {site.row}{other}"


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
