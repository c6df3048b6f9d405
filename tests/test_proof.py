"""The comparison of gradients, of step functions, and the running of witnesses."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402

from mhlint.proof import assert_same_gradients, run_witness  # noqa: E402
from mhlint.proof.comparing import Differs, Equivalent, Undecided, compare, ranks_that_disagree  # noqa: E402
from mhlint.proof.launching import Place  # noqa: E402
from mhlint.proof.measuring import measure  # noqa: E402
from mhlint.proof.memory import SavedBytes  # noqa: E402
from mhlint.proof.records import (  # noqa: E402
    Gap,
    ParameterRecord,
    ProcessRecord,
    RunRecord,
    StepRecord,
    read_process,
    step_line,
)
from mhlint.proof.verifying import Program, verify  # noqa: E402


def parameter(name: str, distance: float, scale: float = 1.0, walks: int = 1) -> ParameterRecord:
    gap = Gap(distance, (0,), scale, scale - distance, scale)
    return ParameterRecord(name, (2,), "float32", walks, scale, scale, gap)


def step(*parameters: ParameterRecord, precision: str = "float32", kind: str = "step") -> StepRecord:
    return StepRecord(0, "SGD", kind, precision, parameters)


def run(*steps: StepRecord, key: str = "MainProcess") -> RunRecord:
    return RunRecord((ProcessRecord(key, steps),))


QUIET = run(step(parameter("a", 0.0), parameter("b", 0.0)), step(parameter("a", 0.0), parameter("b", 0.0)))


def test_rounding_is_equivalent() -> None:
    after = run(
        step(parameter("a", 1e-6), parameter("b", 2e-5)), step(parameter("a", 0.0), parameter("b", 0.0))
    )
    verdict = compare(QUIET, after)
    assert isinstance(verdict, Equivalent)
    assert (verdict.steps, verdict.parameters, verdict.largest) == (2, 2, 2e-5)
    assert verdict.largest < verdict.allowed < 1e-3


def test_first_step_that_differs_is_the_counterexample() -> None:
    after = run(
        step(parameter("a", 0.0), parameter("b", 0.0)), step(parameter("a", 0.5), parameter("b", 0.1))
    )
    verdict = compare(QUIET, after)
    assert isinstance(verdict, Differs)
    assert verdict.counterexample is not None
    assert (verdict.counterexample.step, verdict.counterexample.parameter) == (2, "a")
    assert verdict.others == ("b",)


def test_parameter_that_fewest_walks_reach_is_named() -> None:
    own = run(step(parameter("trunk", 0.0, walks=2), parameter("head", 0.0, walks=1)))
    verdict = compare(own, run(step(parameter("trunk", 0.9), parameter("head", 0.5))))
    assert isinstance(verdict, Differs)
    assert verdict.counterexample is not None
    assert verdict.counterexample.parameter == "head"


@pytest.mark.parametrize(
    ("precision", "distance", "equal"),
    [
        ("float64", 1e-12, True),
        ("float64", 1e-7, False),
        ("float32", 1e-5, True),
        ("float32", 1e-2, False),
        ("float16", 5e-3, True),
        ("bfloat16", 2e-2, True),
        ("bfloat16", 0.2, False),
    ],
)
def test_tolerance_goes_by_precision(precision: str, distance: float, equal: bool) -> None:
    verdict = compare(
        run(step(parameter("a", 0.0))), run(step(parameter("a", distance), precision=precision))
    )
    assert verdict.equivalent is equal


def test_gradient_that_is_only_rounding_is_measured_by_the_step() -> None:
    own = run(step(parameter("bias", 3e-8, scale=1e-8), parameter("weight", 0.0)))
    after = run(step(parameter("bias", 2e-8, scale=1e-8), parameter("weight", 0.0)))
    assert isinstance(compare(own, after), Equivalent)


def test_own_noise_widens_what_is_allowed_until_it_is_beyond_use() -> None:
    own, after = run(step(parameter("a", 1e-3))), run(step(parameter("a", 5e-3)))
    assert isinstance(compare(own, after), Equivalent)
    verdict = compare(run(step(parameter("a", 0.3))), after)
    assert isinstance(verdict, Undecided)
    assert "not deterministic" in verdict.reason


def test_noise_of_one_parameter_does_not_hide_another() -> None:
    own = run(step(parameter("a", 0.3), parameter("b", 0.0)))
    verdict = compare(own, run(step(parameter("a", 0.3), parameter("b", 0.5))))
    assert isinstance(verdict, Differs)
    assert verdict.counterexample is not None
    assert verdict.counterexample.parameter == "b"


def test_nan_difference_is_a_difference() -> None:
    assert isinstance(compare(run(step(parameter("a", 0.0))), run(step(parameter("a", math.nan)))), Differs)


def test_steps_of_another_kind_differ() -> None:
    own = run(step(parameter("a", 0.0)))
    verdict = compare(own, run(step(parameter("a", 0.0), kind="skipped")))
    assert isinstance(verdict, Differs)
    assert (
        verdict.reason
        == "step 1 is a step of optimizer 0 (SGD) before and a skipped step of optimizer 0 (SGD) after"
    )


def test_nothing_but_skipped_steps_is_undecided() -> None:
    skipped = run(step(parameter("a", 0.0), kind="skipped"))
    assert isinstance(compare(skipped, skipped), Undecided)


def test_nothing_but_gradients_that_are_not_finite_is_undecided() -> None:
    nothing = run(step(parameter("a", 0.0, scale=0.0), parameter("b", 0.0, scale=0.0)))
    assert isinstance(compare(nothing, nothing), Undecided)
    one = run(step(parameter("a", 0.0, scale=0.0), parameter("b", 0.0)))
    assert isinstance(compare(one, one), Equivalent)


def test_other_processes_differ() -> None:
    verdict = compare(
        run(step(parameter("a", 0.0)), key="rank0"), run(step(parameter("a", 0.0)), key="rank1")
    )
    assert isinstance(verdict, Differs)


def test_work_that_a_pool_gave_to_another_process_is_no_difference() -> None:
    first, second = (run(step(parameter("a", 0.0)), key=f"SpawnProcess-{number}") for number in (1, 2))
    verdict = compare(first, second)
    assert isinstance(verdict, Undecided)
    assert verdict.reason.startswith("not deterministic: processes that train: SpawnProcess-1 before")


@pytest.mark.parametrize(("distances", "word"), [((1.0, 0.0), "undecided"), ((1.0, 1.0), "differs")])
def test_difference_between_started_processes_is_looked_at_twice(distances, word: str, tmp_path) -> None:
    runs = {"after": distances[0], "after-once-more": distances[1]}

    def recorded(plan, place, progress) -> RunRecord:
        distance = runs.get(Path(plan.folder).name, 0.0)
        return run(step(parameter("a", distance)), key="SpawnProcess-1")

    seen = verify(
        Program("train.py"),
        Place("python", str(tmp_path), None, 1.0),
        lambda files: {"train.py": b""},
        lambda *_: None,
        steps=1,
        seed=0,
        memory=False,
        run=recorded,
    )
    assert seen.verdict.word == word


def test_ranks_are_compared() -> None:
    one = ProcessRecord("rank0", (step(parameter("a", 0.0)),))
    two = ProcessRecord("rank1", (step(replace(parameter("a", 0.0), norm=2.0)),))
    assert ranks_that_disagree(RunRecord((one, replace(one, key="rank1")))) is None
    assert ranks_that_disagree(RunRecord((one, two))) == "step 1, a: rank0 and rank1 hold different gradients"


def test_record_survives_being_written(tmp_path) -> None:
    whole = step(parameter("a", 1.5), replace(parameter("b", math.inf), norm=None, total=None))
    path = tmp_path / "rank3.jsonl"
    path.write_text(
        step_line(whole) + '\n{"files": ["x.py"]}\n{"end": "stopped", "error": null}\n{"step": {"opt'
    )
    record = read_process(path)
    assert record == ProcessRecord("rank3", (whole,), frozenset({"x.py"}), "stopped", None)


@pytest.mark.parametrize(
    ("before", "after", "distance", "place"),
    [
        ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.5, 4.0]], 0.5, (1, 0)),
        ([1.0, math.nan], [1.0, math.nan], 0.0, (0,)),
        ([1.0, math.inf], [1.0, math.inf], 0.0, (0,)),
        ([1.0, 2.0], [1.0, math.nan], math.inf, (1,)),
        ([1.0, math.inf], [1.0, 2.0], math.inf, (1,)),
        (2.0, 1.0, 1.0, ()),
    ],
)
def test_measure(before: object, after: object, distance: float, place: tuple[int, ...]) -> None:
    gap = measure(torch.tensor(before), torch.tensor(after))
    assert (gap.distance, gap.place) == (distance, place)


def test_measure_of_a_missing_gradient() -> None:
    assert measure(None, None).distance == 0.0
    gap = measure(None, torch.tensor([0.0, -3.0]))
    assert (gap.distance, gap.place, gap.before, gap.after) == (math.inf, (1,), None, -3.0)
    gap = measure(torch.zeros(2), None)
    assert (gap.distance, gap.before, gap.after) == (math.inf, 0.0, None)
    assert measure(torch.zeros(2), torch.zeros(3)).distance == math.inf


def make_modules() -> dict[str, nn.Module]:
    trunk = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Dropout(0.5))
    return {"trunk": trunk, "one": nn.Linear(6, 2), "two": nn.Linear(6, 3)}


def make_inputs() -> list[Tensor]:
    return [
        torch.randn(5, 4, requires_grad=True),
        torch.tensor([0, 1, 1, 0, 1]),
        torch.tensor([2, 1, 0, 0, 1]),
    ]


def retained(net: dict[str, nn.Module], x: Tensor, y1: Tensor, y2: Tensor) -> None:
    z = net["trunk"](x)
    nn.functional.cross_entropy(net["one"](z), y1).backward(retain_graph=True)
    nn.functional.cross_entropy(net["two"](z), y2).backward()


def reinjected(net: dict[str, nn.Module], x: Tensor, y1: Tensor, y2: Tensor) -> None:
    z = net["trunk"](x)
    d = z.detach().requires_grad_()
    nn.functional.cross_entropy(net["one"](d), y1).backward()
    nn.functional.cross_entropy(net["two"](d), y2).backward()
    z.backward(gradient=d.grad)


def not_reinjected(net: dict[str, nn.Module], x: Tensor, y1: Tensor, y2: Tensor) -> None:
    d = net["trunk"](x).detach().requires_grad_()
    nn.functional.cross_entropy(net["one"](d), y1).backward()
    nn.functional.cross_entropy(net["two"](d), y2).backward()


def without_dropout(net: dict[str, nn.Module], x: Tensor, y1: Tensor, y2: Tensor) -> None:
    net["trunk"].eval()
    reinjected(net, x, y1, y2)


def test_same_steps_pass_in_every_dtype(device: str) -> None:
    dtypes = (torch.float64, torch.float32, torch.bfloat16)
    assert_same_gradients(
        retained, reinjected, make_inputs, make_modules=make_modules, devices=(device,), dtypes=dtypes
    )


@pytest.mark.parametrize(("after", "named"), [(not_reinjected, "trunk.0."), (without_dropout, "")])
def test_other_steps_fail_with_a_table(after, named: str) -> None:
    with pytest.raises(AssertionError) as failure:
        assert_same_gradients(retained, after, make_inputs, make_modules=make_modules)
    first, *table = str(failure.value).splitlines()
    assert first.startswith(f"the gradients differ on cpu in float64: {named}")
    assert sum(line.endswith("differs") for line in table) >= 2
    assert any(line.split()[0] == "trunk.0.weight" and "2 -> " in line for line in table)


def test_step_that_leaves_no_gradient_proves_nothing() -> None:
    with pytest.raises(AssertionError, match="leaves no gradient"):
        assert_same_gradients(
            lambda net, *_: None, lambda net, *_: None, make_inputs, make_modules=make_modules
        )


def test_noisy_step_is_undecided() -> None:
    drawn = iter(range(1, 100))

    def noisy(net: nn.Module, x: Tensor) -> None:
        (net(x).sum() * next(drawn)).backward()

    with pytest.raises(AssertionError, match="undecided on cpu in float64"):
        assert_same_gradients(noisy, noisy, lambda: [torch.ones(2, 3)], make_modules=lambda: nn.Linear(3, 1))


def test_device_that_is_not_there_is_said() -> None:
    if torch.cuda.is_available():
        pytest.skip("CUDA is there")
    with pytest.raises(ValueError, match="none of these devices is there: cuda"):
        assert_same_gradients(retained, reinjected, make_inputs, make_modules=make_modules, devices=("cuda",))


@pytest.mark.parametrize(
    ("text", "exit_code", "raised", "message"),
    [
        ("print('walked')", 0, "", ""),
        (
            "raise RuntimeError('a second time\\nfor nothing')",
            1,
            "RuntimeError",
            "a second time\nfor nothing",
        ),
        ("class Own(Exception): pass\nraise Own", 1, "Own", ""),
        ("import sys; sys.exit(3)", 3, "", ""),
    ],
)
def test_witness(text: str, exit_code: int, raised: str, message: str) -> None:
    result = run_witness(text, timeout=60)
    assert (result.exit_code, result.raised, result.message) == (exit_code, raised, message)
    assert not result.timed_out


def test_witness_that_does_not_end() -> None:
    result = run_witness("print('begun', flush=True)\nwhile True: pass", timeout=1.0)
    assert result.timed_out
    assert "1 s" in result.message


def second_derivative() -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    w = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    x = torch.randn(2, 3, dtype=torch.float64)
    out = (x @ w).tanh().exp() * w.sum().sigmoid()
    (first,) = torch.autograd.grad(out.sum(), w, create_graph=True)
    first.pow(2).sum().backward()
    assert w.grad is not None
    return first.detach(), w.grad


def test_counting_saved_bytes_changes_no_gradient_of_any_order() -> None:
    plain = second_derivative()
    watching = SavedBytes().start()
    counted = second_derivative()
    watching.__exit__(None, None, None)
    assert all(torch.equal(one, two) for one, two in zip(plain, counted, strict=True))


def test_saved_bytes_end_with_their_graph_walked_or_not() -> None:
    ledger = SavedBytes()
    watching = ledger.start()
    x = torch.randn(10, requires_grad=True)
    for _ in range(3):
        loss = torch.log_softmax(x * x, 0).exp().sum()
        loss.backward(retain_graph=True)
    # Of x, the log-probabilities and their exponentials, one graph's at a time and the next one's beside it.
    assert 3 * 40 <= ledger.take_peak() <= 5 * 40
    del loss
    watching.__exit__(None, None, None)
    assert ledger.now == 0
