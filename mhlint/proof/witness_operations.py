"""What stands for an operation in a witness: one real PyTorch call that keeps what the operation keeps."""

from __future__ import annotations

import re
from typing import NamedTuple

from mhlint.autograd import operations
from mhlint.autograd.graph import Level, Node
from mhlint.autograd.values import Tensor

UNSEEN = "nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 4), nn.Tanh())"
"""It keeps every parameter but a bias, whatever its input: what an unseen module is taken to do."""

COMPUTED = "nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))"
"""It makes its weight of others, which it keeps, whatever its input: what a layer under a norm does."""

_LOSS = re.compile(r"(^|_)(loss|criterion|crit|cross_?entropy|bce|mse|l1|nll|ce)(_|\d|$)|Loss|kl_div|log_prob")
_UNARY = {
    "tanh": "torch.tanh({0})", "Tanh": "torch.tanh({0})", "sigmoid": "torch.sigmoid({0})",
    "Sigmoid": "torch.sigmoid({0})", "softmax": "{0}.softmax(-1)", "Softmax": "{0}.softmax(-1)",
    "log_softmax": "{0}.log_softmax(-1)", "exp": "{0}.clamp(max=2).exp()", "relu": "torch.relu({0})",
    "ReLU": "torch.relu({0})", "gelu": "F.gelu({0})", "GELU": "F.gelu({0})", "silu": "F.silu({0})",
    "softplus": "F.softplus({0})", "sin": "torch.sin({0})", "cos": "torch.cos({0})", "abs": "{0}.abs()",
    "square": "{0}.square()", "pow": "{0}.pow(2)", "**": "{0}.pow(2)", "scale": "{0} * 2",
}  # fmt: skip
KEEPS_INPUT = "torch.sin({0})"
KEEPS_RESULT = "torch.tanh({0})"
_KINDS = {
    "Linear": "nn.Linear(4, 4)", "LayerNorm": "nn.LayerNorm(4)", "GroupNorm": "nn.LayerNorm(4)",
    "PReLU": "nn.PReLU()", "Embedding": "nn.Embedding(4, 4)",
}  # fmt: skip
_PARTS = {
    "nn.Linear(4, 4)": ("weight", "bias"), "nn.LayerNorm(4)": ("weight", "bias"), "nn.PReLU()": ("weight",),
    "nn.Embedding(4, 4)": ("weight",), "nn.Conv1d(4, 4, 1)": ("weight", "bias"),
    COMPUTED: ("weight", "bias"),
}  # fmt: skip

_CAN_WORK_IN_PLACE = frozenset(
    "relu relu6 leakyrelu leaky_relu elu selu celu silu mish hardswish hardsigmoid hardtanh dropout dropout1d "
    "dropout2d dropout3d alphadropout alpha_dropout threshold rrelu".split()
)


class Form(NamedTuple):
    """An expression, and whether its result is a scalar."""

    text: str
    scalar: bool = False


def short(op: str) -> str:
    """The last word of an operation's name."""
    return op.rpartition(".")[2] if not op.endswith(".") else op


def keeps(node: Node) -> bool:
    """Is a second walk over a node taken to raise?"""
    return node.keeps >= Level.LIKELY


def is_module(node: Node, parameters: list[Tensor]) -> bool:
    """Does a node stand for a module with parameters of its own?"""
    if not parameters:
        return False
    return operations.module(node.op) is not None or any(one.name.endswith("parameters") for one in parameters)


def module_for(node: Node, parameters: list[Tensor]) -> str:
    """The constructor of the module that stands for one."""
    if keeps_weight_for_data(node, parameters):
        made = COMPUTED
    elif node.op.startswith("Conv"):
        made = "nn.Conv1d(4, 4, 1)"
    elif "BatchNorm" in node.op:
        made = "nn.LayerNorm(4)"
    else:
        made = _KINDS.get(node.op, UNSEEN)
    parts = _PARTS.get(made, ())
    return made if all(one.name in parts for one in parameters) else UNSEEN


def keeps_weight_for_data(node: Node, parameters: list[Tensor]) -> bool:
    """Does a linear layer keep its weight where nothing below it needs a gradient, for which a plain one keeps none?"""
    weights = {one.storage for one in parameters if one.name == "weight"}
    kept = any(saved.storage in weights and saved.level >= Level.LIKELY for saved in node.saved)
    return node.op == "Linear" and kept and all(target in parameters for target, _ in node.inputs)


def part_of(constructor: str, name: str) -> str:
    """How a module that stands for one calls the parameter `name`."""
    parts = _PARTS.get(constructor, ())
    if constructor == COMPUTED and name == "weight":
        return "parametrizations.weight.original1"
    if name in parts:
        return name
    return "weight" if parts else "[1].weight"


