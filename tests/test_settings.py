from pathlib import Path

import pytest

from mhlint.rules.rule import Rule
from mhlint.selection import enabled_codes, ignored_in_file
from mhlint.settings import BadSettings, PerFileIgnore, Settings, read_config, settings_for


def rule(code: str, default: bool = True) -> Rule:
    return Rule(code, f"name-of-{code.lower()}", "", (b"backward",), lambda _runs: (), default=default)


RULES = {code: rule(code, code != "MHL204") for code in ("MHL101", "MHL102", "MHL201", "MHL204", "MHL301")}


def on(**settings: tuple[str, ...]) -> set[str]:
    return set(enabled_codes(Settings(**settings), RULES)) - {"MHL900"}  # type: ignore[arg-type]


def test_by_default_what_is_not_off() -> None:
    assert on() == {"MHL101", "MHL102", "MHL201", "MHL301"}


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        ({"select": ("MHL1",)}, {"MHL101", "MHL102"}),
        ({"select": ("ALL",)}, set(RULES)),
        ({"select": ("MHL1",), "ignore": ("MHL101",)}, {"MHL102"}),
        ({"select": ("MHL101",), "ignore": ("MHL1",)}, {"MHL101"}),
        ({"select": ("MHL101",), "ignore": ("MHL101",)}, set()),
        ({"ignore": ("MHL1", "MHL3")}, {"MHL201"}),
        ({"extend_select": ("MHL204",)}, set(RULES)),
        ({"select": ("MHL2",), "extend_select": ("MHL101",)}, {"MHL101", "MHL201", "MHL204"}),
        ({"select": ("name-of-mhl301",)}, {"MHL301"}),
        ({"ignore": ("ALL",)}, set()),
    ],
)
def test_the_more_exact_selector_wins(settings: dict[str, tuple[str, ...]], codes: set[str]) -> None:
    assert on(**settings) == codes


def test_unreadable_files_are_said_unless_that_is_ignored_by_name() -> None:
    assert "MHL900" in enabled_codes(Settings(select=("MHL101",)), RULES)
    assert "MHL900" not in enabled_codes(Settings(ignore=("MHL900",)), RULES)


def test_an_unknown_rule_comes_with_a_suggestion() -> None:
    with pytest.raises(BadSettings, match=r"^select: unknown rule 'MHL1O1' \(did you mean 'MHL101'\?\)$"):
        on(select=("MHL1O1",))


def test_per_file_ignores(tmp_path: Path) -> None:
    ignores = (PerFileIgnore("tests/*", ("MHL1",)), PerFileIgnore("!src/**.py", ("MHL301",)))
    settings = Settings(root=str(tmp_path), per_file_ignores=ignores)
    assert ignored_in_file(settings, str(tmp_path / "tests" / "a.py"), RULES) == {
        "MHL101",
        "MHL102",
        "MHL301",
    }
    assert ignored_in_file(settings, str(tmp_path / "src" / "a.py"), RULES) == frozenset()


def test_the_nearest_table_wins_whole(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.mhlint]\nselect = ["MHL1"]\nfix-style = "sum"\n')
    (tmp_path / "in" / "pyproject.toml").write_text('[tool.mhlint]\nignore = ["MHL2"]\n')
    (tmp_path / "in" / "deep" / "pyproject.toml").write_text('[project]\nname = "mhlint-user"\n')
    of = settings_for({})
    deep = of(str(tmp_path / "in" / "deep"))
    assert (deep.ignore, deep.select, deep.fix_style, deep.root) == (
        ("MHL2",),
        (),
        "auto",
        str(tmp_path / "in"),
    )
    assert of(str(tmp_path)).fix_style == "sum"


def test_the_command_line_goes_on_top(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.mhlint]\nselect = ["MHL1"]\nextend-select = ["MHL201"]\n')
    settings = settings_for({"select": ("MHL3",), "extend_select": ("MHL204",), "ignore": None})(
        str(tmp_path)
    )
    assert settings.select == ("MHL3",)
    assert settings.extend_select == ("MHL201", "MHL204")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('selct = ["MHL1"]', r"unknown setting 'selct' \(did you mean 'select'\?\)"),
        ('select = "MHL1"', "select must be a list of strings, not 'MHL1'"),
        ("ignore = [1]", r"ignore must be a list of strings, not \[1\]"),
        ('fix-style = "best"', "fix-style must be one of auto, sum, detach-reinject, not 'best'"),
        ("unsafe-fixes = 1", "unsafe-fixes must be true or false, not 1"),
        ('per-file-ignores = {"a" = "MHL1"}', "per-file-ignores must be a table of pattern"),
        ("select = [", "not TOML"),
    ],
)
def test_a_bad_table_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.mhlint]\n{text}\n")
    with pytest.raises(BadSettings, match=message) as caught:
        settings_for({})(str(tmp_path))
    assert "\n" not in str(caught.value)
    assert "pyproject.toml" in str(caught.value)


def test_every_setting_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mhlint.toml"
    file.write_text(
        'select = ["MHL1"]\nignore = ["MHL101"]\nextend-select = []\n'
        'exclude = ["a"]\nextend-exclude = ["b"]\n'
        'backward-calls = ["engine.walk"]\nfix-style = "sum"\n'
        'confidence = "certain"\noutput-format = "json"\n'
        "unsafe-fixes = true\nrespect-gitignore = false\nforce-exclude = true\n"
        '[per-file-ignores]\n"tests/*" = ["MHL3"]\n'
    )
    assert read_config(str(file)) == Settings(
        root=str(tmp_path),
        select=("MHL1",),
        ignore=("MHL101",),
        exclude=("a",),
        extend_exclude=("b",),
        per_file_ignores=(PerFileIgnore("tests/*", ("MHL3",)),),
        backward_calls=("engine.walk",),
        fix_style="sum",
        confidence="certain",
        output_format="json",
        unsafe_fixes=True,
        respect_gitignore=False,
        force_exclude=True,
    )
