"""From events on paths to findings: one finding a place, with the choices it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mhlint.autograd.graph import Level, Node
from mhlint.autograd.trace import Choice, Event, Root, Runs, Trace
from mhlint.findings import Confidence, Place


@dataclass(frozen=True)
class Sighting:
    """An event that a rule objects to, on one path, and how sure that is."""

    root: Root
    trace: Trace
    event: Event
    level: Level


def sightings(
    runs: Runs, select: Callable[[Trace], Iterable[tuple[Event, Level]]], at_least: Level = Level.LIKELY
) -> Iterator[Sighting]:
    """What `select` finds on each path, from `at_least` upwards; at most likely in a second call that nobody is seen
    to make."""
    for root, trace in runs.traces():
        for event, level in select(trace):
            if level >= at_least:
                yield Sighting(root, trace, event, min(level, Level.LIKELY) if _in_second_call(trace, event) else level)


def _in_second_call(trace: Trace, event: Event) -> bool:
    return bool(trace.virtual_loop and event.turn and event.turn[0][0] == trace.virtual_loop and event.turn[0][1])


def by_place(found: Iterable[Sighting]) -> dict[Place, list[Sighting]]:
    """Sightings grouped by the place of their event, surest first."""
    groups: dict[Place, list[Sighting]] = {}
    for sighting in found:
        groups.setdefault(sighting.event.site.place, []).append(sighting)
    for group in groups.values():
        group.sort(key=lambda sighting: -sighting.level)
    return {place: group for place, group in groups.items() if not _hangs_on_doubt(group)}


def _hangs_on_doubt(group: list[Sighting]) -> bool:
    """Do all sightings share a side of a condition that a run may well never take?"""
    doubts = [
        {(choice.subject, answer(choice)) for choice in made if choice.doubtful}
        for made in (sighting.trace.choices[: sighting.event.choices] for sighting in group)
    ]
    return bool(doubts) and bool(set.intersection(*doubts))


def confidence(group: list[Sighting]) -> Confidence:
    """`certain` where some path shows it with no unknown in between."""
    return Confidence.CERTAIN if group[0].level is Level.CERTAIN else Confidence.LIKELY


_Identity = tuple[str, int]


def _identity(choice: Choice) -> _Identity:
    return choice.subject, choice.count


def answer(choice: Choice) -> bool:
    """The answer to the condition without its negation."""
    return choice.taken == (choice.text == choice.subject)


def when(group: list[Sighting], *, explored: bool = True) -> tuple[str, ...]:
    """The choices without which the finding was not seen: those that all its paths share.

    A choice counts where a path took its other side (and so did not show the finding), and where its other side
    could have made a difference but was not run; not where it is settled that it makes none, or stands aside. Where
    paths that share no choice show it (`if a or b:`), those of the surest one that tell it from the paths that do not
    show it. Where the paths that were not `explored` do not matter, choices of which no path took the other side say
    nothing.
    """
    shared: dict[_Identity, Choice] | None = None
    settled: set[_Identity] = set()
    for sighting in group:
        made = {_identity(choice): choice for choice in sighting.trace.choices[: sighting.event.choices]}
        settled.update(_identity(choice) for choice in made.values() if choice.settled)
        if shared is None:
            shared = made
        else:
            shared = {k: c for k, c in shared.items() if k in made and answer(made[k]) is answer(c)}
    sides = {
        (_identity(choice), answer(choice))
        for root in {id(sighting.root): sighting.root for sighting in group}.values()
        for trace in root.traces
        for choice in trace.choices
    }
    needed = {
        identity: choice
        for identity, choice in (shared or {}).items()
        if (identity, not answer(choice)) in sides or not (choice.aside or identity in settled or not explored)
    }
    _tell_apart(group, needed)
    phrases: dict[str, str] = {}
    for choice in needed.values():
        negated = choice.subject if choice.subject != choice.text else f"not ({choice.text})"
        phrase = choice.text if choice.taken else negated
        phrases.setdefault(choice.subject, f"{phrase} ({choice.site.program.source.line(choice.site.row)})")
    return tuple(phrases.values())


def _tell_apart(group: list[Sighting], needed: dict[_Identity, Choice]) -> None:
    """Add choices of the surest sighting until no whole path that makes them all lacks the finding."""
    surest = group[0]
    made = {_identity(choice): choice for choice in surest.trace.choices[: surest.event.choices]}
    showing = {id(sighting.trace) for sighting in group}
    for silent in surest.root.traces:
        if id(silent) in showing or silent.ended != "done":
            continue
        answers = {_identity(choice): answer(choice) for choice in silent.choices}
        other = {key: choice for key, choice in made.items() if answers.get(key) is (not answer(choice))}
        if other and not other.keys() & needed.keys():
            key, choice = next(iter(other.items()))
            needed[key] = choice


def crosses_calls(trace: Trace, node: Node | None, event: Event) -> bool:
    """Was `node` made in an earlier call of the root than the one in which `event` happened?"""
    if node is None or not trace.virtual_loop or not node.turn or not event.turn:
        return False
    return node.turn[0][0] == event.turn[0][0] == trace.virtual_loop and node.turn[0][1] != event.turn[0][1]


def within_calls(trace: Trace, node: Node | None, event: Event, level: Level) -> Level:
    """The level of a finding, at most likely where the graph crosses from one call of the root to the next."""
    return min(level, Level.LIKELY) if crosses_calls(trace, node, event) else level


def carried(node: Node, event: Event) -> bool:
    """Was `node` made in an earlier turn of a loop that still runs?"""
    for (made_in, made_turn), (now_in, now_turn) in zip(node.turn, event.turn, strict=False):
        if made_in != now_in:
            return False
        if made_turn != now_turn:
            return True
    return False
