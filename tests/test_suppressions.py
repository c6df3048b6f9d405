import pytest

from mhlint.findings import Finding, Place, Position
from mhlint.source import Source
from mhlint.suppressions import noqa_edits, suppressions, with_noqa_row


def finding(row: int, code: str = "MHL101", name: str = "second-backward") -> Finding:
    return Finding(code, name, "", Place("a.py", Position(row, 1), Position(row, 2)))


def silenced(text: str, row: int = 1, code: str = "MHL101", only_ours: bool = False) -> bool:
    return suppressions(Source("a.py", text)).silences(finding(row, code), only_ours)


@pytest.mark.parametrize(
    "comment",
    [
        "# flake8: noqa: X",
        "# noqa: E501",
        "# noqa:E501,F401",
        "# noqable",
        "# mhlint: ignored",
        "# mhlint: ignore[MHL2]",
        "# noqa: MHL1011",
        "# ruff: noqa: E501",
    ],
)
def test_other_words_do_not_silence(comment: str) -> None:
    assert not silenced(f"x {comment}\n")


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "#noqa",
        "# NOQA : MHL101",
        "# noqa:MHL101",
        "# noqa: mhl101",
        "# noqa: E501, MHL101",
        "# noqa: E501 MHL101",
        "# noqa: MHL101  because of this",
        "# noqa: MHL1",
        "# text  # noqa: MHL101",
        "# type: ignore  # noqa",
        "# mhlint: ignore",
        "# MHLINT:ignore",
        "# mhlint: ignore[MHL101]",
        "# mhlint: ignore [ MHL2, MHL1 ]",
        "# mhlint: ignore[second-backward]",
        "# mhlint: ignore[MHL101] needed for the penalty",
    ],
)
def test_all_spellings_silence_their_line_and_no_other(comment: str) -> None:
    assert silenced(f"x {comment}\ny\n")
    assert not silenced(f"x {comment}\ny\n", row=2)


def test_a_string_is_no_comment() -> None:
    assert not silenced('x = "# noqa"\n')
    assert not silenced('x = """\n# mhlint: skip-file\n"""\n', row=3)


def test_any_row_of_the_statement_counts() -> None:
    text = "f(  # noqa: MHL101\n  a,\n  b)\ng(\n  c)  # noqa\nh\n"
    assert [silenced(text, row) for row in range(1, 7)] == [True, True, True, True, True, False]


def test_the_head_of_a_block_does_not_silence_its_body() -> None:
    assert not silenced("for x in y:  # noqa\n    z\n", row=2)


@pytest.mark.parametrize("line", ["# mhlint: skip-file", "# flake8: noqa", "x = 1  # MHLINT: skip-file"])
def test_the_whole_file(line: str) -> None:
    assert silenced(f"a\n{line}\nb\n")


@pytest.mark.parametrize("line", ["# flake8: noqa: E501, MHL1", "#ruff:noqa:MHL101", "    # RUFF: noqa: mhl101"])
def test_codes_for_the_whole_file(line: str) -> None:
    assert silenced(f"a\n{line}\nb\n", row=3)
    assert not silenced(f"a\n{line}\nb\n", code="MHL201")


@pytest.mark.parametrize("line", ["x = 1  # flake8: noqa", "x = 1  # ruff: noqa: MHL101", "# ruff: noqa"])
def test_words_for_a_file_that_are_not_alone_or_not_ours(line: str) -> None:
    assert not silenced(f"a\n{line}\nb\n")


def test_flake8_sees_to_its_own_comments() -> None:
    assert not silenced("x  # noqa\n", only_ours=True)
    assert silenced("x  # mhlint: ignore\n", only_ours=True)


def test_what_is_not_python_is_read_line_by_line() -> None:
    assert silenced("x = (  # noqa\n")


def test_the_row_of_a_noqa_is_the_last_of_the_statement() -> None:
    found = suppressions(Source("a.py", "x\nf(\n  a)\n"))
    assert [with_noqa_row(finding(row), found).noqa_row for row in (1, 2, 3)] == [1, 3, 3]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("x\n", "x  # noqa: MHL101, MHL201\n"),
        ("x   \r\n", "x  # noqa: MHL101, MHL201\r\n"),
        ("x  # why\n", "x  # why  # noqa: MHL101, MHL201\n"),
        ("x  # noqa: E501\n", "x  # noqa: E501, MHL101, MHL201\n"),
        ("x  # noqa: MHL201 (why)\n", "x  # noqa: MHL201, MHL101 (why)\n"),
        ("f(\n  a)", "f(\n  a)  # noqa: MHL101, MHL201"),
        ("s = '''\n'''\n", "s = '''\n'''  # noqa: MHL101, MHL201\n"),
    ],
)
def test_added_noqa(text: str, after: str) -> None:
    source = Source("a.py", text)
    changed = source.apply(noqa_edits(source, [finding(1, "MHL201"), finding(1)]))
    assert changed == after
    assert silenced(changed)
    assert silenced(changed, code="MHL201")


def test_a_long_table_costs_little_and_moves_no_comment() -> None:
    """Its items say nothing about comments; that of the row that it ends on stands."""
    for item in ("1", '"word"', "'word'", "-2.5e3"):
        table = f"table = [{', '.join([item] * 20_000)}]\n"
        text = f'{table}"""a # noqa"""\nloss = f(\n    table,\n)  # noqa: MHL101\n'
        found = suppressions(Source("a.py", text))
        assert found.span(3) == (3, 5)
        assert set(found.silenced) == {5}
    marked = Source("a.py", f"table = [{'1, ' * 20_000}]  # noqa: MHL201\n")
    assert set(suppressions(marked).silenced) == {1}
