"""`assert_same_gradients`: keeps a rewritten training step under test."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from mhlint.proof.comparing import Tolerance, allowed_distance, allowed_noise, rounding_of, shown
from mhlint.proof.records import Gap

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


class _Outcome(NamedTuple):
    gradients: dict[str, Any]
    walks: dict[str, int]


def assert_same_gradients(
    before: Callable[..., object],
    after: Callable[..., object],
    make_inputs: Callable[[], Sequence[Any]],
    *,
    make_modules: Callable[[], Any],
    devices: Sequence[str] = ("cpu",),
    dtypes: Sequence[torch.dtype] | None = None,
    seed: int = 0,
    tolerance: Tolerance | None = None,
) -> None:
    """Run two versions of a training step on equal modules and inputs, and compare all gradients they leave.

    `make_modules` gives a module, a sequence or a mapping of modules. Both steps get deep copies of it as
    their first argument and the inputs as the others, moved to each device (one that is not there is left
    out, but one must be there) and each dtype (float64 and float32 unless given). Gradients of inputs that
    require grad are compared too. The steps must not raise and must not clear the gradients. Raises
    AssertionError with a table of what differs.

    >>> import torch
    >>> from torch import nn
    >>> def make_modules():
    ...     trunk = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    ...     return {"trunk": trunk, "one": nn.Linear(4, 1), "two": nn.Linear(4, 1)}
    >>> def make_inputs():
    ...     return [torch.randn(3, 4)]
    >>> def before(net, x):
    ...     z = net["trunk"](x)
    ...     net["one"](z).mean().backward(retain_graph=True)
    ...     net["two"](z).mean().backward()
    >>> def after(net, x):
    ...     z = net["trunk"](x)
    ...     d = z.detach().requires_grad_()
    ...     net["one"](d).mean().backward()
    ...     net["two"](d).mean().backward()
    ...     z.backward(gradient=d.grad)
    >>> assert_same_gradients(before, after, make_inputs, make_modules=make_modules)
    >>> def forgets_the_trunk(net, x):
    ...     d = net["trunk"](x).detach()
    ...     net["one"](d).mean().backward()
    ...     net["two"](d).mean().backward()
    >>> assert_same_gradients(before, forgets_the_trunk, make_inputs, make_modules=make_modules)
    Traceback (most recent call last):
    AssertionError: the gradients differ on cpu in float64: trunk.0.weight[...
    """
    import torch

    there = [device for device in devices if _is_there(device)]
    if not there:
        raise ValueError(f"none of these devices is there: {', '.join(devices)}")
    for device in there:
        for dtype in dtypes or (torch.float64, torch.float32):
            with torch.random.fork_rng(), _full_precision():
                _seed(seed)
                modules = _moved(make_modules(), device, dtype)
                inputs = [_moved(one, device, dtype) for one in make_inputs()]
                # The program's own noise: the first version against itself.
                runs = [_run(step, modules, inputs, seed) for step in (before, before, after)]
            _compare(
                *runs,
                where=f"on {device} in {str(dtype).removeprefix('torch.')}",
                tolerance=tolerance,
                dtype=dtype,
            )


def _run(step: Callable[..., object], modules: Any, inputs: Sequence[Any], seed: int) -> _Outcome:
    own, given = copy.deepcopy(modules), [_fresh(one) for one in inputs]
    leaves = _leaves(own, given)
    walks = dict.fromkeys(leaves, 0)

    def counting(name: str) -> Callable[[Tensor], None]:
        def count(_: Tensor) -> None:
            walks[name] += 1

        return count

    for name, leaf in leaves.items():
        if leaf.requires_grad:
            watched: Any = leaf
            watched.register_post_accumulate_grad_hook(counting(name))
    _seed(seed)
    step(own, *given)
    return _Outcome({name: leaf.grad for name, leaf in leaves.items()}, walks)


def _compare(
    before: _Outcome,
    again: _Outcome,
    after: _Outcome,
    *,
    where: str,
    tolerance: Tolerance | None,
    dtype: torch.dtype,
) -> None:
    from mhlint.proof.measuring import measure, plain

    wide = {name: None if one is None else plain(one) for name, one in before.gradients.items()}
    gaps: dict[str, Gap] = {}
    allowed: dict[str, float] = {}
    rounding = tolerance or rounding_of(str(dtype).removeprefix("torch."))
    noise: dict[str, float] = {}
    for name, first in wide.items():
        second, last = again.gradients[name], after.gradients[name]
        noise[name] = measure(first, None if second is None else plain(second)).distance
        gaps[name] = measure(first, None if last is None else plain(last))
    if not gaps or all(one is None for one in wide.values()):
        raise AssertionError(f"the first version leaves no gradient {where}, so nothing was compared")
    scale = max(gap.scale for gap in gaps.values())
    for name, gap in gaps.items():
        allowed[name] = allowed_distance(gap, noise[name], rounding, scale)
    wrong = [name for name, gap in gaps.items() if not gap.distance <= allowed[name]]
    noisy = [name for name in gaps if noise[name] > allowed_noise(gaps[name].scale, rounding, scale)]
    if noisy:
        raise AssertionError(
            f"undecided {where}: the first version is not deterministic, "
            f"{noisy[0]} moves by {noise[noisy[0]]:.3g}"
        )
    if wrong:
        wrong.sort(key=lambda name: gaps[name].distance / (gaps[name].scale or scale or 1.0), reverse=True)
        raise AssertionError(_report(wrong, gaps, allowed, (before.walks, after.walks), where))


def _report(
    wrong: Sequence[str],
    gaps: Mapping[str, Gap],
    allowed: Mapping[str, float],
    walks: tuple[Mapping[str, int], Mapping[str, int]],
    where: str,
) -> str:
    worst = gaps[wrong[0]]
    place = "[" + ", ".join(map(str, worst.place)) + "]" if worst.place else ""
    width = max(len(name) for name in gaps)
    lines = [
        f"the gradients differ {where}: {wrong[0]}{place} is {shown(worst.before)} before and "
        f"{shown(worst.after)} after",
        f"  {'':{width}}  {'walks':>8}  {'difference':>10}  {'allowed':>10}  {'largest gradient':>16}",
    ]
    for name, gap in gaps.items():
        mark = "  differs" if name in wrong else ""
        counts = f"{walks[0][name]} -> {walks[1][name]}"
        lines.append(
            f"  {name:{width}}  {counts:>8}  {gap.distance:>10.3g}  {allowed[name]:>10.3g}  "
            f"{gap.scale:>16.3g}{mark}"
        )
    return "\n".join(lines)


def _leaves(modules: Any, inputs: Sequence[Any]) -> dict[str, Tensor]:
    """Every parameter by its name, and every input that requires grad as `input 0`, `input 1`, ..."""
    leaves: dict[str, Tensor] = {}
    for start, module in _named(modules):
        for name, parameter in module.named_parameters():
            leaves[f"{start}.{name}" if start else name] = parameter
    for number, one in enumerate(inputs):
        if _is_tensor(one) and one.requires_grad:
            leaves[f"input {number}"] = one
    return leaves


def _named(modules: Any) -> list[tuple[str, nn.Module]]:
    if hasattr(modules, "named_parameters"):
        return [("", modules)]
    if isinstance(modules, Mapping):
        return [(str(name), module) for name, module in modules.items()]
    return [(str(number), module) for number, module in enumerate(modules)]


def _moved(one: Any, device: str, dtype: torch.dtype) -> Any:
    """Modules and tensors on the device, floating ones in the dtype; containers alike, other things as is."""
    if hasattr(one, "named_parameters"):
        return one.to(device=device, dtype=dtype)
    if _is_tensor(one):
        moved = one.detach().to(device=device, dtype=dtype if one.is_floating_point() else one.dtype)
        return moved.requires_grad_(one.requires_grad)
    if isinstance(one, Mapping):
        return {name: _moved(value, device, dtype) for name, value in one.items()}
    if isinstance(one, (list, tuple)) and not hasattr(one, "_fields"):
        return type(one)(_moved(value, device, dtype) for value in one)
    return one


def _fresh(one: Any) -> Any:
    return one.detach().clone().requires_grad_(one.requires_grad) if _is_tensor(one) else copy.deepcopy(one)


def _is_tensor(one: Any) -> bool:
    import torch

    return isinstance(one, torch.Tensor)


def _is_there(device: str) -> bool:
    import torch

    return torch.cuda.is_available() if device.startswith("cuda") else True


@contextmanager
def _full_precision() -> Iterator[None]:
    """Convolutions on CUDA the same every time, and without TF32, which keeps ten bits of a float32 number."""
    import torch

    cudnn: Any = torch.backends.cudnn
    wanted = {"benchmark": False, "deterministic": True, "allow_tf32": False}
    kept = {name: getattr(cudnn, name) for name in wanted}
    try:
        for name, value in wanted.items():
            setattr(cudnn, name, value)
        yield
    finally:
        for name, value in kept.items():
            setattr(cudnn, name, value)


def _seed(seed: int) -> None:
    import torch

    random.seed(seed)
    torch.manual_seed(seed)
