"""Making torch's own modules."""

from __future__ import annotations

from mhlint.autograd import operations, tensors
from mhlint.autograd.iteration import elements
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_parameters import parameter
from mhlint.autograd.operations import Arguments
from mhlint.autograd.tensor_arithmetic import may_be_number
from mhlint.autograd.trace import Misuse
from mhlint.autograd.values import (
    FALSE,
    Const,
    Mapping,
    Module,
    Sequence,
    Tensor,
    Unknown,
    Value,
)
from mhlint.syntax.program import Site

_CONVOLUTION = (
    "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros'"
)
_CONSTRUCTORS = {
    "Conv1d": _CONVOLUTION, "Conv2d": _CONVOLUTION, "Conv3d": _CONVOLUTION,
    "Linear": "in_features, out_features, bias=True", "Embedding": "num_embeddings, embedding_dim",
    "Bilinear": "in1_features, in2_features, out_features, bias=True",
    "GRU": "input_size, hidden_size, num_layers=1, bias=True, batch_first=False",
    "LSTM": "input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False, "
            "proj_size=0",
    "RNN": "input_size, hidden_size, num_layers=1, nonlinearity='tanh', bias=True, batch_first=False",
}  # fmt: skip
CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"})
WRAPPERS = frozenset({"DataParallel", "DistributedDataParallel", "FullyShardedDataParallel", "AveragedModel"})


def _takes_data_for_settings(args: list[Value], settings: dict[str, Value]) -> bool:
    """Is a tensor among the positional arguments that no setting wants? Some loss classes take weights of classes."""
    given = [arg for arg in args if isinstance(arg, Tensor) and not may_be_number(arg)]
    weights = [value for name, value in settings.items() if name in ("weight", "pos_weight")]
    return any(not any(tensor is weight for weight in weights) for tensor in given) or len(given) > len(weights) > 0


def make_module(machine: Machine, kind: str, args: list[Value], keywords: dict[str, Value], site: Site | None) -> Value:
    """An instance of torch's own module class `kind`."""
    where = tensors.site_of(machine, site)
    if kind in CONTAINERS:
        return _container(machine, kind, args, keywords)
    if kind in WRAPPERS:
        inner = args[0] if args else keywords.get("module", machine.unknown("module"))
        return Module(kind, settings={"module": inner, **keywords}, children={"module": inner}, region=kind)
    row = operations.module(kind)
    signature = _CONSTRUCTORS.get(kind) or (row.init if row is not None else "")
    bound = operations.bind(signature, Arguments(tuple(args), keywords)) if signature else {}
    bound = {**keywords, **bound}
    settings = {name: value if isinstance(value, Value) else Const(value) for name, value in bound.items()}
    if _takes_data_for_settings(args, settings):
        machine.emit(Misuse, where, kind="module-called-as-function", name=kind, values=tuple(args))
    module = Module(kind, settings=settings, exact=row is not None)
    for name in _parameter_names(row, module.settings):
        module.parameters[name] = parameter(machine, site, name)
        module.parameters[name].stands_for_many = row is None
    return module


def _parameter_names(row: operations.Operation | None, settings: dict[str, Value]) -> list[str]:
    if row is None:
        return ["parameters"]
    names = list(row.parameters)
    if settings.get("bias") == FALSE:
        names = [name for name in names if "bias" not in name]
    if FALSE in (settings.get("affine"), settings.get("elementwise_affine")):
        names = [name for name in names if name not in ("weight", "bias")]
    return names


def _container(machine: Machine, kind: str, args: list[Value], keywords: dict[str, Value]) -> Module:
    module = Module(kind)
    source: Value | None = args[0] if args else keywords.get("modules")
    if kind == "Sequential" and not (len(args) == 1 and isinstance(source, Mapping)):
        for value in args:
            # A starred list of unknown length arrives as its items; see `calls.arguments`.
            module.children[str(len(module.children))] = value
        module.exact = not any(isinstance(value, Unknown) for value in args)
        return module
    if isinstance(source, Mapping):
        module.children = {str(key): value for key, value in source.items.items()}
        module.exact = source.exact
    elif source is not None:
        found, module.exact = elements(machine, source, machine.current)
        if kind == "ModuleDict":
            pairs = [item.items for item in found if isinstance(item, Sequence) and len(item.items) == 2]
            module.children = {str(getattr(k, "value", i)): v for i, (k, v) in enumerate(pairs)}
        else:
            module.children = {str(i): value for i, value in enumerate(found)}
    if not args and not keywords:
        module.exact = True
    return module
