"""The command line from outside, with a stand-in for the analysis (see fake_engine)."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import fake_engine
import pytest

from mhlint.cli.main import main
from mhlint.findings import Finding
from mhlint.source import Source

AGAIN = "again.backward()\n"


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_engine.install(monkeypatch)
    monkeypatch.chdir(tmp_path)


def write(**files: str | bytes) -> None:
    for name, text in files.items():
        data = text.encode() if isinstance(text, str) else text
        Path(name.replace("__", "/") + ".py").write_bytes(data)


def check(*arguments: str) -> int:
    return main(["check", "--no-cache", *arguments])


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[tuple[str, int, str]]:
    check(*arguments, "--output-format", "json")
    records = json.loads(capsys.readouterr().out)
    return [(os.path.basename(item["filename"]), item["location"]["row"], item["code"]) for item in records]


def test_help_version_and_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "check" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("mhlint 0.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "--bogus"], "--bogus"),
        (["chek"], "chek"),
        (["check", "--select", "MHL1O1"], "unknown rule 'MHL1O1' (did you mean 'MHL101'?)"),
        (["check", "--ignore", "E501"], "unknown rule 'E501'"),
        (["check", "--per-file-ignores", "a.py"], "expected PATTERN:CODE"),
        (["check", "--output-format", "yaml"], "yaml"),
        (["check", "-", "--add-noqa"], "--add-noqa writes into files"),
        (["check", "-j", "0"], "from 1 up"),
        (["check", "--config", "nope.toml"], "nope.toml: No such file"),
        (["check", "-", "a.py"], "stdin"),
        (["check", "--output-file", "no/such/folder", "a.py"], "no/such/folder: No such file"),
        (["rule", "MHL1O1"], "did you mean 'MHL101'?"),
        (["rule"], "which rule"),
        (["check", "--prove"], "add --fix or --diff"),
    ],
)
def test_what_cannot_be_run_is_one_line_and_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    write(a="x = 1\n")
    try:
        status = main(arguments)
    except SystemExit as error:
        status = int(str(error.code))
    out, err = capsys.readouterr()
    assert status == 2
    assert out == ""
    assert words in err
    assert err.startswith("mhlint: error: ")
    assert err.count("\n") == 1


def test_exit_codes_and_summary(capsys: pytest.CaptureFixture[str]) -> None:
    write(good="first.backward()\n")
    assert check() == 0
    assert capsys.readouterr().out == "All checks passed!\n"
    write(bad=AGAIN)
    assert check() == 1
    assert "Found 1 error.\n[*] 1 fixable with the `--fix` option." in capsys.readouterr().out
    assert check("--exit-zero") == 0


def test_no_files_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert check() == 0
    assert "no Python files or notebooks" in capsys.readouterr().err


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "binary": (b"backward\0\x01", "null bytes"),
    "latin": ("# \xe9 backward".encode("latin-1"), "not utf-8"),
    "syntax": (b"x.backward(\n", "cannot be parsed"),
    "python2": (b"print x.backward()\n", "cannot be parsed"),
    "parentheses": (b"x.backward(" + b"(" * 10_000 + b")" * 10_000 + b")", "cannot be parsed"),
    "nested": (b"x.backward(" + b"-" * 100_000 + b"1)", "cannot be"),
    "crash": (b"crash.backward()", "internal error: KeyError: 'a bug'"),
    "deep": (b"deep.backward()", "nested too deeply"),
    "cookie": (b"# coding: klingon\nbackward\n", "unknown encoding: klingon"),
}


@pytest.mark.parametrize("named", [True, False])
def test_bad_files_are_one_line_each_and_stop_nothing(
    capsys: pytest.CaptureFixture[str], named: bool
) -> None:
    for name, (data, _) in BAD_FILES.items():
        write(**{name: data})
    Path("broken.ipynb").write_text('{"cells": [ "backward"')
    write(zgood=AGAIN)
    names = [*sorted(f"{name}.py" for name in BAD_FILES), "broken.ipynb", "zgood.py"]
    assert check(*(names if named else []), "--output-format", "concise") == 1
    out, err = capsys.readouterr()
    lines = {line.split(":")[0]: line for line in out.splitlines() if ": MHL" in line}
    assert err == ""
    assert sorted(lines) == sorted(names)
    for name, (_, words) in BAD_FILES.items():
        assert ": MHL900 " in lines[f"{name}.py"]
        assert words in lines[f"{name}.py"]
    assert "MHL900 cannot be read: not JSON" in lines["broken.ipynb"]
    assert "MHL101" in lines["zgood.py"]


def test_a_missing_path_is_a_finding_and_others_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    write(a=AGAIN)
    assert check("nope.py", "a.py", "--output-format", "concise") == 1
    out = capsys.readouterr().out
    assert "nope.py:1:1: MHL900 cannot be read: No such file or directory" in out
    assert "a.py:1:1: MHL101" in out


def test_a_named_file_is_parsed_though_no_rule_can_fire_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    write(broken="def f(:\n")
    assert found(capsys, "broken.py") == [("broken.py", 1, "MHL900")]
    assert found(capsys, ".") == []


def test_undecodable_files_are_said_in_folders_too(capsys: pytest.CaptureFixture[str]) -> None:
    write(a=b"\xe9", b=b"\0")
    assert found(capsys) == [("a.py", 1, "MHL900"), ("b.py", 1, "MHL900")]


def test_a_pipe_does_not_hang(capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe.py")
    check("pipe.py", "--output-format", "concise")
    assert "MHL900 cannot be read: not a regular file" in capsys.readouterr().out


def test_selection(capsys: pytest.CaptureFixture[str]) -> None:
    write(a="again.backward()\nmaybe.backward()\nplain.backward()\n")
    assert [code for *_, code in found(capsys)] == ["MHL101", "MHL201", "MHL301"]
    assert [code for *_, code in found(capsys, "--select", "MHL1,MHL3")] == ["MHL101", "MHL301"]
    assert [code for *_, code in found(capsys, "--ignore", "MHL1", "--ignore", "MHL2")] == ["MHL301"]
    assert [code for *_, code in found(capsys, "--confidence", "certain")] == ["MHL101", "MHL301"]
    assert [code for *_, code in found(capsys, "--per-file-ignores", "a.py:MHL1,MHL2")] == ["MHL301"]
    assert [code for *_, code in found(capsys, "--per-file-ignores", "b.py:MHL1")] == [
        "MHL101",
        "MHL201",
        "MHL301",
    ]


def test_settings_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    write(a=AGAIN + "plain.backward()\n")
    Path("sub").mkdir()
    write(sub__b=AGAIN + "plain.backward()\n")
    Path("pyproject.toml").write_text('[tool.mhlint]\nignore = ["MHL301"]\n')
    Path("sub/pyproject.toml").write_text('[tool.mhlint]\nselect = ["MHL3"]\n')
    assert found(capsys) == [("a.py", 1, "MHL101"), ("b.py", 2, "MHL301")]
    assert len(found(capsys, "--isolated")) == 4
    Path("pyproject.toml").write_text("[tool.mhlint]\nignored = []\n")
    assert check() == 2
    assert "unknown setting 'ignored' (did you mean 'ignore'?)" in capsys.readouterr().err


def test_silenced_lines_and_ignore_noqa(capsys: pytest.CaptureFixture[str]) -> None:
    write(a="again.backward()  # noqa: MHL101\nplain.backward()  # mhlint: ignore\n")
    assert found(capsys) == []
    assert len(found(capsys, "--ignore-noqa")) == 2


def test_add_noqa_silences_everything(capsys: pytest.CaptureFixture[str]) -> None:
    write(a="again.backward(\n  x)\nplain.backward()\n")
    assert check("--add-noqa") == 0
    assert "Added 2 noqa directives." in capsys.readouterr().err
    assert (
        Path("a.py").read_text()
        == "again.backward(\n  x)  # noqa: MHL101\nplain.backward()  # noqa: MHL301\n"
    )
    assert check() == 0


def test_fix_touches_nothing_else_and_a_second_time_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    text = b"\xef\xbb\xbf# coding: utf-8 \r\nagain = '\xc3\xa9'  \r\n"
    text += b"if again:\r\n\tagain.backward()   # why\r\n\x0cplain.backward()"
    write(a=text)
    assert check("--fix") == 1
    assert Path("a.py").read_bytes() == text.replace(b"again.b", b"mended.b")
    assert "Found 2 errors (1 fixed, 1 remaining)." in capsys.readouterr().out
    check("--fix")
    assert Path("a.py").read_bytes() == text.replace(b"again.b", b"mended.b")


def test_fixes_follow_fixes_and_exit_0_when_all_is_fixed(capsys: pytest.CaptureFixture[str]) -> None:
    write(a="chain.backward(); again.backward()\n")
    assert check("--fix") == 0
    assert Path("a.py").read_text() == "mended.backward(); mended.backward()\n"
    write(a=AGAIN)
    assert check("--fix", "--exit-non-zero-on-fix") == 1


def test_unsafe_fixes_only_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    write(a="maybe.backward()\nperson.backward()\n")
    check("--fix")
    assert "1 hidden fix can be enabled" in capsys.readouterr().out
    assert Path("a.py").read_text().startswith("maybe")
    check("--fix", "--unsafe-fixes")
    assert Path("a.py").read_text() == "mended.backward()\nperson.backward()\n"


def test_a_silenced_finding_is_not_fixed() -> None:
    write(a="again.backward()  # noqa\n")
    assert check("--fix") == 0
    assert Path("a.py").read_text() == "again.backward()  # noqa\n"


def test_a_fix_that_would_not_parse_is_dropped_and_the_others_are_made(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(a="spoil.backward()\nagain.backward()\n")
    assert check("--fix") == 1
    assert Path("a.py").read_text() == "spoil.backward()\nmended.backward()\n"
    assert "MHL101 not fixed: the result would not parse" in capsys.readouterr().err


def test_fixes_without_end_leave_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    write(a="forever.backward()\n")
    assert check("--fix") == 1
    assert Path("a.py").read_text() == "forever.backward()\n"
    assert "do not come to an end" in capsys.readouterr().err


def test_diff_shows_what_fix_writes(capsys: pytest.CaptureFixture[str]) -> None:
    write(a="x = 1\nchain.backward()\n", b="plain.backward()\n")
    assert check("--diff") == 1
    out, err = capsys.readouterr()
    assert out == "--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n x = 1\n-chain.backward()\n+mended.backward()\n"
    assert err == "Would fix 2 errors.\n"
    assert Path("a.py").read_text() == "x = 1\nchain.backward()\n"
    Path("a.py").unlink()
    assert check("--diff") == 0


def test_a_file_that_cannot_be_written_is_left_and_the_others_are_fixed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(a=AGAIN, b=AGAIN)
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: not str(path).endswith("a.py") and access(path, mode)
    )
    assert check("--fix") == 1
    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert "a.py: not written: the file is read-only" in err
    assert "Found 2 errors (1 fixed, 1 remaining)." in out
    assert (Path("a.py").read_text(), Path("b.py").read_text()) == (AGAIN, "mended.backward()\n")


def give_proof(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    asked: list[tuple[str, str, str]] = []

    def prove_fix(before: Source, after: Source, finding: Finding) -> SimpleNamespace:
        asked.append((before.text, after.text, finding.code))
        return SimpleNamespace(equivalent="no" not in after.text, reason="the gradients differ")

    module = ModuleType("mhlint.proof")
    module.prove_fix = prove_fix  # type: ignore[attr-defined]
    module.emit_test = lambda before, after, finding: f"# {before.text}# {after.text}"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mhlint.proof", module)
    return asked


def test_only_proven_fixes_are_made_if_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = give_proof(monkeypatch)
    write(a=AGAIN, b=AGAIN + "no\n")
    assert check("--fix", "--prove") == 1
    assert capsys.readouterr().err.endswith("b.py:1: MHL101 not fixed: not proven: the gradients differ\n")
    assert (Path("a.py").read_text(), Path("b.py").read_text()) == ("mended.backward()\n", AGAIN + "no\n")
    assert asked[0] == (AGAIN, "mended.backward()\n", "MHL101")


def test_tests_are_written_for_the_fixes_made(monkeypatch: pytest.MonkeyPatch) -> None:
    give_proof(monkeypatch)
    write(a=AGAIN)
    assert check("--diff", "--emit-tests", "tests/new") == 1
    assert Path("tests/new/test_a_mhl101_row_1.py").read_text() == f"# {AGAIN}# mended.backward()\n"


def test_files_of_one_name_have_a_test_each(monkeypatch: pytest.MonkeyPatch) -> None:
    give_proof(monkeypatch)
    for folder in ("one", "two"):
        Path(folder).mkdir()
        Path(folder, "a.py").write_text(AGAIN)
    assert check("--fix", "--emit-tests", "new") == 0
    assert sorted(path.name for path in Path("new").iterdir()) == ["test_a_mhl101_row_1.py", "test_a_mhl101_row_1_2.py"]


def test_a_fix_that_no_test_can_be_written_for_is_made_and_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    give_proof(monkeypatch)

    def refuse(*_: object) -> str:
        raise ValueError("no test of this fix: it takes other paths")

    sys.modules["mhlint.proof"].emit_test = refuse  # type: ignore[attr-defined]
    write(a=AGAIN)
    assert check("--fix", "--emit-tests", "tests/new") == 0
    assert capsys.readouterr().err.endswith("a.py:1: MHL101 fixed, and no test of this fix: it takes other paths\n")
    assert Path("a.py").read_text() == "mended.backward()\n"
    assert not Path("tests/new").exists()


def test_proofs_without_torch_are_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mhlint.fixing.find_spec", lambda name: None)
    write(a=AGAIN)
    assert check("--fix", "--prove") == 2
    error = capsys.readouterr().err
    assert "torch, which is not installed" in error
    assert error.count("\n") == 1
    assert Path("a.py").read_text() == AGAIN


def give_stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_stdin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    give_stdin(monkeypatch, AGAIN)
    assert check("-", "--output-format", "concise") == 1
    assert capsys.readouterr().out.startswith("-:1:1: MHL101")
    give_stdin(monkeypatch, AGAIN)
    assert check("--stdin-filename", "sub/x.py", "-", "--output-format", "concise") == 1
    assert capsys.readouterr().out.startswith("sub/x.py:1:1: MHL101")
    give_stdin(monkeypatch, AGAIN)
    assert check("--fix", "-") == 0
    out, err = capsys.readouterr()
    assert out == "mended.backward()\n"
    assert "1 fixed, 0 remaining" in err


def notebook(*sources: object) -> bytes:
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}, indent=1).encode()


def test_notebooks(capsys: pytest.CaptureFixture[str]) -> None:
    Path("n.ipynb").write_bytes(
        notebook("%time x\nfirst", ["!ls\n", "again.backward()\n", "plain.backward()"])
    )
    assert check("--output-format", "json") == 1
    again, plain = json.loads(capsys.readouterr().out)
    assert (again["cell"], again["location"], again["noqa_row"]) == (2, {"row": 2, "column": 1}, 2)
    assert again["fix"]["edits"][0]["location"] == {"row": 2, "column": 1}
    assert plain["location"]["row"] == 3
    assert check("--output-format", "text") == 1
    text = capsys.readouterr().out
    assert "n.ipynb:cell 2:2:1: MHL101" in text
    assert "2 | again.backward()" in text
    assert check("--diff") == 1
    assert capsys.readouterr().out.startswith(
        "--- n.ipynb:cell 2\n+++ n.ipynb:cell 2\n"
        "@@ -1,3 +1,3 @@\n !ls\n-again.backward()\n+mended.backward()\n"
    )
    check("--fix")
    assert Path("n.ipynb").read_bytes() == notebook(
        "%time x\nfirst", ["!ls\n", "mended.backward()\n", "plain.backward()"]
    )


def test_statistics_and_output_file(capsys: pytest.CaptureFixture[str]) -> None:
    write(a=AGAIN * 2 + "plain.backward()\n")
    assert check("--statistics") == 1
    assert capsys.readouterr().out == "2\tMHL101\t[*] second-backward\n1\tMHL301\t[ ] trunk-not-reinjected\n"
    assert check("--output-file", "report.json", "--output-format", "json") == 1
    assert capsys.readouterr().out == ""
    assert len(json.loads(Path("report.json").read_text())) == 3
    Path(os.fsdecode(b"odd\xff.py")).write_text(AGAIN)
    assert check("--output-file", "report.txt", "--output-format", "concise") == 1
    assert "odd\\udcff.py:1:1" in Path("report.txt").read_text()


def test_exit_zero_holds_for_diff(capsys: pytest.CaptureFixture[str]) -> None:
    write(a=AGAIN)
    assert check("--diff") == 1
    assert check("--diff", "--exit-zero") == 0
    assert check("--exit-zero") == 0


def test_a_file_of_findings_has_no_colours() -> None:
    write(a=AGAIN)
    assert check("--color", "always", "--output-file", "report.txt") == 1
    assert "\x1b" not in Path("report.txt").read_text()


def test_color(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    write(a=AGAIN)
    check()
    assert "\x1b" not in capsys.readouterr().out
    check("--color", "always")
    assert "\x1b[1;31mMHL101\x1b[0m" in capsys.readouterr().out


def test_quiet_says_nothing_when_there_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    write(a="x = 1\n")
    assert check("-q") == 0
    assert capsys.readouterr() == ("", "")


def test_how_much_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    write(a=AGAIN, b="x = 1\n", c="broken.backward(\n")
    assert check("-q", "--output-format", "concise", "a.py") == 1
    assert capsys.readouterr().out == "a.py:1:1: MHL101 [*] this walks again a second time\n"
    assert check("-q", "a.py") == 1
    assert "Found" not in capsys.readouterr().out
    assert check("-s", ".") == 1
    assert check("-s", "--diff", "a.py") == 1
    assert "Would fix" not in capsys.readouterr().err
    assert check("-v", ".") == 1
    assert capsys.readouterr().err == "Checked 3 files, analysed 2.\n"


def test_fix_only_says_nothing_of_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    write(a=AGAIN + "plain.backward()\n")
    assert check("--fix-only", "--exit-non-zero-on-fix") == 1
    assert capsys.readouterr() == ("", "Fixed 1 error.\n")
    assert Path("a.py").read_text() == "mended.backward()\nplain.backward()\n"
    assert check("--fix-only", "--exit-non-zero-on-fix") == 0
    assert capsys.readouterr() == ("", "")


def test_show_settings_and_files(capsys: pytest.CaptureFixture[str]) -> None:
    write(a="x\n")
    assert check("--show-settings", "--select", "MHL1") == 0
    assert "select = ('MHL1',)" in capsys.readouterr().out
    assert check("--show-files") == 0
    assert capsys.readouterr().out == f"{Path('a.py').absolute()}\n"


def test_rule_pages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "mhl900"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("# unreadable-source (MHL900)\n")
    assert "## Why is this bad?" in page
    assert main(["rule", "--all", "--output-format", "json"]) == 0
    pages = json.loads(capsys.readouterr().out)
    assert [page["code"] for page in pages] == [*sorted(fake_engine.RULES), "MHL900"]
    assert main(["rule", "second-backward", "--output-format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["explanation"] == "What MHL101 is."


def run_mhlint(*arguments: str, **options: object) -> "subprocess.Popen[bytes]":
    root = Path(fake_engine.__file__).parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "mhlint", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, **options)  # type: ignore[call-overload,no-any-return]


def test_a_reader_that_goes_away_gets_no_traceback() -> None:
    with run_mhlint("rule", "--all") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_is_one_line_and_2() -> None:
    with open("/dev/full", "w") as full:
        root = Path(fake_engine.__file__).parent.parent
        command = [sys.executable, "-m", "mhlint", "rule", "--all"]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        done = subprocess.run(command, env=environment, stdout=full, stderr=-1, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "mhlint: error: No space left on device\n"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["check", "--isolated", "a.py"], 1, ""),
        (["check", "-"], 2, "mhlint: error: - (stdin) is closed\n"),
    ],
)
def test_closed_streams_are_no_traceback(arguments: list[str], status: int, words: str) -> None:
    write(a="print 1\n")
    root = Path(fake_engine.__file__).parent.parent
    line = f'exec "$0" -m mhlint {" ".join(arguments)} <&- >&-'
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(["sh", "-c", line, sys.executable], env=environment, stderr=-1, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, words)


def test_an_interrupt_is_one_line_and_130(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        @property
        def buffer(self) -> object:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Interrupted())
    assert check("-") == 130
    assert capsys.readouterr() == ("", "mhlint: interrupted\n")


def test_a_check_without_triggers_imports_little() -> None:
    write(a="x = 1\n")
    code = (
        "import sys; from mhlint.cli.main import main; main(['check', '--no-cache', '.']);"
        "print(sorted({'mhlint.analyse', 'libcst', 'torch', 'multiprocessing'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(fake_engine.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "All checks passed!\n[]\n"


def test_the_pre_commit_hooks_run_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    hooks = (Path(fake_engine.__file__).parent.parent / ".pre-commit-hooks.yaml").read_text()
    entries = [
        line.split(": ", 1)[1].split() for line in hooks.splitlines() if line.strip().startswith("entry:")
    ]
    assert [entry[:2] for entry in entries] == [["mhlint", "check"]] * 2
    for entry in entries:
        write(a=AGAIN)
        assert main([*entry[1:], "a.py"]) == 1
    assert Path("a.py").read_text() == "mended.backward()\n"
