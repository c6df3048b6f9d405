"""The program that runs two versions of a step from the same start and compares every gradient."""

from __future__ import annotations

from dataclasses import dataclass

from mhlint.proof.comparing import TOLERANCES
from mhlint.proof.witness_body import Body
from mhlint.proof.witness_names import Stock


@dataclass(frozen=True)
class Pair:
    """What both versions start from, and the lines of each."""

    title: list[str]
    stock: Stock
    before: Body
    after: Body


_HARNESS = '''
def leaves_of(made):
    """Every parameter and every input that requires grad, by name."""
    found = {}
    for name, item in made.items():
        if isinstance(item, nn.Module):
            found.update({f"{name}.{part}": one for part, one in item.named_parameters()})
        elif item.requires_grad:
            found[name] = item
    return found


class Ledger:
    """The bytes that live saved tensors hold, each memory once; parameters are there anyway."""

    def __init__(self, leaves):
        self.own = {leaf.untyped_storage().data_ptr() for leaf in leaves.values()}
        self.live, self.now, self.peak = Counter(), 0, 0

    def pack(self, tensor):
        return Held(tensor, self)


class Held:
    def __init__(self, tensor, ledger):
        memory = tensor.untyped_storage()
        self.tensor, self.ledger = tensor.detach(), ledger
        self.key, self.size = memory.data_ptr(), memory.nbytes()
        if self.key not in ledger.own:
            ledger.live[self.key] += 1
            ledger.now += self.size if ledger.live[self.key] == 1 else 0
            ledger.peak = max(ledger.peak, ledger.now)

    def __del__(self):
        if self.key not in self.ledger.own:
            self.ledger.live[self.key] -= 1
            self.ledger.now -= self.size if self.ledger.live[self.key] == 0 else 0


def run(version, dtype, device, count_bytes=False):
    """The gradients at every look, the walks of each leaf, and the peak of saved bytes."""
    made = start(dtype, device)
    leaves = leaves_of(made)
    looks, walks, ledger = [], Counter(), Ledger(leaves)
    for name, leaf in leaves.items():
        leaf.register_hook(lambda _, name=name: walks.update([name]))

    def look():
        looks.append({name: None if leaf.grad is None else leaf.grad.double().cpu() for name, leaf in leaves.items()})

    with warnings.catch_warnings(), contextlib.ExitStack() as stack:
        warnings.simplefilter("ignore")
        if count_bytes:
            stack.enter_context(torch.autograd.graph.saved_tensors_hooks(ledger.pack, lambda held: held.tensor))
        version(look=look, **made)
    look()
    return looks, walks, ledger.peak


def compare(dtype, device):
    """What differs, and the largest difference with what is allowed."""
    (before, _, _), (after, _, _) = run(before_, dtype, device), run(after_, dtype, device)
    if len(before) != len(after):
        return f"the gradients are looked at {len(before)} times before and {len(after)} times after", 0.0, 0.0
    of_one, of_all = TOLERANCE[dtype]
    largest = widest = 0.0
    for number, (first, second) in enumerate(zip(before, after)):
        scale = max((float(one.abs().max()) for one in first.values() if one is not None), default=0.0)
        for name, one in first.items():
            two = second[name]
            if one is None and two is None:
                continue
            where = f"{name} at look {number + 1} in {str(dtype)[6:]}"
            if one is None or two is None:
                return f"{where}: {'no gradient' if one is None else 'a gradient'} before, " + (
                    "no gradient after" if two is None else "a gradient after"), 0.0, 0.0
            allowed = of_one * float(one.abs().max()) + of_all * scale
            gap = (one - two).abs().nan_to_num(float("inf"))
            place = tuple(int(index) for index in (gap == gap.max()).nonzero()[0])
            if not float(gap.max()) <= allowed:
                return (f"{where}, element {list(place)}: {one[place].item():.6g} before, "
                        f"{two[place].item():.6g} after (allowed {allowed:.2g})"), float(gap.max()), allowed
            if float(gap.max()) >= largest:
                largest, widest = float(gap.max()), allowed
    return "", largest, widest
'''

_MAIN = '''
def main():
    for name, version in (("before", before_), ("after", after_)):
        try:
            run(version, torch.float64, DEVICE)
        except RuntimeError as error:
            print(f"{'undecided' if name == 'before' else 'differs'}: {name} raises: {str(error).splitlines()[0]}")
            return 2 if name == "before" else 1
    (looks, walks, bytes_before), (_, walks_after, bytes_after) = (
        run(version, torch.float32, DEVICE, count_bytes=True) for version in (before_, after_))
    print(f"{'':32} {'before':>8} {'after':>8}")
    for name in looks[0]:
        print(f"{'walks of ' + name:32} {walks[name]:8} {walks_after[name]:8}")
    print(f"{'peak of saved tensors, bytes':32} {bytes_before:8} {bytes_after:8}")
    if all(one is None for look in looks for one in look.values()):
        print("undecided: before leaves no gradient, so nothing was compared")
        return 2
    for dtype in TOLERANCE:
        wrong, largest, allowed = compare(dtype, DEVICE)
        if wrong:
            print(f"differs: {wrong}")
            return 1
        print(f"{str(dtype)[6:]}: largest difference {largest:.3g} (allowed {allowed:.3g})")
    print(f"equivalent: {len(looks[0])} gradients at {len(looks)} looks on {DEVICE}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
'''

_TESTS = '''
def test_gradients_are_the_same_in_float64():
    assert compare(torch.float64, DEVICE)[0] == ""


def test_gradients_are_the_same_in_float32():
    assert compare(torch.float32, DEVICE)[0] == ""


def test_there_are_gradients_to_compare():
    looks, _, _ = run(before_, torch.float64, DEVICE)
    assert any(one is not None for look in looks for one in look.values())
'''


def pair_program(pair: Pair, device: str = "cpu") -> str:
    """The program: exit code 0 where all gradients are the same, 1 where not, 2 where that was not seen."""
    return _text(pair, device, _MAIN)


def pair_test(pair: Pair) -> str:
    """The same as a file of tests that needs nothing but torch and pytest."""
    return _text(pair, "cpu", _TESTS)


def _text(pair: Pair, device: str, tail: str) -> str:
    names = ", ".join(pair.stock.made)
    made = [
        f"        {name}={text}," + (f"  # {pair.stock.comments[name]}" if pair.stock.comments[name] else "")
        for name, text in pair.stock.made.items()
    ]
    tolerance = ", ".join(
        f"torch.{name}: ({TOLERANCES[name].of_parameter:g}, {TOLERANCES[name].of_step:g})"
        for name in ("float64", "float32")
    )
    lines = [
        *pair.title, "import contextlib", "import warnings", "from collections import Counter", "", "import torch",
        "import torch.nn.functional as F", "from torch import nn", "", f"DEVICE = {device!r}",
        f"TOLERANCE = {{{tolerance}}}  # of a gradient's largest element, and of the step's",
        "", "", "def start(dtype, device):", '    """The same parameters and data for both versions."""',
        "    torch.manual_seed(0)", "    made = dict(", *made, "    )",
        "    for name, item in made.items():", "        if isinstance(item, nn.Module):",
        "            item.to(device, dtype)", "        else:",
        "            made[name] = item.detach().to(device, dtype).requires_grad_(item.requires_grad)",
        "    return made", "",
    ]  # fmt: skip
    for name, body in (("before_", pair.before), ("after_", pair.after)):
        lines += ["", f"def {name}({names}{', ' if names else ''}look):"]
        lines += [*(f"    {line}" for line in body.lines or ["pass"]), ""]
    return "\n".join(lines) + _HARNESS + tail
