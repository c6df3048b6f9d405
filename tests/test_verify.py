"""`mhlint verify`: whole programs, run as they are and as rewritten."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from mhlint.cli.main import _parser, main  # noqa: E402
from mhlint.cli.verify import exit_code  # noqa: E402
from mhlint.proof import launching, memory, run_witness  # noqa: E402
from mhlint.proof.comparing import Differs, Equivalent, Undecided  # noqa: E402
from mhlint.proof.launching import Place  # noqa: E402
from mhlint.proof.plan import Plan  # noqa: E402
from mhlint.proof.recording import Recorder  # noqa: E402
from mhlint.proof.records import RunRecord  # noqa: E402
from mhlint.proof.reporting import as_json, as_text  # noqa: E402
from mhlint.proof.verifying import Program, Run, Verification, verify  # noqa: E402
from tests.forked_run import run_forked  # noqa: E402

PROGRAMS = Path(__file__).parent / "verify_programs"
FIXTURES = Path(__file__).parent.parent / "fixtures"
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

RETAINED = """    losses = [F.mse_loss(head(z), target) for head, target in zip(heads, targets, strict=True)]
    losses[0].backward(retain_graph=not options.raises)
    losses[1].backward()
"""
REINJECTED = """    d = z.detach().requires_grad_()
    for head, target in zip(heads, targets, strict=True):
        F.mse_loss(head(d), target).backward()
    z.backward(gradient=d.grad)
"""
SUMMED = """    losses = [F.mse_loss(head(z), target) for head, target in zip(heads, targets, strict=True)]
    sum(losses).backward()
