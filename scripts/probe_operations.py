"""Measure what PyTorch's operations do to the graph and write mhlint/autograd/operations.json.

    python scripts/probe_operations.py [OUT.json] [--only SUBSTRING]

Every operation is called on sample inputs and its outputs are walked twice: a second walk that raises shows
that the node keeps something (hooks on saved tensors miss numbers that are kept). Then, for each input that
may require grad, the version counter of one tensor at a time is moved between forward and walk: a raise shows
that the walk needs it unchanged. The samples are PyTorch's own (op_db and module_db, which need numpy and
expecttest) and those of operation_cases.py, which also holds the little that is written by hand. Takes about
a minute; `--verbose` prints what could not be called.
"""

from __future__ import annotations

import inspect
import itertools
import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import operation_cases as cases
import torch
from operation_expressions import expression_run, namespace
from operation_measures import SAMPLES, Grad, Run, Sample, Tensor, Trial, samples, tensors, tree_run
from operation_names import Key, parameters_of, resolve, signature
from torch import nn
from write_operations import write

OUT = Path(__file__).parent.parent / "mhlint" / "autograd" / "operations.json"


def op_samples(op: Any, names: list[str], function: Any, inplace: bool = False) -> Iterator[Run]:
    """Runs over an op_db entry's own sample inputs."""
    kinds = [torch.float32, torch.float64, torch.complex64, torch.bfloat16]
    supported = op.supported_dtypes("cpu")
    derivable = [kind for kind in kinds if kind in supported & op.supported_backward_dtypes("cpu")]
    every = not (derivable and op.supports_autograd)
    usable = derivable if not every else [kind for kind in [*kinds, *supported] if kind in supported]

    def call(function: Any, values: dict[str, Any]) -> Any:
        positional = list(values.values())[:count]
        return function(*positional, **dict(list(values.items())[count:]))

    for given in op.sample_inputs("cpu", usable[0], requires_grad=not every) if usable else ():
        if any(tensor.numel() == 0 for tensor in tensors((given.input, given.args, given.kwargs))):
            continue
        count = 1 + len(given.args)
        places = [*names[:count], *(f"argument {n}" for n in range(len(names), count))]
        arguments = {**dict(zip(places, (given.input, *given.args), strict=True)), **given.kwargs}
        if len(arguments) == count + len(given.kwargs):
            yield tree_run(function, arguments, call, every, inplace)


def measure_op(op: Any, table: dict[Key, list[Sample]], aliases: dict[Key, str]) -> None:
    """Measure an op_db entry, its in-place method and its other names."""
    name = f"torch.{op.name}"
    function, bare = resolve(name), op.name.rpartition(".")[2]
    is_method = hasattr(Tensor, op.name)
    if re.search(cases.LEFT_OUT, name) or op.name.startswith(("ops.", "torch.", "jiterator")):
        return
    if not (function or is_method):
        return
    key = ("functions", name) if function is not None else ("methods", op.name)
    names = parameters_of(signature(function or getattr(Tensor, op.name), name))
    if (
        op.op is not function and function is not None and inspect.isfunction(op.op)
    ):  # a wrapper with its own order
        own = parameters_of(signature(op.op))
        names = [cases.RENAMED.get((name, place), place) for place in own] if "args" not in own else names
    table[key] += samples(op_samples(op, names, op.op))
    if function is not None and is_method:
        aliases["methods", op.name] = name
    for alias in op.aliases:
        aliases["functions", "torch." + alias.name.removeprefix("torch.")] = (
            name if function is not None else op.name
        )
        if hasattr(Tensor, alias.name) and is_method:
            aliases["methods", alias.name] = name
    inplace = getattr(op.inplace_variant, "__name__", "")
    if hasattr(Tensor, inplace):
        table["methods", inplace] += samples(op_samples(op, names, op.inplace_variant, inplace=True))
    elif hasattr(Tensor, bare + "_"):
        aliases["methods", bare + "_"] = bare + "_"


def layered(parameter: str) -> str:
    """The name of a parameter with the numbers of later layers made a glob; the first layer stands apart."""
    name = re.sub(r"_l0(_reverse)?$", "_l0*", re.sub(r"_l[1-9]\d*(_reverse)?$", "_l[1-9]*", parameter))
    return re.sub(r"\blayers\.[1-9]\d*\.", "layers.[1-9]*.", name)


