"""Many files over cache and processes, with a stand-in for the analysis (see fake_engine)."""

import json
import os
import time
from pathlib import Path

import fake_engine
import pytest

from mhlint import examining
from mhlint.check import Options, Outcome, check_files
from mhlint.files import Target, find_files
from mhlint.findings import Confidence, Finding, Place, Position
from mhlint.gate import needles, passes
from mhlint.rules.rule import Rule
from mhlint.settings import Settings


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_engine.install(monkeypatch)
    monkeypatch.chdir(tmp_path)


def check(top: Path, **options: object) -> Outcome:
    settings = Settings(root=str(top))
    targets = find_files([str(top)], lambda _folder: settings)
    chosen = {"cache": False, "jobs": 1, **options}
    return check_files(targets, Options(lambda _folder: settings, fake_engine.RULES, **chosen))  # type: ignore[arg-type]


def shown(outcome: Outcome) -> list[str]:
    return [
        f"{os.path.basename(f.place.filename)}:{f.place.start.row} {f.code} {f.message}"
        for f in outcome.findings
    ]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were analysed, as the analysis saw them."""
    seen: list[str] = []
    analyse = fake_engine.analyse

    def counting(source: object, request: object, modules: object = None) -> object:
        seen.append(os.path.basename(source.path))  # type: ignore[attr-defined]
        return analyse(source, request)  # type: ignore[arg-type]

    import sys

    monkeypatch.setattr(sys.modules["mhlint.analyse"], "analyse", counting)
    return seen


def test_a_file_without_a_trigger_is_not_analysed(tmp_path: Path, counted: list[str]) -> None:
    (tmp_path / "a.py").write_text("x = 1 +\n")
    (tmp_path / "b.py").write_text("again.backward()\n")
    assert check(tmp_path).files == 2
    assert counted == ["b.py"]


def test_the_search_uses_the_rules_that_are_on() -> None:
    rules = {
        code: Rule(code, code, "", triggers, lambda _runs: ())
        for code, triggers in {
            "A1": (b"backward",),
            "A2": (b".backward(", b".grad"),
            "A3": (b"Variable",),
        }.items()
    }
    assert needles(["A1", "A2"], rules, ("engine.walk",)) == (b".grad", b"backward", b"walk")
    assert needles([], rules, ("engine.walk",)) == ()
    assert passes(b"x.walk()", (b"backward", b"walk"))
    assert not passes(b"Variable", needles(["A1"], rules, ()))


def test_the_same_whatever_the_number_of_processes(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"f{number}.py").write_text("x\n" * number + "again.backward()\nplain.backward()\n")
    one, three = check(tmp_path, jobs=1), check(tmp_path, jobs=3)
    assert one.findings == three.findings
    assert len(one.findings) == 24
    assert list(one.findings) == sorted(one.findings)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_takes_too_long_costs_its_limit_only(tmp_path: Path, jobs: int) -> None:
    (tmp_path / "a.py").write_text("hang.backward()\n")
    (tmp_path / "b.py").write_text("again.backward()\n")
    started = time.monotonic()
    lines = shown(check(tmp_path, jobs=jobs, limit_s=0.3))
    assert time.monotonic() - started < 20
    assert lines == [
        "a.py:1 MHL900 cannot be analysed: not done within 0.3 s",
        "b.py:1 MHL101 this walks again a second time",
    ]


def test_a_worker_that_dies_costs_one_file_only(tmp_path: Path) -> None:
    for name in ("a", "c"):
        (tmp_path / f"{name}.py").write_text("die.backward()\n")
    (tmp_path / "b.py").write_text("again.backward()\n")
    lines = shown(check(tmp_path, jobs=2))
    assert "a.py:1 MHL900 cannot be analysed: the worker process ended with code 7" in lines
    assert "b.py:1 MHL101 this walks again a second time" in lines
    assert len(lines) == 3


def test_a_worker_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    from mhlint import workers

    monkeypatch.setattr(examining, "_at_most", lambda _seconds: nullcontext())
    monkeypatch.setattr(workers, "_GRACE_S", 0.1)
    (tmp_path / "a.py").write_text("hang.backward()\n")
    (tmp_path / "b.py").write_text("again.backward()\n")
    assert [line[:13] for line in shown(check(tmp_path, jobs=2, limit_s=0.3))] == [
        "a.py:1 MHL900",
        "b.py:1 MHL101",
    ]


def test_a_text_that_is_too_large_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examining, "LARGEST_TEXT", 10)
    (tmp_path / "a.py").write_text("again.backward()\n")
    assert shown(check(tmp_path)) == ["a.py:1 MHL900 cannot be analysed: over 10 characters"]


def test_the_users_warnings_stay_off_our_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("s = '\\d'; again.backward()\n")
    assert len(check(tmp_path).findings) == 1
    assert capfd.readouterr().err == ""


def test_findings_in_other_files_count_if_these_are_checked_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    helper = str(tmp_path / "helper.py")

    def analyse(source: object, request: object, modules: object = None) -> object:
        sure = Confidence.CERTAIN if source.path.endswith("b.py") else Confidence.LIKELY  # type: ignore[attr-defined]
        place = Place(helper, Position(1, 1), Position(1, 5))
        return fake_engine.Analysis(
            (Finding("MHL101", "second-backward", f"sure: {sure.value}", place, sure),)
        )

    monkeypatch.setattr(sys.modules["mhlint.analyse"], "analyse", analyse)
    for name in ("a", "b", "helper"):
        (tmp_path / f"{name}.py").write_text("x.backward()\n")
    assert shown(check(tmp_path)) == ["helper.py:1 MHL101 sure: certain"]
    settings = Settings(root=str(tmp_path))
    options = Options(lambda _folder: settings, fake_engine.RULES, cache=False)
    assert check_files([Target(str(tmp_path / "a.py"), True)], options).findings == ()
    (tmp_path / "helper.py").write_text("x.backward()  # noqa: MHL101\n")
    assert check(tmp_path).findings == ()


class TestCache:
    """A verdict is used again only while everything it stands on is the same."""

    @pytest.fixture(autouse=True)
    def _files(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_text("again.backward()  # reads module.txt\nmaybe.backward()\n")
        (tmp_path / "module.txt").write_text("1")

    def test_a_second_run_analyses_nothing_and_says_the_same(
        self, tmp_path: Path, counted: list[str]
    ) -> None:
        first = check(tmp_path, cache=True)
        second = check(tmp_path, cache=True)
        assert counted == ["a.py"]
        assert first.findings == second.findings
        assert len(first.findings) == 2
        assert (tmp_path / ".mhlint_cache" / ".gitignore").read_text() == "*\n"

    @pytest.mark.parametrize("changed", ["a.py", "module.txt"])
    def test_a_changed_file_or_module_is_analysed_again(
        self, tmp_path: Path, counted: list[str], changed: str
    ) -> None:
        check(tmp_path, cache=True)
        (tmp_path / changed).write_text((tmp_path / changed).read_text() + "\n")
        check(tmp_path, cache=True)
        assert counted == ["a.py", "a.py"]

    def test_a_module_that_goes_away(self, tmp_path: Path, counted: list[str]) -> None:
        check(tmp_path, cache=True)
        (tmp_path / "module.txt").unlink()
        check(tmp_path, cache=True)
        check(tmp_path, cache=True)
        assert counted == ["a.py", "a.py"]

    def test_what_was_looked_for_in_vain_appears(self, tmp_path: Path, counted: list[str]) -> None:
        folder = tmp_path / "others"
        folder.mkdir()
        (tmp_path / "a.py").write_text(f"again.backward()  # reads {tmp_path}/new.txt\n# reads {folder}\n")
        for name in ("new.txt", "others/notes.txt", "others/neighbour.py"):
            check(tmp_path, cache=True)
            (tmp_path / name).write_text("1")
        check(tmp_path, cache=True)
        # What is no Python file changes nothing.
        assert counted == ["a.py"] * 3

    def test_spoilt_entries_count_as_absent(self, tmp_path: Path, counted: list[str]) -> None:
        first = check(tmp_path, cache=True)
        for spoilt in ("", "[]", "{}", json.dumps({"stamp": 1})):
            (entry,) = (tmp_path / ".mhlint_cache").glob("*.json")
            entry.write_text(spoilt)
            assert check(tmp_path, cache=True).findings == first.findings
        assert len(counted) == 5

    def test_a_cache_that_cannot_be_written_is_no_error(self, tmp_path: Path) -> None:
        (tmp_path / ".mhlint_cache").write_text("in the way")
        assert len(check(tmp_path, cache=True).findings) == 2

    def test_other_settings_are_other_entries(self, tmp_path: Path, counted: list[str]) -> None:
        check(tmp_path, cache=True)
        settings = Settings(root=str(tmp_path), fix_style="sum")
        options = Options(lambda _folder: settings, fake_engine.RULES)
        check_files([Target(str(tmp_path / "a.py"), False)], options)
        assert counted == ["a.py", "a.py"]

    def test_another_version_of_mhlint_trusts_nothing_that_is_kept(
        self, tmp_path: Path, counted: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        check(tmp_path, cache=True)
        monkeypatch.setattr("mhlint.__version__", "0.0.0")
        check(tmp_path, cache=True)
        assert counted == ["a.py", "a.py"]

    def test_what_may_not_happen_again_is_not_kept(self, tmp_path: Path, counted: list[str]) -> None:
        (tmp_path / "a.py").write_text("hang.backward()\n")
        for _ in range(2):
            assert "MHL900" in shown(check(tmp_path, cache=True, limit_s=0.1))[0]
        assert counted == ["a.py", "a.py"]


def test_the_stamp_of_the_cache_changes_with_each_of_the_files_of_mhlint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mhlint.cache import program_stamp

    (tmp_path / "rules").mkdir()
    for name in ("__init__.py", "rules/one.py", "table.json", "notes.txt"):
        (tmp_path / name).write_text("1")
    monkeypatch.setattr("mhlint.__file__", str(tmp_path / "__init__.py"))
    stamps = [program_stamp()]
    for name in ("notes.txt", "rules/one.py", "table.json"):
        (tmp_path / name).write_text("changed")
        stamps.append(program_stamp())
    assert stamps[0] == stamps[1]
    assert len(set(stamps[1:])) == 3
