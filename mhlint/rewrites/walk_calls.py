"""Backward calls as they are written: the loss in them, the wrapper around it, the flags."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from mhlint.findings import Edit, Position
from mhlint.rewrites.layout import CannotEdit, Layout

_PLAIN = frozenset({"retain_graph", "gradient", "create_graph", "loss", "tensor", "tensors", "grad_tensors"})


@dataclass(frozen=True)
class WalkCall:
    """A backward call: `loss` is the expression that is walked, between `front` and `back` of the call's text.

    `scaled` is a scaler's call around the loss; `listed` says that the call takes a list of losses as well.
    """

    call: ast.Call
    loss: ast.expr
    scaled: ast.Call | None
    listed: bool
    method: bool


def walk_call(layout: Layout, call: ast.Call, api: str) -> WalkCall:
    """Read a backward call. Raises CannotEdit for a form that no rewrite knows."""
    if not isinstance(call.func, ast.Attribute) and api != "helper":
        raise CannotEdit(f"`{layout.text(call.func)}` is called as a plain name")
    if any(isinstance(arg, ast.Starred) for arg in call.args) or any(k.arg is None for k in call.keywords):
        raise CannotEdit("its arguments are spread out with `*`")
    if not {keyword.arg for keyword in call.keywords} <= _PLAIN:
        raise CannotEdit("it is told more than what to walk")
    if api == "method":
        assert isinstance(call.func, ast.Attribute)
        for extra in _given(call, 0, "gradient"), _given(call, 2, "create_graph"):
            if extra is not None and not (isinstance(extra, ast.Constant) and extra.value in (None, False)):
                raise CannotEdit("it is given a gradient, or creates a graph")
        loss: ast.expr = call.func.value
        scaled = None
        if isinstance(loss, ast.Call) and isinstance(loss.func, ast.Attribute) and loss.func.attr == "scale":
            if len(loss.args) == 1 and not loss.keywords and not isinstance(loss.args[0], ast.Starred):
                scaled, loss = loss, loss.args[0]
        return WalkCall(call, loss, scaled, False, True)
    given = call.args[0] if call.args else _given(call, 0, "loss", "tensor", "tensors")
    if given is None:
        raise CannotEdit("its loss is not found")
    gradient = _given(call, 1, "gradient", "grad_tensors")
    if gradient is not None and not (isinstance(gradient, ast.Constant) and gradient.value is None):
        raise CannotEdit("it is given a gradient")
    if any(keyword.arg == "create_graph" for keyword in call.keywords):
        raise CannotEdit("it creates a graph")
    return WalkCall(call, given, None, api == "autograd.backward", False)


def _given(call: ast.Call, position: int, *names: str) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg in names:
            return keyword.value
    return call.args[position] if position < len(call.args) else None


def with_loss(layout: Layout, walk: WalkCall, loss: str) -> str:
    """The text of a backward call with another loss in it."""
    whole = layout.text(walk.call)
    place, inner = layout.program.place(walk.call), layout.program.place(walk.loss)
    source = layout.program.source
    start = source.offset(inner.start) - source.offset(place.start)
    end = source.offset(inner.end) - source.offset(place.start)
    front, back = whole[:start], whole[end:]
    if walk.method and walk.scaled is None:
        if front.strip(_BLANK + "(") or back.lstrip(_BLANK)[:1] not in (".", ")") or "#" in back.partition(".")[0]:
            raise CannotEdit("a comment stands in the brackets around the loss")
        # Brackets around the loss are part of neither node.
        front, back = "", back[back.index(".") :]
        if not _is_atom(loss):
            loss = f"({loss})"
    return front + loss + back


_BLANK = " \t\f\r\n\\"


def _is_atom(text: str) -> bool:
    # Its rows may hang together by the brackets around it alone.
    node = ast.parse(f"({text}\n)", mode="eval").body
    return isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript))


def standing_alone(text: str) -> str:
    """The text of an expression, in brackets where its rows do not hang together without."""
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return f"({text}\n)" if "#" in text.rpartition("\n")[2] else f"({text})"
    return text


def without_retain(text: str) -> str:
    """The text of a backward call without its `retain_graph`, by keyword or by position."""
    if "#" in text:
        raise CannotEdit("comments stand between the arguments")
    # Imported here: libcst costs more than the whole analysis of most files.
    import libcst as cst

    try:
        call = cst.parse_expression(text)
    except (cst.ParserSyntaxError, RecursionError) as error:
        raise CannotEdit("the call cannot be parsed by itself") from error
    if not isinstance(call, cst.Call):
        raise CannotEdit("it is no plain call")
    args = list(call.args)
    index = next(
        (i for i, arg in enumerate(args) if arg.keyword and arg.keyword.value == "retain_graph"), None
    )
    if index is None:
        index = _positional_retain(call)
    if index is None:
        return text
    if args[index].keyword is None and index + 1 < len(args) and args[index + 1].keyword is None:
        args[index] = args[index].with_changes(value=cst.Name("None"))
        return cst.Module([]).code_for_node(call.with_changes(args=args))
    removed = args.pop(index)
    while index == len(args) and args and args[-1].keyword is None and _is_none(args[-1].value) and index > 0:
        if removed.keyword is not None:
            break
        removed = args.pop()
        index = len(args)
    if args and index == len(args):
        args[-1] = args[-1].with_changes(
            comma=removed.comma, whitespace_after_arg=removed.whitespace_after_arg
        )
    changed = call.with_changes(args=args)
    if not args:
        changed = changed.with_changes(whitespace_before_args=cst.SimpleWhitespace(""))
    return cst.Module([]).code_for_node(changed)


def _is_none(node: object) -> bool:
    import libcst as cst

    return isinstance(node, cst.Name) and node.value == "None"


def _positional_retain(call: object) -> int | None:
    import libcst as cst

    assert isinstance(call, cst.Call)
    if not isinstance(call.func, cst.Attribute) or call.func.attr.value != "backward":
        return None
    position = (
        2 if isinstance(call.func.value, cst.Attribute) and call.func.value.attr.value == "autograd" else 1
    )
    if isinstance(call.func.value, cst.Name) and call.func.value.value == "autograd":
        position = 2
    positional = [i for i, arg in enumerate(call.args) if arg.keyword is None and not arg.star]
    return positional[position] if len(positional) > position else None


def retain_flag(call: ast.Call) -> ast.expr | None:
    """What a backward call is given as `retain_graph`, by name or by position."""
    for keyword in call.keywords:
        if keyword.arg == "retain_graph":
            return keyword.value
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "backward":
        return None
    position = 2 if ast.unparse(call.func.value).rpartition(".")[2] == "autograd" else 1
    return call.args[position] if len(call.args) > position else None


_COMPUTING = frozenset({"len", "bool", "int", "isinstance", "min", "max", "any", "all", "range"})


def is_free_of_effects(node: ast.expr) -> bool:
    """Does an expression only compute something, as far as its text says?"""
    return not any(
        isinstance(part, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr))
        or (isinstance(part, ast.Call) and not (isinstance(part.func, ast.Name) and part.func.id in _COMPUTING))
        for part in ast.walk(node)
    )


def has_retain(call: ast.Call) -> bool:
    """Is `retain_graph` given, by name?"""
    return any(keyword.arg == "retain_graph" for keyword in call.keywords)


def removing_retain(layout: Layout, call: ast.Call) -> list[Edit]:
    """The edits that take `retain_graph` out of a backward call: none where it is not given."""
    old = layout.text(call)
    new = without_retain(old)
    return [] if new == old else [layout.replace(call, new), *_about_the_flag(layout, call)]


_OF_THE_FLAG = re.compile(r"\)*(?P<comment>[ \t]*#(?!.*(noqa|\w: *ignore|fmt:)).*\bretain[_ ]graph\b.*)")


def _about_the_flag(layout: Layout, call: ast.Call) -> list[Edit]:
    """A comment at the end of the call's line that speaks of `retain_graph` would be false without the flag."""
    end = layout.program.place(call).end
    line = layout.line(end.row).rstrip("\r\n")
    found = _OF_THE_FLAG.fullmatch(line, end.column - 1)
    if found is None:
        return []
    return [Edit("", Position(end.row, found.start("comment") + 1), Position(end.row, len(line) + 1))]
