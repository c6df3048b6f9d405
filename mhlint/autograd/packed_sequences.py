"""`torch.nn.utils.rnn`: sequences of several lengths in one tensor. Packing and padding keep what they need."""

from __future__ import annotations

from mhlint.autograd import tensors
from mhlint.autograd.graph import Level
from mhlint.autograd.handlers import Args, Keywords
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import NONE, Sequence, Tensor, Value, tensors_in
from mhlint.syntax.program import Site

_FIELDS = ("data", "batch_sizes", "sorted_indices", "unsorted_indices")


def packed(machine: Machine, data: Tensor, site: Site | None) -> Sequence:
    """A `PackedSequence` over this tensor."""
    return Sequence([data, *(tensors.leaf(machine, site) for _ in _FIELDS[1:])], "tuple", fields=_FIELDS)


def is_packed(value: Value) -> bool:
    return isinstance(value, Sequence) and value.fields == _FIELDS


def call_rnn_utility(machine: Machine, name: str, args: Args, keywords: Keywords, site: Site | None) -> Value | None:
    """The result of `pack_padded_sequence` and its kind; None for other names."""
    source = args[0] if args else next(iter(keywords.values()), NONE)
    tensor = tensors.as_tensor(machine, source, site)
    given = [tensor] if tensor is not None else tensors_in(source)
    if name in ("pack_padded_sequence", "pack_sequence"):
        return packed(machine, tensors.make(machine, name, given, Level.CERTAIN, site), site)
    if name in ("pad_packed_sequence", "pad_sequence"):
        padded = tensors.make(machine, name, given[:1] if is_packed(source) else given, Level.LIKELY, site)
        return padded if name == "pad_sequence" else Sequence([padded, tensors.leaf(machine, site)], "tuple")
    return None