def call_module(constructor: str, module: str, value: Form) -> str:
    """The forward of a module on a value."""
    if constructor == "nn.Embedding(4, 4)":
        return f"{module}(torch.arange(4).to({module}.weight.device))"
    return f"{module}({value.text}.expand(4, 4))" if value.scalar else f"{module}({value.text})"


def is_copy(node: Node) -> bool:
    """Does an operation give a tensor of its own with the values of another?"""
    return short(node.op) == "clone"


def is_loss(node: Node) -> bool:
    """Is an operation a loss: one number from many?"""
    return _LOSS.search(short(node.op)) is not None


def in_place_method(node: Node) -> str:
    """The method that does an in-place operation, "" for one that makes a new tensor."""
    name = short(node.op)
    if name in ("+=", "-=", "add_", "sub_", "zero_", "fill_", "copy_", "clamp_", "masked_fill_"):
        return "add_" if not keeps(node) else "mul_"
    if scales(node):
        return "mul_"
    if name.endswith("_") or (name.endswith("=") and name != "=="):
        return method_in_place_of(node)
    return ""


def scales(node: Node) -> bool:
    """Does an operation multiply or divide in place?"""
    return short(node.op) in ("*=", "/=", "mul_", "div_")


def method_in_place_of(node: Node) -> str:
    """A method that works in place and keeps what the operation keeps: its result, something, or nothing."""
    if not keeps(node):
        return "add_"
    return "tanh_" if node.saved and not node.copies and len(node.inputs) == 1 else "mul_"


def works_in_place(node: Node) -> bool:
    """Is an operation a layer that can be told to work in place: `nn.ReLU(inplace=True)`, `F.relu(x, inplace=True)`?"""
    return short(node.op).lower() in _CAN_WORK_IN_PLACE


def expression(node: Node, values: list[Form], data: str, *, input_kept: bool, scalar: bool | None) -> Form:
    """An operation on tensors. `data` names a constant tensor; `scalar` is what the result must be, if anything."""
    name = short(node.op)
    texts = [value.text for value in values]
    if is_loss(node) and keeps(node):
        other = texts[1] if len(texts) > 1 else data
        squared = f"({texts[0]} - {other}).pow(2)"
        if len(texts) > 2:
            squared = f"({' + '.join(texts)}).pow(2)"
        return Form(squared) if scalar is False else Form(f"{squared}.mean()", True)
    made = _kept(node, name, texts, data, input_kept) if keeps(node) else _not_kept(name, texts)
    is_scalar = all(value.scalar for value in values) and not (data and data in made)
    if scalar and not is_scalar:
        return Form(f"{_held(made)}.mean()", True)
    if scalar is False and is_scalar:
        return Form(f"{_held(made)}.expand(4, 4)")
    return Form(made, is_scalar)


def _kept(node: Node, name: str, texts: list[str], data: str, input_kept: bool) -> str:
    if name in ("*", "mul") or (name in ("/", "div") and len(texts) > 1):
        if len(texts) > 1:
            return " * ".join(_factor(text) for text in texts)
        return f"{_factor(texts[0])} * {data}" if node.saved else f"{_factor(texts[0])} * 2"
    if name in ("/", "div"):
        return f"{_factor(texts[0])} / 2"
    if name in ("@", "matmul", "mm", "bmm", "einsum"):
        return f"{_factor(texts[0])} * {_factor(texts[1]) if len(texts) > 1 else data}"
    if len(texts) == 1 and name in _UNARY and not (input_kept and name in ("tanh", "sigmoid", "softmax", "exp")):
        return _UNARY[name].format(_held(texts[0]) if _UNARY[name].startswith("{0}") else texts[0])
    if input_kept:
        return KEEPS_INPUT.format(" * ".join(_factor(text) for text in texts))
    return KEEPS_RESULT.format(" + ".join(texts))


def _not_kept(name: str, texts: list[str]) -> str:
    if name == "clone":
        return f"{_held(texts[0])}.clone()"
    if name == "unary -":
        return f"-{_factor(texts[0])}"
    if name in ("-", "sub") and len(texts) == 2:
        if texts[0] == texts[1]:  # two views of one tensor
            return f"{texts[0]} - {_factor(texts[1])}.roll(1)"
        return f"{texts[0]} - {_factor(texts[1])}"
    return " + ".join(texts)


def _factor(text: str) -> str:
    return f"({text})" if re.search(r" [+-] |^-", text) else text


def _held(text: str) -> str:
    return text if re.fullmatch(r"[\w.]+(\([^()]*\))?", text) else f"({text})"