"""


def rewritten(program: str, *changes: tuple[str, str]) -> dict[str, bytes]:
    """One of the programs with some of its text replaced, under the path it is served at."""
    path = PROGRAMS / program
    text = path.read_text()
    for old, new in changes:
        assert old in text, f"{program} has no {old!r}"
        text = text.replace(old, new)
    return {os.path.realpath(path): text.encode()}


def verified(
    program: str,
    *changes: tuple[str, str],
    arguments: tuple[str, ...] = (),
    steps: int = 3,
    memory: bool = False,
    folder: Path = PROGRAMS,
    run: Run = run_forked,
) -> Verification:
    """The verification of a program against itself with changes."""
    texts = rewritten(program, *changes) if changes else {}
    place = Place(sys.executable, str(folder), None, 600.0)
    return verify(
        Program(str(PROGRAMS / program), arguments),
        place,
        lambda files: {path: text for path, text in texts.items() if path in files},
        lambda name, steps: None,
        steps=steps,
        seed=0,
        memory=memory,
        run=run,
    )


@forks
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("raises", [(), ("--raise",)])
def test_detach_reinject_is_equivalent_and_walks_the_trunk_once(dtype: str, raises: tuple[str, ...]) -> None:
    seen = verified(
        "two_heads.py", (RETAINED, REINJECTED), arguments=("--dtype", dtype, *raises), memory=True
    )
    assert isinstance(seen.verdict, Equivalent), seen.verdict
    assert seen.verdict.steps == 3
    assert seen.verdict.parameters == 6
    assert seen.retained is bool(raises)
    report = as_json(seen)
    assert (report["before"]["walks"], report["after"]["walks"]) == (2, 1)
    assert report["after"]["saved_bytes"] < report["before"]["saved_bytes"]
    assert report["before"]["loss"] == pytest.approx(report["after"]["loss"])
    assert "equivalent: 3 steps, 6 parameters" in as_text(seen)


@forks
@pytest.mark.parametrize(
    ("new", "parameter"),
    [
        (SUMMED.replace("sum(losses)", "(losses[0] + 0.5 * losses[1])"), "heads.1."),
        (REINJECTED.replace("    z.backward(gradient=d.grad)\n", ""), "trunk.0."),
        (REINJECTED.replace("z.backward(gradient=d.grad)", "z.backward(gradient=2 * d.grad)"), "trunk.0."),
        (REINJECTED.replace("F.mse_loss(head(d)", "F.mse_loss(head(d).detach() + 0 * head(d)"), "heads."),
        (SUMMED.replace("head(z)", "head(z.detach() if head is heads[1] else z)"), "trunk.0."),
        (SUMMED.replace("sum(losses)", "losses[0]"), "heads.1."),
        ("    z = z.relu()\n" + SUMMED, "heads."),
    ],
    ids=["weight", "reinjection", "twice", "detached-head", "detached-trunk", "dropped", "activation"],
)
def test_planted_difference_is_found_and_named(new: str, parameter: str) -> None:
    seen = verified("two_heads.py", (RETAINED, new))
    assert isinstance(seen.verdict, Differs), seen.verdict
    example = seen.verdict.counterexample
    assert example is not None
    assert example.step == 1
    assert example.parameter.startswith(parameter)
    assert example.before != example.after
    assert example.parameter in as_text(seen).splitlines()[0]


@forks
@pytest.mark.parametrize("form", [REINJECTED, SUMMED])
def test_rounding_is_told_from_a_difference_that_is_as_small(form: str) -> None:
    seen = verified("two_heads.py", (RETAINED, form))
    assert isinstance(seen.verdict, Equivalent)
    assert seen.verdict.largest < 1e-12
    small = verified("two_heads.py", (RETAINED, form.replace(".backward()", ".mul(1 + 1e-6).backward()", 1)))
    assert isinstance(small.verdict, Differs)
    assert "in float64" in as_text(small).splitlines()[0]
    assert as_json(small)["in_float64"]


@forks
def test_small_difference_under_a_scaler_and_autocast_is_found() -> None:
    losses = "    scaler.scale(losses[0]).backward(retain_graph=True)\n    scaler.scale(losses[1]).backward()\n"
    summed = "    scaler.scale(losses[0] + losses[1]).backward()\n"
    assert isinstance(verified("scaled.py", (losses, summed)).verdict, Equivalent)
    small = verified("scaled.py", (losses, summed.replace("losses[1]", "losses[1] * 1.001")))
    assert isinstance(small.verdict, Differs)


@forks
def test_what_cannot_run_in_float64_is_said_not_to_be_told_apart() -> None:
    old = "    one(z).mean().backward(retain_graph=True)\n    two(z).mean().backward()\n"
    seen = verified("insisting.py", (old, "    (one(z).mean() + two(z).mean()).backward()\n"))
    assert isinstance(seen.verdict, Equivalent)
    assert not seen.verdict.wide
    assert "could not be told from rounding: run in float64, AssertionError" in as_text(seen)


@forks
def test_casts_that_autograd_makes_are_no_differences() -> None:
    old = "    one(z).pow(2).mean().backward(retain_graph=True)\n    two(z).pow(2).mean().backward()\n"
    new = "    (one(z).pow(2).mean() + two(z).pow(2).mean()).backward()\n"
    seen = verified("casting.py", (old, new))
    assert isinstance(seen.verdict, Equivalent), as_text(seen)
    assert seen.verdict.wide
    small = verified("casting.py", (old, new.replace("+ two", "+ 1.000001 * two")))
    assert isinstance(small.verdict, Differs)
    assert small.verdict.wide


@forks
def test_missing_gradient_is_said() -> None:
    seen = verified("two_heads.py", (RETAINED, SUMMED.replace("sum(losses)", "losses[0]")))
    assert isinstance(seen.verdict, Differs)
    assert "as it is and no gradient as rewritten" in as_text(seen)
    assert json.loads(json.dumps(as_json(seen), allow_nan=False))["counterexample"]["after"] is None


@forks
def test_rewritten_program_that_raises_differs() -> None:
    seen = verified("two_heads.py", (RETAINED, REINJECTED.replace(".requires_grad_()", "")))
    assert isinstance(seen.verdict, Differs)
    assert "does not require grad" in seen.verdict.reason or "implicitly created" in seen.verdict.reason


@forks
def test_rewritten_program_that_steps_less_differs() -> None:
    seen = verified("two_heads.py", (RETAINED, SUMMED), ("range(10)", "range(2)"))
    assert isinstance(seen.verdict, Differs)
    assert seen.verdict.reason == "3 steps before, 2 after"


@forks
def test_parameters_in_another_order_are_matched_by_name() -> None:
    old = "[*trunk.parameters(), *heads.parameters()]"
    seen = verified("two_heads.py", (old, "[*heads.parameters(), *trunk.parameters()]"), (RETAINED, SUMMED))
    assert isinstance(seen.verdict, Equivalent), seen.verdict
    seen = verified(
        "two_heads.py",
        (old, "[*heads.parameters(), *trunk.parameters()]"),
        (RETAINED, SUMMED.replace("z)", "z * 2)")),
    )
    assert isinstance(seen.verdict, Differs)
    assert seen.verdict.counterexample is not None
    assert seen.verdict.counterexample.parameter.startswith("heads.")


@forks
def test_two_optimizers_are_compared_step_by_step() -> None:
    old = "(-critic(fake).mean())"
    same = verified("gan.py", (old, "(0.0 - critic(fake).mean())"))
    assert isinstance(same.verdict, Equivalent), same.verdict
    assert (same.verdict.steps, same.verdict.parameters) == (6, 8)
    other = verified("gan.py", (old, "(-critic(fake.detach() + 0 * fake).mean())"))
    assert isinstance(other.verdict, Differs)
    assert other.verdict.counterexample is not None
    assert other.verdict.counterexample.parameter.startswith("generator.")
    assert other.verdict.counterexample.step == 2


@forks
def test_overflow_steps_are_skipped_alike() -> None:
    old = "    scaler.scale(losses[0]).backward(retain_graph=True)\n    scaler.scale(losses[1]).backward()\n"
    seen = verified("scaled.py", (old, "    scaler.scale(sum(losses)).backward()\n"))
    assert isinstance(seen.verdict, Equivalent), seen.verdict
    kinds = [step.kind for step in seen.before.processes[0].steps]
    assert kinds[0] == "skipped"
    assert kinds[-1] == "step"
    assert seen.before.processes[0].steps[-1].precision == "float16"
    half = verified("scaled.py", (old, "    scaler.scale(losses[0] + 0.5 * losses[1]).backward()\n"))
    assert isinstance(half.verdict, Differs)
    assert half.verdict.counterexample is not None
    assert half.verdict.counterexample.parameter.startswith("two.")


@pytest.mark.parametrize("precision", ["float64", "float32", "bfloat16", "float16"])
def test_program_on_a_device_in_each_precision(precision: str, device: str) -> None:
    old = "    scaler.scale(first).backward(retain_graph=True)\n    scaler.scale(second).backward()\n"
    own = (device, precision)
    run = launching.run if device == "cuda" or not hasattr(os, "fork") else run_forked
    summed = (old, "    scaler.scale(first + second).backward()\n")
    seen = verified("accelerated.py", summed, arguments=own, memory=True, run=run)
    assert isinstance(seen.verdict, Equivalent), seen.verdict
    report = as_json(seen)
    assert (report["before"]["walks"], report["after"]["walks"]) == (2, 1)
    assert (report["before"]["device_bytes"] is not None) == (device == "cuda")
    assert report["before"]["saved_bytes"] > 0
    halved = (old, summed[1].replace("second", "0.5 * second"))
    half = verified("accelerated.py", halved, arguments=own, run=run)
    assert isinstance(half.verdict, Differs), half.verdict
    assert half.verdict.counterexample is not None
    assert half.verdict.counterexample.parameter.startswith("two.")


@forks
def test_each_evaluation_of_a_closure_is_compared() -> None:
    old = "    one(z).pow(2).mean().backward(retain_graph=True)\n    two(z).sin().mean().backward()\n"
    seen = verified(
        "closure.py", (old, "    (one(z).pow(2).mean() + two(z).sin().mean()).backward()\n"), steps=2
    )
    assert isinstance(seen.verdict, Equivalent), seen.verdict
    assert {step.kind for step in seen.before.processes[0].steps} == {"closure"}
    assert seen.verdict.steps > 2
    other = verified(
        "closure.py", (old, "    (one(z).pow(2).mean() + two(z).cos().mean()).backward()\n"), steps=1
    )
    assert isinstance(other.verdict, Differs)


@forks
def test_accumulation_workers_relative_files_and_exit(tmp_path: Path) -> None:
    (tmp_path / "width.txt").write_text("4")
    old = "one(z).pow(2).mean().backward(retain_graph=True)\n        two(z).pow(2).mean().backward()"
    seen = verified(
        "accumulated.py", (old, "(one(z).pow(2).mean() + two(z).pow(2).mean()).backward()"), folder=tmp_path
    )
    assert isinstance(seen.verdict, Equivalent), seen.verdict
    assert as_json(seen)["before"]["walks"] == 4
    assert as_json(seen)["after"]["walks"] == 2


@forks
def test_compiled_trunk(tmp_path: Path) -> None:
    old = "one(z).pow(2).mean().backward(retain_graph=True)\n    two(z).pow(2).mean().backward()"
    seen = verified("compiled.py", (old, "(one(z).pow(2).mean() + two(z).pow(2).mean()).backward()"))
    assert isinstance(seen.verdict, Equivalent), seen.verdict


@forks
def test_program_that_refuses_hooks_is_compared_without_them() -> None:
    old = "one(z).pow(2).mean().backward(retain_graph=True)\n    two(z).pow(2).mean().backward()"
    new = "(one(z).pow(2).mean() + two(z).pow(2).mean()).backward()"
    seen = verified("functional.py", (old, new), memory=True)
    assert isinstance(seen.verdict, Equivalent), seen.verdict
    assert as_json(seen)["before"]["saved_bytes"] is None


@forks
def test_generators_that_ask_for_no_seed_repeat_themselves() -> None:
    pytest.importorskip("numpy")
    old = "one(z).pow(2).mean().backward(retain_graph=True)\n    two(z).pow(2).mean().backward()"
    seen = verified("unseeded.py", (old, "(one(z).pow(2).mean() + two(z).pow(2).mean()).backward()"))
    assert isinstance(seen.verdict, Equivalent), seen.verdict
    assert seen.verdict.noise == 0


@forks
@pytest.mark.parametrize(
    ("program", "changes", "reason"),
    [
        ("two_heads.py", (), "nothing was rewritten"),
        ("idle.py", (("pow(2)", "pow(3)"),), "no optimizer step was reached"),
        ("failing.py", (("no data", "none"),), "the program fails: ValueError: no data here"),
        ("noisy.py", (("pow(2)", "square()"),), "not deterministic: net."),
    ],
)
def test_undecided(program: str, changes: tuple[tuple[str, str], ...], reason: str) -> None:
    seen = verified(program, *changes)
    assert isinstance(seen.verdict, Undecided)
    assert seen.verdict.reason.startswith(reason)
    assert ("resumes from its own checkpoint" in as_text(seen)) == (program == "noisy.py")
    assert ("starts by subprocess" in as_text(seen)) == (program == "idle.py")


@forks
def test_program_that_goes_on_too_long_is_undecided() -> None:
    program = PROGRAMS / "two_heads.py"
    place = Place(sys.executable, str(PROGRAMS), None, 0.001)
    seen = verify(
        Program(str(program)),
        place,
        lambda files: {},
        lambda *_: None,
        steps=3,
        seed=0,
        memory=False,
        run=run_forked,
    )
    assert isinstance(seen.verdict, Undecided)
    assert "still running after 0.001 s" in seen.verdict.reason


def test_command_runs_a_module_and_leaves_files_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(PROGRAMS / "package", folder / "package", ignore=shutil.ignore_patterns("__pycache__"))
    after = tmp_path / "after" / "package"
    after.mkdir(parents=True)
    old = (folder / "package" / "steps.py").read_text()
    new = old[: old.index("    for ")] + "    sum(head(z).pow(2).mean() for head in heads).backward()\n"
    (after / "steps.py").write_text(new)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    command = [
        *("verify", "--no-memory", "--output-format", "json", "--after", str(tmp_path / "after")),
        *("-m", "package.train"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        code = main(command)
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert code == 0, printed
    assert report["verdict"] == "equivalent"
    assert report["steps"] == 2
    assert [Path(path).name for path in report["changed_files"]] == ["steps.py"]
    assert (report["before"]["walks"], report["after"]["walks"]) == (3, 1)
    assert "running as rewritten" in printed.err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@forks
def test_hint_at_fixes_that_were_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mhlint.cli.verify.verify", partial(verify, run=run_forked))
    command = ["verify", "-q", "--no-memory", "--steps", "1"]
    program = str(PROGRAMS / "wrapped.py")
    assert main([*command, "--", program]) == 2
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("undecided: nothing was rewritten in the ")
    assert "Note: --unsafe-fixes would rewrite one of them" in said
    assert main([*command, "--unsafe-fixes", "--", program]) == 0


@forks
@pytest.mark.parametrize(
    ("options", "code"),
    [((), 0), (("--select", "MHL201"), 0), (("--select", "MHL203"), 2), (("--ignore", "redundant-trunk-backward"), 2)],
)
def test_rules_are_chosen_as_for_check(
    options: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mhlint.cli.verify.verify", partial(verify, run=run_forked))
    monkeypatch.chdir(PROGRAMS)
    assert main(["verify", "-q", "--no-memory", *options, "--", "moving.py", "--steps", "1"]) == code
    assert ("nothing was rewritten" in capsys.readouterr().out) is (code == 2)


@forks
def test_file_that_could_not_be_analysed_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mhlint.cli.verify.verify", partial(verify, run=run_forked))
    monkeypatch.setattr("mhlint.cli.verify._LOOK_S", 1e-4)
    program = PROGRAMS / "two_heads.py"
    assert main(["verify", "-q", "--no-memory", "--steps", "1", "--", str(program)]) == 2
    said = capsys.readouterr().out.splitlines()
    assert f"Note: {os.path.realpath(program)} cannot be analysed: not done within 0.0001 s" in said


@forks
def test_program_runs_from_where_it_was_called(monkeypatch: pytest.MonkeyPatch) -> None:
    walks = "one(z).pow(2).mean().backward(retain_graph=True)\n    two(z).pow(2).mean().backward()"
    texts = rewritten("moving.py", (walks, "(one(z).pow(2).mean() + two(z).pow(2).mean()).backward()"))
    monkeypatch.chdir(PROGRAMS)

    def seen(*arguments: str) -> Verification:
        return verify(
            Program("moving.py", arguments),
            Place(sys.executable, str(PROGRAMS), None, 600.0),
            lambda files: {path: text for path, text in texts.items() if path in files},
            lambda *_: None,
            steps=3,
            seed=0,
            memory=False,
            run=run_forked,
        )

    verdict = seen("--steps", "3", "--", "--more").verdict
    assert isinstance(verdict, Equivalent), verdict
    ended = seen("--steps", "10").verdict
    assert isinstance(ended, Undecided)
    assert ended.reason == "the program fails: exit code 1"


@pytest.mark.parametrize(
    ("words", "program"),
    [
        (["prog.py", "--n", "4"], ["prog.py", "--n", "4"]),
        (["--steps", "1", "prog.py", "--ste", "5", "-q"], ["prog.py", "--ste", "5", "-q"]),
        (["--", "prog.py", "--", "-q"], ["--", "prog.py", "--", "-q"]),
    ],
)
def test_options_behind_the_program_are_its_own(words: list[str], program: list[str]) -> None:
    args = _parser("verify").parse_args(["verify", *words])
    assert args.program == program
    assert not args.quiet


def test_exit_codes() -> None:
    equivalent = Equivalent(steps=1, parameters=1, largest=0.0, allowed=1.0, noise=0.0)
    verdicts = [equivalent, Differs("why"), Undecided("why")]
    assert [exit_code(Verification(verdict, RunRecord(()))) for verdict in verdicts] == [0, 1, 2]


def test_python_without_pytorch_is_undecided_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    python.chmod(0o755)
    program = str(PROGRAMS / "idle.py")
    assert main(["verify", "-q", "--python", str(python), "--cwd", str(tmp_path), "--", program]) == 2
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("undecided: the program fails: exit code 1: ")
    assert "The end of what the program printed:" in rest
    assert "torch" in first
    assert any("files and logs it writes itself are its own" in line for line in rest)


SERVING = """
import importlib.util, inspect, runpy, sys
sys.path.insert(0, {root!r})

