"""Other modules of a project: found as Python would find them, and parsed only when they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from mhlint.source import Source
from mhlint.syntax import Program, Project, parse
from mhlint.syntax.neighbours import Neighbours


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def open_main(path: Path) -> tuple[Program, Project]:
    main = parse(Source(str(path), path.read_text(encoding="utf-8")))
    return main, Project(main)


def path_of(found: Program | None) -> Path | None:
    return None if found is None else Path(found.source.path)


def test_a_module_beside_the_main_file(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "import other\n", "other.py": "x = 1\n"})
    main, project = open_main(tmp_path / "main.py")
    assert path_of(project.find(main, "other")) == tmp_path / "other.py"
    assert project.read == [str(tmp_path / "other.py")]


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "import other\n", "other.py": "x = 1\n"})
    _, project = open_main(tmp_path / "main.py")
    assert project.read == []


def test_a_module_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "", "other.py": ""})
    main, project = open_main(tmp_path / "main.py")
    assert project.find(main, "other") is project.find(main, "other")
    assert len(project.read) == 1


def test_a_package_is_its_init_file(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "", "lib/__init__.py": "", "lib/inner/mod.py": ""})
    main, project = open_main(tmp_path / "main.py")
    package = project.find(main, "lib")
    assert package is not None
    assert package.is_package
    assert path_of(package) == tmp_path / "lib/__init__.py"
    assert path_of(project.find(main, "lib.inner.mod")) == tmp_path / "lib/inner/mod.py"


@pytest.mark.parametrize(
    ("name", "level", "wanted"),
    [("b", 1, "pkg/sub/b.py"), ("c", 2, "pkg/c.py"), ("", 1, "pkg/sub/__init__.py"), ("sub.b", 2, "pkg/sub/b.py")],
)
def test_relative_imports(tmp_path: Path, name: str, level: int, wanted: str) -> None:
    files = ["pkg/__init__.py", "pkg/c.py", "pkg/sub/__init__.py", "pkg/sub/a.py", "pkg/sub/b.py"]
    write(tmp_path, dict.fromkeys(files, ""))
    main, project = open_main(tmp_path / "pkg/sub/a.py")
    assert path_of(project.find(main, name, level)) == tmp_path / wanted


def test_a_src_layout(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "", "scripts/train.py": "", "src/lib/__init__.py": "", "src/lib/net.py": ""})
    main, project = open_main(tmp_path / "scripts/train.py")
    assert path_of(project.find(main, "lib.net")) == tmp_path / "src/lib/net.py"


def test_the_root_of_the_project_is_searched_and_nothing_above_it(tmp_path: Path) -> None:
    write(tmp_path, {"outside.py": "", "repo/setup.py": "", "repo/lib.py": "", "repo/tools/deep/train.py": ""})
    main, project = open_main(tmp_path / "repo/tools/deep/train.py")
    assert path_of(project.find(main, "lib")) == tmp_path / "repo/lib.py"
    assert project.find(main, "outside") is None


@pytest.mark.parametrize("name", ["torch", "numpy", "os", "typing", "random", ""])
def test_torch_and_the_standard_library_are_not_looked_for(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"main.py": "", "torch.py": "", "numpy.py": "", "os.py": "", "typing.py": "", "random.py": ""})
    main, project = open_main(tmp_path / "main.py")
    assert project.find(main, name) is None


def test_a_cycle_comes_back_to_the_same_program(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "import other\n", "other.py": "import main\n"})
    main, project = open_main(tmp_path / "main.py")
    other = project.find(main, "other")
    assert other is not None
    assert project.find(other, "main") is main


@pytest.mark.parametrize("data", [b"def f(:\n", b"\xff\xfe\x00", b"x = 1\0\n"])
def test_a_module_that_cannot_be_read_is_not_there(tmp_path: Path, data: bytes) -> None:
    write(tmp_path, {"main.py": ""})
    (tmp_path / "other.py").write_bytes(data)
    main, project = open_main(tmp_path / "main.py")
    assert project.find(main, "other") is None


def test_a_huge_module_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "", "other.py": "x = 1\n" * 100_000})
    main, project = open_main(tmp_path / "main.py")
    assert project.find(main, "other") is None
    assert project.read == []


def test_standard_input_has_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"other.py": ""})
    monkeypatch.chdir(tmp_path)
    main = parse(Source("-", "import other\n"))
    assert Project(main).find(main, "other") is None


def test_paths_are_shown_as_the_main_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"main.py": "", "lib/net.py": ""})
    monkeypatch.chdir(tmp_path)
    main, project = open_main(Path("main.py"))
    found = project.find(main, "lib.net")
    assert found is not None
    assert found.source.path == "lib/net.py"


def test_a_link_to_itself_is_not_followed_for_ever(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": ""})
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    main, project = open_main(tmp_path / "main.py")
    assert project.find(main, "loop") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("agent.memory = None\n", True),
        ("agents[0].memory[1] = x\n", True),
        ("agent.memory, agent.other = agent.start()\n", True),
        ("self.agent.memory += 1\n", True),
        ("agent.memory.detach_()\n", True),
        ("del agent.memory\n", True),
        ("setattr(agent, 'memory', None)\n", True),
        ("class Child(Agent):\n    def reset(self):\n        self.memory = None\n", True),
        ("class Other:\n    def reset(self):\n        self.memory = None\n", False),
        ("print(agent.memory, agent.memory == 1)\n", False),
        ("agent.memory_size = 3\n", False),
        ("run(memory=agent.memory)\n", False),
    ],
)
def test_what_other_files_store_to(text: str, told: bool, tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "self.memory = 1\n", "lib/caller.py": text})
    main, project = open_main(tmp_path / "main.py")
    assert project.stored_elsewhere("memory", frozenset({"Agent"}), frozenset([main])) is told
    assert project.read == [str(tmp_path / "lib/caller.py")]


def test_the_other_files_are_looked_through_once_for_an_attribute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = "class B(A):\n  self.state = 1\n"
    write(tmp_path, {"main.py": "", "caller.py": "agent.memory = None\n", "child.py": child})
    neighbours = Neighbours(str(tmp_path / "main.py"), [tmp_path])
    asked = [("memory", "A", frozenset[str]()), ("state", "A", frozenset()), ("state", "C", frozenset())]
    asked += [("memory", "A", frozenset([str(tmp_path / "caller.py")]))]
    answers = [neighbours.store(name, frozenset([cls]), known) for name, cls, known in asked]
    assert answers == [True, True, False, False]
    monkeypatch.setattr("mhlint.syntax.neighbours._STORES", b"nothing of %s")
    assert [neighbours.store(name, frozenset([cls]), known) for name, cls, known in asked] == answers


def test_where_a_module_was_looked_for_in_vain_is_known(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "import other\n"})
    main, project = open_main(tmp_path / "main.py")
    assert project.find(main, "other") is None
    assert str(tmp_path / "other.py") in project.looked_for
    assert str(tmp_path / "other" / "__init__.py") in project.looked_for


def test_parsed_modules_are_kept_while_their_bytes_are_the_same(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "import other\n", "b.py": "import other\n", "other.py": "x = 1\n"})
    a, project = open_main(tmp_path / "a.py")
    first = project.find(a, "other")
    b = parse(Source(str(tmp_path / "b.py"), "import other\n"))
    other_project = Project(b, project.modules)
    assert other_project.find(b, "other") is first
    assert other_project.read == [str(tmp_path / "other.py")]
    write(tmp_path, {"other.py": "x = 2\n"})
    changed = Project(b, project.modules).find(b, "other")
    assert changed is not None
    assert changed.source.text == "x = 2\n"


def test_another_version_of_the_main_source_is_met_in_its_place(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "import other\n", "other.py": "import main\n"})
    main, project = open_main(tmp_path / "main.py")
    version = parse(Source(str(tmp_path / "main.py"), "import other  # changed\n"))
    around = project.around(version)
    other = around.find(version, "other")
    assert other is not None
    assert other is project.find(main, "other")
    assert around.find(other, "main") is version
