"""What every output format says of the same findings."""

import io
import json
import os
import xml.etree.ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from mhlint.findings import Applicability, Confidence, Edit, Finding, Fix, Place, Position, Related
from mhlint.notebooks import read_notebook
from mhlint.report.colors import wants_color
from mhlint.report.formats import render
from mhlint.report.listing import Listing
from mhlint.settings import OUTPUT_FORMATS
from mhlint.source import Source

TEXT = "z = trunk(x)\na.backward()\n\tlong = 1\n日本 = b.backward()\n"


def place(path: str, row: int, column: int, end: int) -> Place:
    return Place(path, Position(row, column), Position(row, end))


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    path, other = str(tmp_path / "a b.py"), str(tmp_path / "other.py")
    Path(other).write_text("first\nmade = here\n")
    finding = Finding(
        code="MHL101",
        name="second-backward",
        message='this <walks> "z" a second time: 100%',
        place=place(path, 4, 6, 18),
        confidence=Confidence.LIKELY,
        advice="sum the losses",
        when=("amp is on",),
        related=(
            Related("built here", place(path, 1, 1, 2)),
            Related("helper", place(other, 2, 8, 12)),
        ),
        fix=Fix(Applicability.SAFE, "sum them", (Edit("c", Position(4, 6), Position(4, 7)),)),
        noqa_row=4,
    )
    plain = Finding("MHL301", "trunk-not-reinjected", "no", place(path, 2, 1, 13))
    return Listing((plain, finding), {path: Source(path, TEXT)}, str(tmp_path))


def test_text_shows_the_code_with_all_places(listing: Listing) -> None:
    assert render("text", listing) == (
        "a b.py:2:1: MHL301 no\n"
        "  |\n"
        "1 | z = trunk(x)\n"
        "2 | a.backward()\n"
        "  | ^^^^^^^^^^^^\n"
        "3 | \tlong = 1\n"
        "  |\n"
        "\n"
        'a b.py:4:6: MHL101 [*] (likely) this <walks> "z" a second time: 100%\n'
        "  |\n"
        "1 | z = trunk(x)\n"
        "  | - built here\n"
        "...\n"
        "3 | \tlong = 1\n"
        "4 | 日本 = b.backward()\n"
        "  |        ^^^^^^^^^^^^\n"
        "  |\n"
        " ::: other.py\n"
        "  |\n"
        "2 | made = here\n"
        "  |        ---- helper\n"
        "  |\n"
        "  = only if: amp is on\n"
        "  = help: sum the losses\n"
        "  = fix: sum them\n"
        "\n"
        "Found 2 errors.\n"
        "[*] 1 fixable with the `--fix` option.\n"
    )


def test_text_marks_stand_below_tabs_and_wide_characters() -> None:
    source = Source("a.py", "\tx = '日'; b.backward()\n")
    finding = Finding("MHL101", "n", "m", place("a.py", 1, 11, 23))
    lines = render("text", Listing((finding,), {"a.py": source})).splitlines()
    assert lines[3] == "  | \t" + " " * 10 + "^" * 12


@pytest.mark.parametrize("row", [1, 2, 3, 9])
def test_text_survives_places_outside_the_file(row: int) -> None:
    finding = Finding("MHL900", "n", "m", place("a.py", row, 50, 60))
    for text in ("", "x", "x\n"):
        assert "MHL900" in render("text", Listing((finding,), {"a.py": Source("a.py", text)}))


def test_concise_is_one_line_each(listing: Listing) -> None:
    assert render("concise", listing).splitlines()[:2] == [
        "a b.py:2:1: MHL301 no",
        'a b.py:4:6: MHL101 [*] (likely) this <walks> "z" a second time: 100%',
    ]


