"""What the README says is what there is."""

from __future__ import annotations

import argparse
import re
import shlex
import textwrap
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mhlint import settings
from mhlint.cli import check_arguments

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
RULES_TABLE = re.compile(r"(?<=<!-- rules -->\n).*?(?=<!-- /rules -->)", re.DOTALL)


def blocks(kind: str) -> list[str]:
    text = README.read_text(encoding="utf-8")
    return [found["body"] for found in FENCE.finditer(text) if found["kind"] == kind]


def test_the_second_command_is_what_ci_runs() -> None:
    """The way a newcomer runs the tests is the way they are run before a change is taken."""
    install_and_test = blocks("")[1].strip()
    assert install_and_test.endswith("python -m pytest")
    assert install_and_test in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_each_check_command_is_accepted() -> None:
    """No option is shown that the command line does not take."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    check_arguments.add_arguments(parser)
    commands = re.findall(r"mhlint check((?: [\w./-]+)*)", "\n".join(blocks("") + blocks("yaml")))
    assert len(commands) >= 5
    for command in commands:
        parser.parse_args([word for word in shlex.split(command) if word.startswith("-")])


def test_the_settings_are_all_the_settings_there_are() -> None:
    """The example table names every key, and each of its values and rules is accepted."""
    from mhlint.rules import RULES
    from mhlint.selection import enabled_codes

    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has no tomllib")
    (example,) = blocks("toml")
    table = tomllib.loads(example)["tool"]["mhlint"]
    read = settings.read_table(table, "README.md", str(ROOT))
    assert "MHL101" in enabled_codes(read, RULES)
    keys = {name.replace("_", "-") for name in vars(read)} - {"root", "line-length"}
    assert set(table) == keys


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")
def test_the_step_under_test_is_the_same() -> None:
    """The example test passes, and fails where the trunk is left out."""
    (example,) = (block for block in blocks("python") if "assert_same_gradients" in block)
    names: dict[str, Any] = {}
    exec(example, names)
    names["test_the_step"]()
    exec(example.replace("    z.backward(gradient=d.grad)\n", ""), names)
    with pytest.raises(AssertionError, match="trunk"):
        names["test_the_step"]()


@pytest.mark.skipif(find_spec("mhlint.analyse") is None, reason="mhlint.analyse is not there")
def test_the_rules_are_all_the_rules_there_are(pytestconfig: pytest.Config) -> None:
    """Code, name, default and best fix of each rule; `pytest --update` writes the table."""
    from mhlint.rules import RULES

    head = "| code | name | default | fix |\n| --- | --- | --- | --- |\n"
    table = head + "".join(
        f"| {code} | {rule.name} | {'yes' if rule.default else 'no'} | {rule.fix} |\n"
        for code, rule in sorted(RULES.items())
    )
    text = README.read_text(encoding="utf-8")
    if pytestconfig.getoption("--update"):
        README.write_text(RULES_TABLE.sub(table, text), encoding="utf-8")
        return
    assert RULES_TABLE.findall(text) == [table]


def test_the_example_is_a_fixture() -> None:
    """The step in front is a program of the fixtures, and the one behind is what mhlint makes of it."""
    program = ROOT / "fixtures" / "shared_trunk" / "retained_heads_loop.py"
    before, after = (textwrap.indent(block.partition("\n")[2], "    ") for block in blocks("python")[:2])
    text = re.sub(r"  # expect:.*", "", program.read_text(encoding="utf-8"))
    assert before in text
    fixed = program.with_suffix(".fixed.py")
    if not fixed.exists():
        pytest.skip(f"{fixed.name} is not there")
    assert after in re.sub(r"  # expect:.*", "", fixed.read_text(encoding="utf-8"))
