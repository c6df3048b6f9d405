"""Shapes where literals give them away: enough to know that a tensor has more than one element."""

from __future__ import annotations

from mhlint.autograd.values import Const, Sequence, Shape, Tensor, Value

SAME = frozenset(
    (
        "relu relu_ tanh tanh_ sigmoid sigmoid_ exp log abs sqrt square pow softmax log_softmax dropout "
        "dropout_ gelu silu leaky_relu elu softplus clone neg clamp clamp_ sin cos float double contiguous to "
        "mul add sub div normalize layer_norm batch_norm mish hardtanh relu6 celu selu logsigmoid detach "
        "type_as half bfloat16 cpu cuda add_ mul_ sub_ div_ zero_ fill_ square_ exp_ copy_ masked_fill "
        "masked_fill_ cumsum flip roll tril triu"
    ).split()
)
SAME_COUNT = frozenset(
    ("view reshape flatten transpose permute squeeze unsqueeze t swapaxes movedim ravel unflatten view_as").split()
)
SAME_LAYERS = frozenset(
    (
        "ReLU Tanh Sigmoid GELU SiLU ELU LeakyReLU Softplus Softmax LogSoftmax Dropout Identity LayerNorm "
        "BatchNorm1d BatchNorm2d GroupNorm Mish Hardtanh ReLU6 CELU SELU LogSigmoid PReLU InstanceNorm1d "
        "InstanceNorm2d RMSNorm AlphaDropout Dropout1d Dropout2d Softsign Hardswish Hardsigmoid"
    ).split()
)
ELEMENTWISE_LOSSES = frozenset(
    (
        "MSELoss L1Loss SmoothL1Loss HuberLoss BCELoss BCEWithLogitsLoss mse_loss l1_loss smooth_l1_loss huber_loss "
        "binary_cross_entropy binary_cross_entropy_with_logits"
    ).split()
)
UNSQUEEZED = "<unsqueezed>"
"""The attribute that names the dimension of size 1 in a tensor whose shape is not known otherwise."""
_REDUCING = frozenset(("mean sum amax amin logsumexp prod std var norm all any nansum nanmean").split())


def count(shape: Shape) -> int | None:
    """What a shape says of the number of elements: 1, 2 (more than one) or None."""
    if shape is None:
        return None
    if any(size is not None and size > 1 for size in shape):
        return 2 if 0 not in shape else None
    return 1 if all(size == 1 for size in shape) else None


def literal_shape(args: list[Value]) -> Shape:
    """The shape in `torch.randn(4, 6)` or `torch.randn((4, 6))`; sizes that are not known are None."""
    sizes = args[0].items if len(args) == 1 and isinstance(args[0], Sequence) else args
    if not sizes or any(isinstance(size, Sequence) for size in sizes):
        return None
    return tuple(size.value if isinstance(size, Const) and isinstance(size.value, int) else None for size in sizes)


def set_shape(tensor: Tensor, shape: Shape) -> None:
    """Give a tensor its shape, and what follows for its number of elements."""
    tensor.shape = shape
    known = count(shape)
    if known is not None:
        tensor.elements = known


def after(name: str, source: Tensor, args: list[Value], keywords: dict[str, Value], result: Tensor) -> None:
    """Carry the shape of an operation's input over to its result, where the operation is simple enough."""
    if name in SAME:
        result.elements = source.elements
        set_shape(result, source.shape)
    elif name in SAME_COUNT:
        result.elements = source.elements
        if name in ("view", "reshape"):
            sizes = literal_shape(args[1:])
            known = None if sizes is None else tuple(size if size is None or size >= 0 else None for size in sizes)
            result.shape = known
        elif name == "unsqueeze":
            _unsqueeze(source, keywords.get("dim", args[1] if len(args) > 1 else None), result)
    elif name == "gather":
        _picked(keywords.get("index", args[2] if len(args) > 2 else None), result)
    elif name in _REDUCING and source.shape is not None:
        reduced = _dims(keywords.get("dim", args[1] if len(args) > 1 else None), len(source.shape))
        kept = 1 if keywords.get("keepdim") == Const(True) else 0
        if reduced:
            left: list[int | None] = []
            for place, size in enumerate(source.shape):
                left += [size] if place not in reduced else [1] * kept
            set_shape(result, tuple(left) or (1,))


def _picked(index: Value | None, result: Tensor) -> None:
    """What is gathered by an index has its shape."""
    if isinstance(index, Tensor):
        result.elements = index.elements
        set_shape(result, index.shape)


def _dims(value: Value | None, rank: int) -> set[int]:
    """The dimensions that `dim=1` or `dim=(1, 2)` names, counted from the front."""
    given = value.items if isinstance(value, Sequence) and value.exact else [value]
    numbers = [item.value for item in given if isinstance(item, Const) and isinstance(item.value, int)]
    known = len(numbers) == len(given) and all(-rank <= number < rank for number in numbers)
    return {number % rank for number in numbers} if known else set()


def convolved(source: Tensor, channels: Value | None, dimensions: int) -> Shape:
    """The shape of a convolution's result: the batch and the channels; sizes of the places are not counted."""
    known = channels.value if isinstance(channels, Const) and isinstance(channels.value, int) else None
    rank = len(source.shape) if source.shape is not None else 0
    if source.shape is None or rank not in (dimensions + 1, dimensions + 2):
        return None
    return (*source.shape[: rank - dimensions - 1], known, *[None] * dimensions)


def _unsqueeze(source: Tensor, dim: Value | None, result: Tensor) -> None:
    if not isinstance(dim, Const) or not isinstance(dim.value, int):
        return
    if source.shape is None:
        result.attributes[UNSQUEEZED] = dim
    elif abs(dim.value) <= len(source.shape):
        place = dim.value if dim.value >= 0 else dim.value + len(source.shape) + 1
        result.shape = (*source.shape[:place], 1, *source.shape[place:])


def broadcast(left: Tensor, right: Value, result: Tensor) -> None:
    """The shape of an elementwise operation of two values."""
    if isinstance(right, Const):
        set_shape(result, left.shape)
    elif isinstance(right, Tensor) and left.shape is not None and right.shape is not None:
        longer, shorter = sorted((left.shape, right.shape), key=len, reverse=True)
        padded = (1,) * (len(longer) - len(shorter)) + shorter
        set_shape(result, tuple(_wider(a, b) for a, b in zip(longer, padded, strict=True)))


def _wider(left: int | None, right: int | None) -> int | None:
    """The size that two sizes broadcast to."""
    if left == 1 or (left is None and right not in (None, 1)):
        return right
    return left


def length(name: str, args: list[Value]) -> Shape:
    """The shape of `torch.arange(5)`, `torch.randperm(5)` or `torch.linspace(0, 1, 20)`."""
    position = 2 if name in ("linspace", "logspace") else 0 if len(args) == 1 else None
    if position is None or len(args) <= position:
        return None
    size = args[position]
    return (size.value,) if isinstance(size, Const) and isinstance(size.value, int) else None