def test_json_has_ruffs_keys_and_ours(listing: Listing, tmp_path: Path) -> None:
    plain, finding = json.loads(render("json", listing))
    assert plain["fix"] is None
    assert finding["filename"] == str(tmp_path / "a b.py")
    assert finding["location"] == {"row": 4, "column": 6}
    assert finding["end_location"] == {"row": 4, "column": 18}
    assert finding["cell"] is None
    assert finding["noqa_row"] == 4
    assert finding["url"].endswith("#second-backward")
    assert finding["fix"] == {
        "applicability": "safe",
        "message": "sum them",
        "edits": [
            {"content": "c", "location": {"row": 4, "column": 6}, "end_location": {"row": 4, "column": 7}}
        ],
    }
    assert (finding["confidence"], finding["when"]) == ("likely", ["amp is on"])
    assert [(item["message"], os.path.basename(item["filename"])) for item in finding["related"]] == [
        ("built here", "a b.py"),
        ("helper", "other.py"),
    ]
    assert [json.loads(line) for line in render("json-lines", listing).splitlines()] == [plain, finding]


def test_sarif(listing: Listing, tmp_path: Path) -> None:
    log = json.loads(render("sarif", listing))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert run["columnKind"] == "unicodeCodePoints"
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == ["MHL301", "MHL101"]
    assert [result["level"] for result in run["results"]] == ["error", "warning"]
    result = run["results"][1]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "a%20b.py", "uriBaseId": "SRCROOT"}
    assert run["originalUriBaseIds"]["SRCROOT"]["uri"] == f"file://{tmp_path}/"
    assert physical["region"] == {"startLine": 4, "startColumn": 6, "endLine": 4, "endColumn": 18}
    assert [item["message"]["text"] for item in result["relatedLocations"]] == ["built here", "helper"]
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["physicalLocation"]["region"]["startLine"] for step in steps] == [1, 2, 4]
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"] == {"text": "c"}
    assert "Only if: amp is on." in result["message"]["text"]


def test_fingerprints_survive_new_lines_above_and_tell_twins_apart(listing: Listing) -> None:
    def marks(text: str, shift: int) -> list[str]:
        (path,) = listing.sources
        rows = (2 + shift, 3 + shift)
        findings = tuple(replace(listing.findings[0], place=place(path, row, 1, 2)) for row in rows)
        moved = replace(listing, findings=findings, sources={path: Source(path, text)})
        return [item["fingerprint"] for item in json.loads(render("gitlab", moved))]

    before = marks("a\nx.backward()\nx.backward()\n", 0)
    assert before[0] != before[1]
    assert marks("new\nnew\na\nx.backward()\n x.backward()\n", 2) == before


def test_github_escapes_what_its_commands_read(listing: Listing) -> None:
    plain, finding = render("github", listing).splitlines()
    assert plain.startswith("::error title=mhlint (MHL301),file=a b.py,line=2,col=1,endLine=2,endColumn=13::")
    assert finding.startswith("::warning ")
    assert finding.endswith("a second time: 100%25")


def test_gitlab(listing: Listing) -> None:
    plain, finding = json.loads(render("gitlab", listing))
    assert (plain["severity"], finding["severity"]) == ("major", "minor")
    assert finding["location"]["path"] == "a b.py"
    assert finding["location"]["positions"]["begin"] == {"line": 4, "column": 6}


def test_junit_is_xml_whatever_the_message_holds(listing: Listing) -> None:
    odd = replace(listing.findings[0], message="\x00 & <b> \ud800 ]]>")
    root = xml.etree.ElementTree.fromstring(
        render("junit", replace(listing, findings=(odd, listing.findings[1]))).encode("utf-8")
    )
    assert root.get("failures") == "2"
    assert [case.get("line") for case in root.iter("testcase")] == ["2", "4"]
    assert (
        len(
            list(
                xml.etree.ElementTree.fromstring(render("junit", replace(listing, findings=()))).iter(
                    "failure"
                )
            )
        )
        == 0
    )


