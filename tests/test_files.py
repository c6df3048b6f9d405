import os
import subprocess
from pathlib import Path

import pytest

from mhlint.files import Target, find_files
from mhlint.settings import Settings


def found(top: Path, *paths: str, **settings: object) -> list[str]:
    chosen = Settings(root=str(top), **settings)  # type: ignore[arg-type]
    targets = find_files([str(top / path) for path in paths or (".",)], lambda _folder: chosen)
    return [os.path.relpath(target.path, top) for target in targets]


def make(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("x = 1\n")


def test_python_files_and_notebooks_sorted(tmp_path: Path) -> None:
    make(tmp_path, "b.py", "a/c.py", "a/n.ipynb", "a/readme.md", "t.pyi", "z.py.txt")
    assert found(tmp_path) == ["a/c.py", "a/n.ipynb", "b.py"]


def test_usual_folders_are_left_out_unless_named(tmp_path: Path) -> None:
    make(
        tmp_path,
        "a.py",
        ".venv/b.py",
        "lib/site-packages/c.py",
        "__pycache__/d.py",
        "build/e.py",
        "sub/dist/f.py",
    )
    assert found(tmp_path) == ["a.py"]
    assert found(tmp_path, "build") == ["build/e.py"]


def test_a_named_file_is_always_taken_and_once(tmp_path: Path) -> None:
    make(tmp_path, "a.py", "build/e.py", "script")
    assert found(tmp_path, "build/e.py", "./build/e.py", "script", ".", "a.py") == [
        "a.py",
        "build/e.py",
        "script",
    ]
    assert found(tmp_path, "build/e.py", force_exclude=True) == []


def test_a_named_file_is_marked(tmp_path: Path) -> None:
    make(tmp_path, "a.py", "b.py")
    targets = find_files([str(tmp_path), str(tmp_path / "b.py")], lambda _folder: Settings())
    assert targets == [Target(str(tmp_path / "a.py"), False), Target(str(tmp_path / "b.py"), True)]


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("old", ["a.py", "x/y/a.py", "x/y/b.py"]),
        ("a.py", ["old/b.py", "x/y/b.py"]),
        ("x/y", ["a.py", "old/b.py"]),
        ("y", ["a.py", "old/b.py"]),
        ("x/*.py", ["a.py", "old/b.py", "x/y/a.py", "x/y/b.py"]),
        ("x/**/b.py", ["a.py", "old/b.py", "x/y/a.py"]),
        ("[b-z].p?", ["a.py", "x/y/a.py"]),
        ("[!b-z].p?", ["old/b.py", "x/y/b.py"]),
        ("**/y/a.py", ["a.py", "old/b.py", "x/y/b.py"]),
    ],
)
def test_excludes(tmp_path: Path, pattern: str, left: list[str]) -> None:
    make(tmp_path, "a.py", "old/b.py", "x/y/a.py", "x/y/b.py")
    assert found(tmp_path, extend_exclude=(pattern,)) == left


def test_what_git_ignores_is_left_out_but_what_it_tracks_is_not(tmp_path: Path) -> None:
    make(tmp_path, "a.py", "gen/b.py", "gen/kept.py", "sub/c_gen.py", "sub/d.py")
    (tmp_path / ".gitignore").write_text("gen/\n*_gen.py\n")
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-f", "gen/kept.py"], check=True)
    assert found(tmp_path) == ["a.py", "gen/kept.py", "sub/d.py"]
    assert found(tmp_path, "sub") == ["sub/d.py"]
    assert "gen/b.py" in found(tmp_path, respect_gitignore=False)


def test_an_ignored_folder_that_is_named_is_walked(tmp_path: Path) -> None:
    make(tmp_path, "gen/b.py", "gen/deep/c.py", "a.py")
    (tmp_path / ".gitignore").write_text("gen/\n")
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    assert found(tmp_path, "gen") == ["gen/b.py", "gen/deep/c.py"]


def test_links_to_folders_are_not_walked_and_links_to_files_count_once(tmp_path: Path) -> None:
    make(tmp_path, "a.py", "elsewhere/b.py")
    (tmp_path / "top").mkdir()
    make(tmp_path / "top", "c.py")
    (tmp_path / "top" / "loop").symlink_to(tmp_path / "top")
    (tmp_path / "top" / "again.py").symlink_to(tmp_path / "top" / "c.py")
    (tmp_path / "top" / "far.py").symlink_to(tmp_path / "a.py")
    (tmp_path / "top" / "nowhere.py").symlink_to(tmp_path / "missing.py")
    assert found(tmp_path, "top") == ["top/c.py", "top/far.py"]


def test_a_missing_path_is_a_target_that_reading_will_report(tmp_path: Path) -> None:
    assert found(tmp_path, "nope.py") == ["nope.py"]
