"""Comprehensions and generator expressions: loops that collect, and loops that run when they are asked."""

from __future__ import annotations

import ast
from collections.abc import Callable

from mhlint.autograd import binding
from mhlint.autograd.builtin_items import as_set
from mhlint.autograd.conditions import choice_keys, truth_of
from mhlint.autograd.frames import Frame
from mhlint.autograd.iteration import Generator, elements, numbers_of, uncertain
from mhlint.autograd.machine import Machine
from mhlint.autograd.subscripts import as_key
from mhlint.autograd.values import NONE, Const, Mapping, Range, Sequence, Value, key_of


def comprehension(machine: Machine, frame: Frame, node: ast.ListComp | ast.SetComp | ast.DictComp) -> Value:
    """A list, a set or a dict, collected turn by turn."""
    inner = Frame(frame.program, parent=frame, function=frame.function, owner=frame.owner, receiver=frame.receiver)
    if frame.is_class_body:
        inner.variables.update(frame.variables)
    collected: list[Value] = []
    keys: list[Value] = []
    exact = True

    def collect() -> None:
        if isinstance(node, ast.DictComp):
            keys.append(as_key(machine.evaluate(machine, inner, node.key)))
            collected.append(machine.evaluate(machine, inner, node.value))
        else:
            collected.append(machine.evaluate(machine, inner, node.elt))

    exact = _clauses(machine, inner, node.generators, collect)
    if isinstance(node, ast.DictComp):
        named = all(isinstance(key, Const) for key in keys)
        items = {
            key.value if isinstance(key, Const) else ("item", key_of(key)): value
            for key, value in zip(keys, collected, strict=True)
        }
        return Mapping(items, exact=exact and named)
    return as_set(collected, exact) if isinstance(node, ast.SetComp) else Sequence(collected, "list", exact)


def _clauses(machine: Machine, inner: Frame, clauses: list[ast.comprehension], collect: Callable[[], None]) -> bool:
    """Run the loops and conditions of a comprehension; whether every item was surely seen."""
    clause, rest = clauses[0], clauses[1:]
    source = machine.evaluate(machine, inner, clause.iter)
    exact = True
    activation, outer, count = machine.next_serial(), machine.turn, 0

    def one(item: Value) -> Value:
        nonlocal exact, count
        with machine.in_turn((*outer, (activation, count))):
            count += 1
            binding.assign(machine, inner, clause.target, item)
            for test in clause.ifs:
                value = machine.evaluate(machine, inner, test)
                known = truth_of(machine, value)
                if known is None:
                    known, exact, item = True, False, uncertain(machine, item, choice_keys(machine, value)[-1])
                    binding.assign(machine, inner, clause.target, item)
                if not known:
                    return NONE
            if rest:
                exact = _clauses(machine, inner, rest, collect) and exact
            else:
                collect()
        return NONE

    if isinstance(source, Generator):
        source.run(one)
        return exact and source.exact
    listed = numbers_of(source) if isinstance(source, Range) else None
    found, sure = elements(machine, source, machine.current) if listed is None else (listed, True)
    if len(found) > 64:
        found, sure = [found[0], found[1], found[-1]], False
    for item in found:
        one(item)
    return exact and sure


def generator_expression(machine: Machine, frame: Frame, node: ast.GeneratorExp) -> Value:
    """A generator: each of its turns runs when its item is asked for."""
    inner = Frame(frame.program, parent=frame, function=frame.function, owner=frame.owner, receiver=frame.receiver)

    def produce(consume: Callable[[Value], Value]) -> None:
        turn = machine.turn

        def hand_over() -> None:
            value = machine.evaluate(machine, inner, node.elt)
            with machine.in_turn(turn):
                consume(value)

        generator.exact = _clauses(machine, inner, node.generators, hand_over)

    generator = Generator(produce)
    return generator
