import ast
import json
from pathlib import Path

import pytest

from mhlint.decoding import Unreadable
from mhlint.documents import edited, open_document
from mhlint.findings import Edit, Position
from mhlint.magics import without_magics
from mhlint.notebooks import in_cell, read_notebook
from mhlint.source import Source


def insert(row: int, column: int, content: str) -> Edit:
    return Edit(content, Position(row, column), Position(row, column))


def notebook(*sources: object, kind: str = "code", **extra: object) -> dict[str, object]:
    cells = [{"cell_type": kind, "metadata": {}, "outputs": [], "source": source} for source in sources]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **extra}


def data_of(document: object, **style: object) -> bytes:
    return (json.dumps(document, **{"indent": 1, "ensure_ascii": False, **style}) + "\n").encode()  # type: ignore[arg-type]


def sources_of(data: bytes) -> list[object]:
    return [cell["source"] for cell in json.loads(data)["cells"]]


@pytest.mark.parametrize(
    "cell",
    [
        "x = 5 % 3\n",
        "y = (a\n  % b)\n",
        's = """\n%not magic\n!nor this\nhelp?\n"""\n',
        "x = y \\\n  % z\n",
        "if a != b: pass\n",
        "f(\n!x\n)",
        "# what is this?\n",
        "d = {'a':\n %b}\n",
    ],
)
def test_python_is_left_alone(cell: str) -> None:
    assert without_magics(cell) == cell


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        ("%matplotlib inline\nx = 1\n", "#matplotlib inline\nx = 1\n"),
        ("!pip install torch\nx\n", "#pip install torch\nx\n"),
        ("if a:\n    !ls\nelse:\n    %cd x\n", "if a:\n    0#s\nelse:\n    0#d x\n"),
        (" ! pip install torch\n  %cd x\nx\n", "#! pip install torch\n# %cd x\nx\n"),
        ("files = !ls\nx\n", "files = _#s\nx\n"),
        ("r = %sql select\n", "r = _#ql select\n"),
        ("loss?\n", "#oss?\n"),
        ("loss.item??", "#oss.item??"),
        ("?loss\n", "#loss\n"),
        ("%time l.backward()\n", "0    ;l.backward()\n"),
        ("%time\nx = 1\n", "#time\nx = 1\n"),
        ("%%time\nl.backward()\n", "#%time\nl.backward()\n"),
        ("\n%%bash\nfor x in *; do\n\n  echo $x\ndone\n", "\n#%bash\n#or x in *; do\n\n# echo $x\n#one\n"),
        ("!echo a \\\n  b\nx\n", "#echo a \\\n# b\nx\n"),
        ('s = """\n%kept\n"""\n%gone\n', 's = """\n%kept\n"""\n#gone\n'),
        ("f(a,\n  b % c)\n%gone\n", "f(a,\n  b % c)\n#gone\n"),
        ("s = '(' # (\n!ls\n", "s = '(' # (\n#ls\n"),
        ("%%time\n%load_ext x\nx = 1\r\n!ls\r\n", "#%time\n#load_ext x\nx = 1\r\n#ls\r\n"),
    ],
)
def test_magics_become_python_of_the_same_length(cell: str, plain: str) -> None:
    made = without_magics(cell)
    assert made == plain
    assert [len(line) for line in made.split("\n")] == [len(line) for line in cell.split("\n")]
    ast.parse(made)


def test_code_cells_are_joined_and_counted_among_all_cells() -> None:
    document = notebook(["a = 1\n", "b = 2"], "c = 3\n", "", "%ls\nd")
    document["cells"].insert(1, {"cell_type": "markdown", "source": ["# Title"]})  # type: ignore[attr-defined]
    source = open_document("n.ipynb", data_of(document)).source
    assert source.text == "a = 1\nb = 2\nc = 3\n#ls\nd\n"
    assert [(cell.number, cell.first_row, cell.rows) for cell in source.cells] == [
        (1, 1, 2),
        (3, 3, 1),
        (5, 4, 2),
    ]
    assert in_cell(source, Position(5, 1)) == Position(2, 1)


def test_nbformat_3() -> None:
    cells = [{"cell_type": "code", "input": ["x = 1\n", "y"], "language": "python"}]
    data = data_of({"worksheets": [{"cells": cells}], "nbformat": 3, "metadata": {}})
    document = open_document("n.ipynb", data)
    assert document.source.text == "x = 1\ny\n"
    changed = edited(document, [(insert(2, 1, "_"),)])
    assert json.loads(changed)["worksheets"][0]["cells"][0]["input"] == ["x = 1\n", "_y"]