def module_run(module: nn.Module, arguments: dict[str, Any]) -> Run:
    """A run over a module: its parameters are places too, taken together if there are many."""
    named = dict(module.named_parameters())
    many = len(named) > 4 or type(module).__name__ in cases.GROUPED

    def call(_: Any, values: dict[str, Any]) -> Any:
        return module(*values.values())

    def run(grad: Grad) -> Trial:
        for name, parameter in named.items():
            parameter.requires_grad_(grad is None or ("parameters" if many else name) in grad)
        trial = tree_run(None, arguments, call, False, False)(grad)
        places = dict(trial.places)
        for name, parameter in named.items():
            places.setdefault(layered(name), []).append(parameter)
        able = trial.able | (frozenset({"parameters"} if named else ()) if many else frozenset(named))
        return Trial(places, able, trial.result)

    return run


def module_places(cls: Any, values: tuple[Any, ...]) -> dict[str, Any]:
    """The forward arguments by name; the first one is always called `input`."""
    names = parameters_of(signature(cls.forward))[1:]
    return dict(zip(["input", *names[1:]], values, strict=False))


Built = tuple[Any, Callable[[], nn.Module], tuple[Any, ...], dict[str, Any], bool]


def listed_modules() -> Iterator[Built]:
    """The class, a maker, the inputs and the mode of each sample of module_db."""
    from torch.testing._internal.common_modules import module_db

    for info, training in itertools.product(module_db, (True, False)):
        for given in info.module_inputs_func(
            info, device="cpu", dtype=torch.float32, requires_grad=True, training=training
        ):
            made, forward = given.constructor_input, given.forward_input
            if forward is not None:
                maker = partial(info.module_cls, *made.args, **made.kwargs)
                yield info.module_cls, maker, forward.args, forward.kwargs, training


def written_modules() -> Iterator[Built]:
    """The same for operation_cases.MODULES."""
    for line in cases.MODULES.strip().splitlines():
        constructor, _, inputs = line.partition("): ")
        cls = getattr(nn, constructor.partition("(")[0])
        maker = partial(eval, f"nn.{constructor})", {"nn": nn})
        scope = {**namespace(), "F": nn.functional}
        values = tuple(
            leaf.detach().requires_grad_(leaf.requires_grad) for leaf in eval(f"({inputs},)", scope)
        )
        yield cls, maker, values, {}, True
        yield cls, maker, values, {}, False


def measure_modules(table: dict[Key, list[Sample]], facts: dict[str, dict[str, Any]], only: str) -> None:
    """Measure module_db and operation_cases.MODULES in both modes, with the input requiring grad or not."""
    for cls, maker, values, keywords, training in itertools.chain(written_modules(), listed_modules()):
        name = cls.__name__
        if only not in name or len(table.get(("modules", name), ())) >= SAMPLES or name.startswith("Lazy"):
            continue
        torch.manual_seed(0)
        module = maker().train(training)
        projects = any("weight_hr" in parameter for parameter, _ in module.named_parameters())
        if projects or any(tensor.numel() == 0 for tensor in tensors((values, keywords))):
            continue  # an LSTM with projections runs other code than one without, and keeps less
        arguments = {**module_places(cls, values), **keywords}
        known = facts.setdefault(name, {"args": signature(cls.forward), "init": signature(cls.__init__)})
        listed = dict.fromkeys(layered(parameter) for parameter, _ in module.named_parameters())
        earlier = known.setdefault("parameters", {})
        # In the order of PyTorch's own list, as far as one sample has them all.
        known["parameters"] = {**listed, **earlier} if earlier.keys() <= listed.keys() else {**earlier, **listed}
        known["buffers"] = known.get("buffers") or any(
            "running" in buffer for buffer, _ in module.named_buffers()
        )
        table["modules", name] += samples(iter([module_run(module, arguments)]))


def main() -> None:
    """Probe everything and write the table."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    options = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    only = options.pop() if "--only" in sys.argv else ""
    table: dict[Key, list[Sample]] = defaultdict(list)
    aliases: dict[Key, str] = {}
    facts: dict[str, dict[str, Any]] = {}
    for text in re.split(r";|\n", cases.EXPRESSIONS):
        if text.strip() and (only in text):
            key, run = expression_run(text.strip())
            table[key] += samples(iter([run]))
    measure_modules(table, facts, only)
    from torch.testing._internal.common_methods_invocations import op_db

    for op in op_db:
        if only in op.name:
            measure_op(op, table, aliases)
    write(Path(options[0]) if options else OUT, table, aliases, facts)


if __name__ == "__main__":
    main()
