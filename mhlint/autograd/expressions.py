"""What each expression evaluates to."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from mhlint.autograd import attributes, binding, subscripts, tensors
from mhlint.autograd.arithmetic import arithmetic, unary
from mhlint.autograd.builtin_items import as_set
from mhlint.autograd.builtin_names import builtin
from mhlint.autograd.calls import evaluate_call
from mhlint.autograd.comparisons import compare
from mhlint.autograd.comprehensions import comprehension, generator_expression
from mhlint.autograd.conditions import choice_keys, decide, negate, truth_of, truth_text
from mhlint.autograd.definitions import define_function
from mhlint.autograd.frames import Frame, ProgramRaises
from mhlint.autograd.graph import Level
from mhlint.autograd.iteration import Generator, elements
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import NONE, Const, Key, Mapping, Sequence, Slice, Unknown, Value, key_of
from mhlint.syntax.program import dotted


def evaluate(machine: Machine, frame: Frame, node: ast.expr) -> Value:
    """The value of an expression."""
    machine.spend()
    handler = _HANDLERS.get(type(node))
    return machine.unknown("expression") if handler is None else handler(machine, frame, node)


def _constant(machine: Machine, frame: Frame, node: ast.Constant) -> Value:
    return Const(node.value)


def _name(machine: Machine, frame: Frame, node: ast.Name) -> Value:
    found = frame.look_up(node.id)
    if found is not None:
        return found
    if _is_unbound_local(frame, node.id):
        if not _bound_in_a_loop_before(frame, node):
            raise ProgramRaises("UnboundLocalError", place=node, deciding=_deciding(frame, node.id))
        frame.variables[node.id] = machine.unknown(node.id)
        return frame.variables[node.id]
    known = builtin(node.id)
    if known is not None:
        return known
    made = machine.unknown(node.id)
    if node.id in frame.program.module_evidence:
        made.module = Level.LIKELY
    frame.top.variables[node.id] = made
    return made


def _is_unbound_local(frame: Frame, name: str) -> bool:
    """Is a name read in the function that assigns to it, on a path that has not?"""
    home: Frame | None = frame
    while home is not None and home.function is None:
        if name in home.elsewhere or home.is_class_body:
            return False
        home = home.parent
    if home is None or home.function is None or name in home.elsewhere:
        return False
    return name in home.program.assigned_names(home.function.definition)


def _bound_in_a_loop_before(frame: Frame, node: ast.Name) -> bool:
    """Does a loop that is over give the name in one of its branches? A turn that was not run may have taken it: the
    lines of a file are read by such loops."""
    return any(
        isinstance(loop, (ast.For, ast.AsyncFor, ast.While))
        and (loop.end_lineno or loop.lineno) < node.lineno
        and _gives(loop.body, node.id)
        for loop in _around(frame)
    )


def _deciding(frame: Frame, name: str) -> frozenset[ast.AST]:
    """The conditions that decide whether a local name is bound."""
    branches = (branch for branch in _around(frame) if isinstance(branch, ast.If))
    return frozenset(
        part for branch in branches if _gives([*branch.body, *branch.orelse], name) for part in ast.walk(branch.test)
    )


def _around(frame: Frame) -> Iterator[ast.AST]:
    """The parts of the function that a frame, perhaps that of a comprehension, belongs to."""
    home = frame
    while home.function is None and home.parent is not None:
        home = home.parent
    return iter(()) if home.function is None else ast.walk(home.function.definition)


def _gives(body: list[ast.stmt], name: str) -> bool:
    """Do some statements give a name a value?"""
    parts = (part for statement in body for part in ast.walk(statement))
    return any(isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Store) for part in parts)


def _attribute(machine: Machine, frame: Frame, node: ast.Attribute) -> Value:
    owner = machine.evaluate(machine, frame, node.value)
    value = attributes.load(machine, owner, node.attr, frame.program.site(node))
    if isinstance(value, Unknown) and not value.module and dotted(node) in frame.program.module_evidence:
        value.module = Level.LIKELY
    return value


def _subscript(machine: Machine, frame: Frame, node: ast.Subscript) -> Value:
    owner = machine.evaluate(machine, frame, node.value)
    index = machine.evaluate(machine, frame, node.slice)
    return subscripts.load(machine, owner, index, frame.program.site(node))


def _slice(machine: Machine, frame: Frame, node: ast.Slice) -> Value:
    parts = [NONE if p is None else machine.evaluate(machine, frame, p) for p in (node.lower, node.upper, node.step)]
    return Slice(*parts)


def _binary(machine: Machine, frame: Frame, node: ast.BinOp) -> Value:
    # A long chain `a + b + ...` leans left: walk down it without recursion.
    chain: list[ast.BinOp] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp):
        chain.append(left)
        left = left.left
    value = machine.evaluate(machine, frame, left)
    for part in reversed(chain):
        right = machine.evaluate(machine, frame, part.right)
        value = arithmetic(machine, value, type(part.op), right, frame.program.site(part))
    return value


def _unary(machine: Machine, frame: Frame, node: ast.UnaryOp) -> Value:
    value = machine.evaluate(machine, frame, node.operand)
    if isinstance(node.op, ast.Not):
        return negate(value, machine)
    return unary(machine, node.op, value, frame.program.site(node))


def _bool(machine: Machine, frame: Frame, node: ast.BoolOp) -> Value:
    is_and = isinstance(node.op, ast.And)
    value: Value = NONE
    for position, part in enumerate(node.values):
        value = machine.evaluate(machine, frame, part)
        if position == len(node.values) - 1:
            return value
        known = truth_of(machine, value)
        if known is None:
            text, site = truth_text(frame.program, part), frame.program.site(part)
            known = decide(machine, value, text, site, default=machine.first_side)
        if known != is_and:
            return value if isinstance(value, Const) or not isinstance(value, Unknown) else Const(known)
    return value


def _compare(machine: Machine, frame: Frame, node: ast.Compare) -> Value:
    left = machine.evaluate(machine, frame, node.left)
    result: Value = NONE
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        right = machine.evaluate(machine, frame, comparator)
        result = compare(machine, left, op, right)
        if isinstance(result, Unknown) and not result.label:
            result.label = frame.program.text(node)
        if len(node.ops) > 1 and truth_of(machine, result) is False:
            return result
        left = right
    return result


def _conditional(machine: Machine, frame: Frame, node: ast.IfExp) -> Value:
    test = machine.evaluate(machine, frame, node.test)
    known = truth_of(machine, test)
    if known is None:
        before, position = machine.effects, len(machine.path.taken)
        text, site = truth_text(frame.program, node.test), frame.program.site(node.test)
        known = decide(machine, test, text, site)
        value = machine.evaluate(machine, frame, node.body if known else node.orelse)
        other = node.orelse if known else node.body
        if isinstance(value, (Const, Unknown)) and isinstance(other, (ast.Constant, ast.JoinedStr)):
            flag = isinstance(other, ast.Constant) and (other.value is None or isinstance(other.value, bool))
            if machine.effects == before and not flag and len(machine.path.taken) > position:
                for key in choice_keys(machine, test):
                    machine.path.pin(position, key)
        return value
    return machine.evaluate(machine, frame, node.body if known else node.orelse)


def _lambda(machine: Machine, frame: Frame, node: ast.Lambda) -> Value:
    return define_function(machine, frame, node)


def _list(machine: Machine, frame: Frame, node: ast.List | ast.Tuple | ast.Set) -> Value:
    kind = "tuple" if isinstance(node, ast.Tuple) else "set" if isinstance(node, ast.Set) else "list"
    result = Sequence([], kind)
    for item in node.elts:
        if isinstance(item, ast.Starred):
            found, exact = elements(machine, machine.evaluate(machine, frame, item.value), frame.program.site(item))
            result.items.extend(found)
            result.exact = result.exact and exact
        else:
            result.items.append(machine.evaluate(machine, frame, item))
    return as_set(result.items, result.exact) if kind == "set" else result


def _dict(machine: Machine, frame: Frame, node: ast.Dict) -> Value:
    result = Mapping({})
    for key, item in zip(node.keys, node.values, strict=True):
        value = machine.evaluate(machine, frame, item)
        if key is None:
            if isinstance(value, Mapping):
                result.items.update(value.items)
                result.exact = result.exact and value.exact
            else:
                result.exact = False
            continue
        name = subscripts.as_key(machine.evaluate(machine, frame, key))
        result.items[name.value if isinstance(name, Const) else ("item", key_of(name))] = value
        result.exact = result.exact and isinstance(name, Const)
    return result


def _joined(machine: Machine, frame: Frame, node: ast.JoinedStr) -> Value:
    parts: list[str] = []
    keys: list[Key] = []
    known = True
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            value = machine.evaluate(machine, frame, part.value)
            if isinstance(value, Const) and part.format_spec is None and part.conversion == -1:
                parts.append(str(value.value))
            else:
                known = False
            tensors.show(machine, (value,), None)
            keys.append((key_of(value), ast.dump(part.format_spec) if part.format_spec else part.conversion))
        elif isinstance(part, ast.Constant):
            parts.append(str(part.value))
            keys.append(part.value)
    return Const("".join(parts)) if known else machine.derived("text", tuple(keys), "text")


def _starred(machine: Machine, frame: Frame, node: ast.Starred) -> Value:
    return machine.evaluate(machine, frame, node.value)


def _walrus(machine: Machine, frame: Frame, node: ast.NamedExpr) -> Value:
    value = machine.evaluate(machine, frame, node.value)
    home = frame
    while home.parent is not None and home.function is home.parent.function and home.on_yield is None:
        if home.is_class_body:
            break
        home = home.parent
    binding.assign(machine, home, node.target, value)
    frame.variables[node.target.id] = value
    return value


def _await(machine: Machine, frame: Frame, node: ast.Await) -> Value:
    return machine.evaluate(machine, frame, node.value)


def _yield(machine: Machine, frame: Frame, node: ast.Yield) -> Value:
    value = NONE if node.value is None else machine.evaluate(machine, frame, node.value)
    return frame.on_yield(value) if frame.on_yield is not None else machine.unknown("sent")


def _yield_from(machine: Machine, frame: Frame, node: ast.YieldFrom) -> Value:
    source = machine.evaluate(machine, frame, node.value)
    consume = frame.on_yield
    if consume is None:
        return machine.unknown("sent")
    if isinstance(source, Generator):
        source.run(consume)
    else:
        for item in elements(machine, source, frame.program.site(node))[0]:
            consume(item)
    return NONE


_HANDLERS: dict[type[ast.expr], Callable[[Machine, Frame, Any], Value]] = {
    ast.Constant: _constant, ast.Name: _name, ast.Attribute: _attribute, ast.Subscript: _subscript,
    ast.Slice: _slice, ast.Call: evaluate_call, ast.BinOp: _binary, ast.UnaryOp: _unary, ast.BoolOp: _bool,
    ast.Compare: _compare, ast.IfExp: _conditional, ast.Lambda: _lambda, ast.List: _list, ast.Tuple: _list,
    ast.Set: _list, ast.Dict: _dict, ast.ListComp: comprehension, ast.SetComp: comprehension,
    ast.DictComp: comprehension, ast.GeneratorExp: generator_expression, ast.JoinedStr: _joined, ast.Starred: _starred,
    ast.NamedExpr: _walrus, ast.Await: _await, ast.Yield: _yield, ast.YieldFrom: _yield_from,
}  # fmt: skip