def test_another_language_has_no_code_for_us() -> None:
    document = notebook("x <- 1", metadata={"kernelspec": {"language": "R", "name": "ir"}})
    assert open_document("n.ipynb", data_of(document)).source.text == ""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b'{"cells": [}', "not JSON"),
        (b'{"cells": [] } x', "not JSON: Extra data"),
        (b"[]", "not a notebook"),
        (b"{}", "no cells"),
        (b"\xff", "not utf-8"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_notebook_says_so(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words) as caught:
        read_notebook("n.ipynb", data)
    assert "\n" not in str(caught.value)


STYLES: list[dict[str, object]] = [
    {},
    {"indent": None},
    {"indent": 4},
    {"ensure_ascii": True},
    {"indent": None, "separators": (",", ":")},
    {"indent": "\t", "sort_keys": True},
]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("listed", [True, False])
def test_only_the_touched_string_changes(style: dict[str, object], listed: bool) -> None:
    cell = ["a = '\u00e9\u65e5'\n", "b = 2\n", "c = 3"]
    document = notebook(
        cell if listed else "".join(cell), "d = '\u2028\\u00e9 </script>'\n", extra=[1.50, 1e5, "\u00e9"]
    )
    data = data_of(document, **style)
    edit = Edit("beta\nbeta = '\u00e9'", Position(2, 1), Position(2, 2))
    after = edited(open_document("n.ipynb", data), [(edit,)])
    lines = ["a = '\u00e9\u65e5'\n", "beta\n", "beta = '\u00e9' = 2\n", "c = 3"]
    document["cells"][0]["source"] = lines if listed else "".join(lines)  # type: ignore[index]
    assert after == data_of(document, **style)


def test_no_edit_no_byte() -> None:
    data = b'{"cells" : [ {"cell_type":"code", "source":["\\u0061\\/b\\n" ,"c"] } ], "x": 1E5}\r\n'
    assert edited(open_document("n.ipynb", data), []) == data


def test_untouched_lines_of_a_touched_cell_keep_their_escapes() -> None:
    data = b'{"cells": [{"cell_type": "code", "source": ["a = \\"\\u0062\\/\\"\\n",\n  "c",\n "" ]}]}'
    after = edited(open_document("n.ipynb", data), [(insert(2, 1, "x\n"),)])
    assert after.startswith(
        b'{"cells": [{"cell_type": "code", "source": ["a = \\"\\u0062\\/\\"\\n",\n  "x\\n",\n  "c"'
    )


def test_a_statement_behind_the_last_one_of_a_cell_stays_in_it() -> None:
    data = data_of(notebook("a\nb", "c\n"))
    after = edited(open_document("n.ipynb", data), [(insert(3, 1, "new\n"),)])
    assert sources_of(after) == ["a\nb\nnew", "c\n"]


def test_a_statement_in_front_of_a_cell_goes_with_the_fixs_other_edits() -> None:
    data = data_of(notebook("a\nb", "c\nd"))
    fix = (insert(3, 1, "new\n"), Edit("D", Position(4, 1), Position(4, 2)))
    assert sources_of(edited(open_document("n.ipynb", data), [fix])) == ["a\nb", "new\nc\nD"]


def test_a_deleted_last_line_and_an_emptied_cell() -> None:
    data = data_of(notebook(["a\n", "b"], ["c"]))
    fixes = [(Edit("", Position(2, 1), Position(3, 1)),), (Edit("", Position(3, 1), Position(4, 1)),)]
    assert sources_of(edited(open_document("n.ipynb", data), fixes)) == [["a"], []]


def test_an_edit_over_two_cells_is_refused() -> None:
    document = open_document("n.ipynb", data_of(notebook("a\nb", "c\nd")))
    with pytest.raises(ValueError, match="over the end of its cell"):
        edited(document, [(Edit("", Position(2, 1), Position(4, 1)),)])


def test_magics_stay_in_the_file() -> None:
    data = data_of(notebook("%time x.backward()\n!ls\n"))
    document = open_document("n.ipynb", data)
    after = edited(document, [(insert(1, 7, "y; "),)])
    assert sources_of(after) == ["%time y; x.backward()\n!ls\n"]


def test_a_byte_order_mark_is_kept() -> None:
    data = b"\xef\xbb\xbf" + data_of(notebook("a\n"))
    assert edited(open_document("n.ipynb", data), [(insert(1, 1, "b"),)]) == data.replace(
        b'"a\\n"', b'"ba\\n"'
    )


def test_rows_of_every_kind_of_line_end(tmp_path: Path) -> None:
    source = open_document("n.ipynb", data_of(notebook("a\r\nb\rc\n", "d"))).source
    assert Source("", source.text).lines == ("a\r\n", "b\r", "c\n", "d\n")
    assert [cell.first_row for cell in source.cells] == [1, 4]
