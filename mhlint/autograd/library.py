"""Calls of library functions by their full name: torch's by its table, a few others by hand, the rest unseen."""

from __future__ import annotations

import enum
from collections.abc import Callable

from mhlint.autograd import (
    command_lines,
    library_bases,
    lightning_loop,
    named_dicts,
    operations,
    operator_calls,
    standard_iterators,
    standard_library,
    tensors,
    torch_functions,
    trainer_kinds,
    trainer_loops,
    unseen,
    wrappers,
)
from mhlint.autograd.builtin_names import call_builtin
from mhlint.autograd.builtin_objects import is_tensor
from mhlint.autograd.computing import compute, is_settled
from mhlint.autograd.distributions import make_distribution
from mhlint.autograd.frames import ProgramExits
from mhlint.autograd.graph import Level
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.imports import import_module
from mhlint.autograd.loading import make_batch_sampler, make_loader, make_sampler, make_tensor_dataset
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_evidence import TRANSFORM
from mhlint.autograd.table import result_of
from mhlint.autograd.values import (
    MAKING,
    TRUE,
    ClassValue,
    Const,
    Instance,
    Method,
    Object,
    Tensor,
    Value,
    tensors_in,
)
from mhlint.syntax.program import Site

_MODEL_MAKERS = (
    "torchvision.models",
    "timm.",
    "segmentation_models_pytorch",
    "torch.hub.load",
    "efficientnet_pytorch",
)
_TRANSFORMS = ("torchvision.transforms.", "torchaudio.transforms.", "kornia.augmentation.", "albumentations.")
_DATA_SETS = ("torchvision.datasets.", "torchaudio.datasets.", "torchtext.datasets.")
_HARMLESS = ("builtins.", "logging.", "os.", "time.", "json.", "sys.", "math.", "random.", "numpy.", "wandb.", "tqdm",
             "matplotlib", "argparse.", "collections.", "warnings.", "datetime.", "pathlib.", "tensorboard", "shutil.",
             "gym.", "gymnasium.", "re.", "cv2.", "PIL.", "scipy.", "sklearn.", "yaml.", "h5py.",
             "torch.save", "torch.manual_seed", "torch.cuda.", "torchvision.utils", "pandas.")  # fmt: skip

_PURE = ("numpy.", "re.", "math.", "json.")
_READING = ("numpy.random", "numpy.load", "numpy.genfromtxt", "numpy.from", "numpy.memmap")


def call_library(machine: Machine, name: str, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """The result of calling the library object `name`."""
    if name.startswith("builtins."):
        known = call_builtin(machine, name[9:], args, keywords, site)
        if known is not None:
            return known
        if name in ("builtins.exit", "builtins.quit"):
            raise ProgramExits
    if name.startswith("torch.nn.") and name.endswith(".__init__") and args and isinstance(args[0], Instance):
        return library_bases.begin(machine, args[0], args[1:], keywords, site)
    if name.endswith(".__setattr__") and len(args) == 3:
        name = "builtins.object.__setattr__"
    if name == "builtins.type.__new__" and args and isinstance(args[0], ClassValue) and MAKING in args[0].members:
        return args[0].members[MAKING]
    if name in machine.backward_calls:
        return wrappers.backward_by_wrapper(machine, name, args, keywords, site, Level.CERTAIN)
    computed = compute(name, args, keywords)
    if computed is not None:
        return computed
    handler = _HANDLERS.get(name)
    if handler is not None:
        return handler(machine, args, keywords, site)
    for prefix, by_prefix in _PREFIXES.items():
        if name.startswith(prefix):
            made = by_prefix(machine, name[len(prefix) :], args, keywords, site)
            if made is not None:
                return made
    if name.startswith("torch.Tensor.") and args and isinstance(args[0], Tensor):
        return machine.call(machine, Method(args[0], name.removeprefix("torch.Tensor.")), args[1:], keywords, site)
    row = operations.operation(name)
    if row is not None:
        return result_of(machine, row, args, keywords, site)
    kind = trainer_kinds.kind_of([name])
    if kind:
        return trainer_loops.make(kind, args, keywords)
    if name in lightning_loop.TRAINERS:
        return Object("lightning trainer", dict(keywords))
    if name in wrappers.KINDS:
        return Object(wrappers.KINDS[name])
    if name.startswith(_MODEL_MAKERS) or name.endswith((".from_pretrained", ".from_config")):
        made_model = machine.unknown(name.rpartition(".")[2])
        made_model.module = Level.LIKELY if "okeniz" not in name and "Config" not in name else Level.NO
        return made_model
    if name.startswith(_DATA_SETS):
        data = machine.unknown(name.rpartition(".")[2])
        data.data = True
        return data
    label = name.rpartition(".")[2]
    if name.startswith(_TRANSFORMS) and label[:1].isupper():
        transform = machine.unknown(label)
        transform.attributes[TRANSFORM] = TRUE
        return transform
    values = [*args, *keywords.values()]
    if name.startswith(_HARMLESS):
        made = machine.unknown(label)
        made.computed = name.startswith(_PURE) and not name.startswith(_READING) and all(map(is_settled, values))
        return made
    if name.startswith("torch.") and name.count(".") == 1:
        given = [tensor for value in values for tensor in tensors_in(value)]
        return tensors.make(machine, label, given, Level.MAYBE, site, edges=Level.MAYBE)
    return unseen.opaque_result(machine, label, values, site)


_HANDLERS: dict[str, Handler] = {
    "importlib.import_module": import_module,
    "enum.auto": lambda *_: Const(enum.auto()), "argparse.ArgumentParser": command_lines.make_parser,
    **named_dicts.CALLS,
    **standard_library.CALLS, **standard_iterators.CALLS, **operator_calls.CALLS, **torch_functions.CALLS,
    "torch.autograd.backward": wrappers.autograd_backward, "torch.autograd.grad": wrappers.autograd_grad,
    "torch.utils.data.DataLoader": make_loader, "torch.utils.data.dataloader.DataLoader": make_loader,
    "torch.utils.data.TensorDataset": make_tensor_dataset,
    **{f"torch.utils.data.{module}BatchSampler": make_batch_sampler for module in ("", "sampler.")},
    **{
        f"torch.utils.data.{module}{kind}Sampler": make_sampler
        for module in ("", "sampler.") for kind in ("Random", "Sequential", "SubsetRandom")
    },
    "torch.is_tensor": is_tensor, "tqdm.trange": lambda m, a, k, s: call_library(m, "builtins.range", a, {}, s),
    "collections.OrderedDict": lambda m, a, k, s: call_library(m, "builtins.dict", a, k, s),
}  # fmt: skip

_Prefixed = Callable[[Machine, str, Args, Keywords, Site | None], "Value | None"]
_PREFIXES: dict[str, _Prefixed] = {
    "torch.nn.utils.": torch_functions.nn_utility, "torch.nn.": torch_functions.nn,
    "torch.optim.": torch_functions.optim, "torch.distributed.fsdp.": torch_functions.nn,
    "torch.distributions.": make_distribution, "torch.autograd.functional.": torch_functions.functional,
    "torch._foreach_": torch_functions.foreach,
}  # fmt: skip
