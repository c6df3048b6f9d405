"""The program of a source: places, texts, and what its words alone give away."""

from __future__ import annotations

import ast

import pytest

from mhlint.findings import Position
from mhlint.source import Source
from mhlint.syntax import dotted, parse
from mhlint.syntax.program import Program, own_nodes


def program(text: str) -> Program:
    return parse(Source("case.py", text))


def find(owner: Program, kind: type[ast.AST]) -> ast.AST:
    return next(node for node in ast.walk(owner.tree) if isinstance(node, kind))


def test_places_count_code_points_from_one() -> None:
    found = program('x = "äöü🙂"; loss.backward()\n')
    place = found.place(find(found, ast.Call))
    assert place.filename == "case.py"
    assert (place.start, place.end) == (Position(1, 13), Position(1, 28))


def test_a_place_spans_rows() -> None:
    found = program("torch.autograd.backward(\n    [a,\n     b]\n)\n")
    place = found.place(find(found, ast.Call))
    assert (place.start, place.end) == (Position(1, 1), Position(4, 2))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_do_not_depend_on_line_ends(end: str) -> None:
    found = program(end.join(["a = 1", "", "b.backward()", ""]))
    assert found.place(find(found, ast.Call)).start == Position(3, 1)


def test_a_byte_order_mark_is_no_part_of_the_first_statement() -> None:
    found = program("\ufeffimport torch\n")
    assert isinstance(found.tree.body[0], ast.Import)


def test_a_form_feed_does_not_start_a_row() -> None:
    found = program("a = 1\n\x0cb = 2\n\x0closs.backward()\n")
    assert found.place(find(found, ast.Call)).start.row == 3


@pytest.mark.parametrize("text", ["def f(:\n", "x = (\n", "  x = 1\n y = 2\n", "return = 1\n", "a = '\n"])
def test_what_python_cannot_read_is_a_syntax_error(text: str) -> None:
    with pytest.raises(SyntaxError):
        program(text)


def test_a_null_character_is_an_error_of_the_kinds_named() -> None:
    with pytest.raises((SyntaxError, ValueError)):
        program("a = 1\0\n")


def test_a_warning_of_the_parser_is_not_shown(recwarn: pytest.WarningsRecorder) -> None:
    program("x = '\\d'\ny = 1 is 1\n")
    assert not recwarn.list


@pytest.mark.parametrize(
    ("text", "name"),
    [("a.b.c", "a.b.c"), ("a", "a"), ("a().b", ""), ("a[0].b", ""), ("'a'.b", "")],
)
def test_dotted(text: str, name: str) -> None:
    assert dotted(ast.parse(text, mode="eval").body) == name


def test_own_nodes_leave_inner_definitions_alone() -> None:
    found = program("def f():\n    a()\n    def g():\n        b()\n    lambda: c()\n    class D:\n        d()\n")
    names = {node.id for node in own_nodes(found.tree.body[0]) if isinstance(node, ast.Name)}
    assert names == {"a"}


def test_a_function_yields_only_by_itself() -> None:
    found = program("def f():\n    def g():\n        yield 1\n    return g\n")
    outer = found.tree.body[0]
    assert isinstance(outer, ast.FunctionDef)
    assert not found.yields(outer)
    assert found.yields(outer.body[0])


def test_a_loop_in_an_inner_function_is_no_inner_loop() -> None:
    found = program("for a in b:\n    def g():\n        for c in d: pass\nfor a in b:\n    while c: pass\n")
    first, second = found.tree.body
    assert not found.has_loop(first)
    assert found.has_loop(second)


def test_module_evidence_names_owners_with_and_without_self() -> None:
    found = program("self.net.parameters()\nopt.step()\nd.train()\n")
    assert {"self.net", "net", "d"} <= found.module_evidence
    assert "opt" not in found.module_evidence


def test_stored_attributes_are_those_written_emptied_or_filled() -> None:
    found = program("a.x = 1\ndel a.y\na.z.clear()\na.u[0] = 1\na.v\na.w.read()\n")
    assert set(found.stored_attributes) == {"x", "y", "z", "u"}


def test_a_long_text_is_shortened_to_one_line() -> None:
    found = program("f(\n    aaaaaaaaaaaaaaaaaaaaaaaa,\n    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,\n    cccccccccc)\n")
    text = found.text(find(found, ast.Call))
    assert "\n" not in text
    assert len(text) == 60
    assert text.endswith("...")