def test_cells_are_counted_in_every_format(tmp_path: Path) -> None:
    path = str(tmp_path / "n.ipynb")
    cells = [{"cell_type": "code", "source": "a\nb\n"}, {"cell_type": "code", "source": "c\nagain"}]
    notebook = read_notebook(path, json.dumps({"cells": cells}).encode())
    finding = Finding("MHL101", "n", "m", place(path, 4, 1, 6), noqa_row=4)
    listing = Listing((finding,), {path: notebook.source}, str(tmp_path))
    (record,) = json.loads(render("json", listing))
    assert (record["cell"], record["location"]["row"], record["noqa_row"]) == (2, 2, 2)
    assert "n.ipynb:cell 2:2:1: MHL101" in render("text", listing)
    assert "2 | again\n" in render("text", listing)
    assert ",line=" not in render("github", listing)
    (result,) = json.loads(render("sarif", listing))["runs"][0]["results"]
    assert result["locations"][0]["logicalLocations"][0]["name"] == "cell 2"


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_no_findings_is_a_whole_report(name: str) -> None:
    text = render(name, Listing(()))
    assert text.endswith("\n") or name in ("json-lines", "github")


def test_colours_follow_the_terminal_and_no_color() -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    terminal: object = Terminal()
    assert wants_color("auto", terminal, {})  # type: ignore[arg-type]
    assert not wants_color("auto", terminal, {"NO_COLOR": "1"})  # type: ignore[arg-type]
    assert not wants_color("auto", terminal, {"TERM": "dumb"})  # type: ignore[arg-type]
    assert not wants_color("auto", terminal, {"NO_COLOR": "1", "FORCE_COLOR": "1"})  # type: ignore[arg-type]
    assert wants_color("auto", io.StringIO(), {"FORCE_COLOR": "1"})
    assert not wants_color("never", terminal, {"FORCE_COLOR": "1"})  # type: ignore[arg-type]
    assert wants_color("always", terminal, {"NO_COLOR": "1"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("applicability", "message", "shown"),
    [
        (Applicability.UNSAFE, "cut it", "  = unsafe fix: cut it\n"),
        (Applicability.DISPLAY, "build it later", "  = fix, by hand: build it later\n"),
        (Applicability.DISPLAY, "Not rewritten: no plain call", "  = no fix: no plain call\n"),
    ],
)
def test_text_says_what_a_fix_is_worth(
    listing: Listing, applicability: Applicability, message: str, shown: str
) -> None:
    plain = replace(listing.findings[0], fix=Fix(applicability, message))
    assert shown in render("text", replace(listing, findings=(plain,)))


def test_no_summary_where_none_is_wanted(listing: Listing) -> None:
    for name in ("text", "concise"):
        assert "Found 2 errors" in render(name, listing)
        assert "Found" not in render(name, replace(listing, summary=False))
    assert render("concise", replace(listing, findings=(), summary=False)) == ""


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_a_file_name_that_is_no_text(name: str) -> None:
    path = "/top/" + os.fsdecode(b"odd\xff.py")
    finding = Finding("MHL301", "trunk-not-reinjected", "no", place(path, 1, 1, 2))
    for base in ("/top", "/elsewhere"):
        shown = render(name, Listing((finding,), {path: Source(path, "x\n")}, base))
        assert "odd" in shown
        if name == "sarif":
            assert "odd%FF.py" in shown


def test_only_what_a_fix_would_do_is_starred(listing: Listing) -> None:
    edit = Edit("", Position(2, 1), Position(2, 2))
    unsafe = replace(listing.findings[0], fix=Fix(Applicability.UNSAFE, "cut", (edit,)))
    shown = replace(listing, findings=(unsafe,))
    assert "[*]" not in render("text", shown)
    assert "No fixes available (1 hidden fix can be enabled with the `--unsafe-fixes` option)." in render("text", shown)
    assert "MHL301 [*] no" in render("text", replace(shown, unsafe_fixes=True))


def test_a_long_line_is_cut() -> None:
    text = "x = [" + "1, " * 200 + "]\n"
    finding = Finding("MHL301", "trunk-not-reinjected", "no", place("a.py", 1, 1, 2))
    shown = render("text", Listing((finding,), {"a.py": Source("a.py", text)}))
    assert max(map(len, shown.splitlines())) < 180
    assert "| x = [1, 1, 1" in shown