class AsksOnce:
    seen = set()

    def find_spec(self, name, path=None, target=None):
        if name != "untouched" or name in self.seen:
            return None
        self.seen.add(name)
        spec = importlib.util.find_spec(name)
        run = spec.loader.exec_module
        spec.loader.exec_module = lambda module: (run(module), setattr(module, "wrapped", True))
        return spec

sys.meta_path.insert(0, AsksOnce())
from mhlint.proof.serving import read_texts, serve
sys.path.insert(0, {folder!r})
serve(read_texts({{{module!r}: {after!r}}}))
import step
print(step.walk(), step.__file__ == {module!r})
print(inspect.getsource(step.walk).strip())
print(runpy.run_path({module!r})["walk"]())
import untouched
print(untouched.walk(), untouched.wrapped)
"""


def test_served_text_runs_under_the_name_of_the_file_it_stands_in_for(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    module, after = folder / "step.py", tmp_path / "after.py"
    module.write_text("def walk():\n    return 'before'\n")
    (folder / "untouched.py").write_text("def walk():\n    return 'untouched'\n")
    after.write_text("# A line more.\n\ndef walk():\n    return 'after'\n")
    root = str(Path(__file__).parent.parent)
    text = SERVING.format(root=root, folder=str(folder), module=str(module), after=str(after))
    result = run_witness(text, timeout=60)
    assert result.stdout.splitlines() == [
        "after True",
        "def walk():",
        "    return 'after'",
        "after",
        "untouched True",
    ], result.stderr
    assert not list(folder.rglob("step*.pyc"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "what is to be run?"),
        (["--", "nowhere.py"], "nowhere.py: no such file"),
        (["--python", "no-such-python", "--", __file__], "cannot be run"),
        (["--cwd", "no-such-folder", "--", __file__], "no such folder"),
        (["--after", "no-such-file", "--", __file__], "no such file or folder"),
        (["--", os.path.dirname(__file__)], "is a folder; give a script, or -m MODULE"),
        (["--", str(FIXTURES / "second_backward.ipynb")], "is a notebook; give a script made of it"),
        (["--", sys.executable, "train.py", "--lr", "1"], "mhlint starts the program itself: give -- train.py ..."),
        (["--select", "MHL999", "--", __file__], "--select: unknown rule 'MHL999'"),
    ],
)
def test_what_cannot_be_run_is_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--steps", "0"], "expected a number from 1 up, not '0'"),
        (["--nproc-per-node", "two"], "expected a number from 1 up, not 'two'"),
        (["--seed", "-1"], "expected a number from 0 to 2**63 - 1, not '-1'"),
        (["--timeout", "soon"], "expected a number of seconds above 0, not 'soon'"),
        (["--timeout", "nan"], "expected a number of seconds above 0, not 'nan'"),
    ],
)
def test_wrong_values_are_one_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["verify", *words, "--", __file__])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_what_ends_mhlint_ends_the_program_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    program, scratch, said = tmp_path / "train.py", tmp_path / "scratch", tmp_path / "pid"
    scratch.mkdir()
    program.write_text(f"import os, time\nopen({str(said)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    # As from a terminal: nohup, or a shell's background, starts with signals ignored; a handler here undoes that there.
    number = getattr(signal, name)
    inherited = signal.signal(number, lambda *_: None)
    started = subprocess.Popen(
        [sys.executable, "-m", "mhlint", "verify", "-q", "--", str(program)],
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(number, inherited)
    deadline = time.monotonic() + 60.0
    while not (said.exists() and said.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    started.send_signal(number)
    assert started.communicate(timeout=30) == ("", "mhlint: interrupted\n")
    assert started.returncode == 128 + number
    with pytest.raises(ProcessLookupError):
        os.kill(int(said.read_text()), 0)
    assert list(scratch.glob("mhlint-*")) == []


def test_an_optimizer_at_the_address_of_one_that_is_gone_is_a_new_one(tmp_path: Path) -> None:
    recorder = Recorder(Plan("train.py", (), False, 3, 0, str(tmp_path)))
    gone, new = (torch.optim.SGD([torch.zeros(2, requires_grad=True)]) for _ in range(2))
    recorder.optimizer_built(gone)
    recorder.indices = {id(new): recorder.indices[id(gone)]}
    del gone
    gc.collect()
    recorder.optimizer_built(new)
    recorder.after_step(new)
    assert recorder.counts == {1: 1}


class OneCardOfTwo:
    """Stands in for torch.cuda: two devices, of which the process keeps memory on the second."""

    def __init__(self) -> None:
        self.waited: list[int] = []
        self.forgotten: list[int] = []

    def is_available(self) -> bool:
        return True

    def is_initialized(self) -> bool:
        return True

    def device_count(self) -> int:
        return 2

    def memory_reserved(self, device: int) -> int:
        return 2**20 * device

    def synchronize(self, device: int) -> None:
        self.waited.append(device)

    def reset_peak_memory_stats(self, device: int) -> None:
        self.forgotten.append(device)

    def max_memory_allocated(self, device: int) -> int:
        return 100 + device


def test_cards_that_others_use_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = OneCardOfTwo()
    monkeypatch.setattr(torch, "cuda", cards)
    memory.finish_device_work()
    memory.forget_device_peak()
    assert (cards.waited, cards.forgotten, memory.device_peak()) == ([1], [1], 101)


def test_ranks_are_compared_with_the_reference_and_with_each_other(tmp_path: Path) -> None:
    text = (PROGRAMS / "replicas.py").read_text()
    # A second walk after one forward is not averaged over the replicas, and nothing raises (FACTS F73).
    drifting = text.replace(
        "        loss = one(z).pow(2).mean() + two(z).sin().mean()\n        loss.backward()\n",
        "        one(z).pow(2).mean().backward(retain_graph=True)\n        two(z).sin().mean().backward()\n",
    )
    assert drifting != text
    after = tmp_path / "after.py"
    after.write_text(drifting)
    options = [
        "-q",
        "--no-memory",
        "--steps",
        "2",
        "--nproc-per-node",
        "2",
        "--timeout",
        "600",
        "--output-format",
        "json",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "mhlint", "verify", *options, "--after", str(after), "--", "replicas.py"],
        cwd=PROGRAMS,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 1, done
    report = json.loads(done.stdout)
    assert report["counterexample"]["parameter"].startswith("trunk.module.0.")
    assert {row["process"] for row in report["parameters"]} == {"rank0", "rank1"}
    assert len(report["notes"]) == 1
    assert report["notes"][0].startswith("as rewritten, the processes drift apart: step 1, trunk.module.0.")
