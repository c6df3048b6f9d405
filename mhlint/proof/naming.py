"""Names for an optimizer's parameters: those in their modules, under the program's own variables."""

from __future__ import annotations

import gc
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

_OWN = (os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.abspath(torch.__file__)))


def parameter_names(parameters: Sequence[Tensor], optimizer: int) -> list[str]:
    """One name a parameter, all different: `model.trunk.0.weight`, `Net.bias`, a variable, or a number."""
    wanted = {id(parameter) for parameter in parameters}
    variables = _variables(sys._getframe(1))
    names = _module_names(wanted, variables)
    chosen: list[str] = []
    for number, parameter in enumerate(parameters):
        name = names.get(id(parameter)) or variables.get(id(parameter))
        chosen.append(name or f"optimizer {optimizer}, parameter {number}")
    twice = {name for name, count in Counter(chosen).items() if count > 1}
    return [f"{name} (parameter {number})" if name in twice else name for number, name in enumerate(chosen)]


def _module_names(wanted: set[int], variables: Mapping[int, str]) -> dict[int, str]:
    modules = [one for one in gc.get_objects() if issubclass(type(one), nn.Module)]
    inner = {id(child) for module in modules for child in _children(module)}
    roots = [module for module in modules if id(module) not in inner]
    named = [root for root in roots if id(root) in variables]
    names: dict[int, str] = {}
    for root in [*named, *(root for root in roots if id(root) not in variables)]:
        start = variables.get(id(root), type(root).__name__)
        for name, parameter in root.named_parameters():
            if id(parameter) in wanted:
                names.setdefault(id(parameter), f"{start}.{name.replace('_orig_mod.', '')}")
    return names


def _children(module: nn.Module) -> Iterator[nn.Module]:
    return (child for child in module.__dict__.get("_modules", {}).values() if child is not None)


def _variables(frame: FrameType | None) -> dict[int, str]:
    """The program's variables that hold modules or tensors, and such attributes of the objects they hold."""
    names: dict[int, str] = {}
    while frame is not None:
        if not frame.f_code.co_filename.startswith(_OWN):
            for space in (frame.f_locals, frame.f_globals):
                _collect(space, names)
        frame = frame.f_back
    return names


def _collect(space: Mapping[str, Any], names: dict[int, str]) -> None:
    for name, value in list(space.items()):
        if name.startswith("_"):
            continue
        if issubclass(type(value), (nn.Module, Tensor)):
            if name != "self":
                names.setdefault(id(value), name)
        elif type(value).__module__ not in ("builtins", "torch") and hasattr(value, "__dict__"):
            for attribute, held in list(vars(value).items()):
                if issubclass(type(held), (nn.Module, Tensor)):
                    owner = type(value).__name__ if name == "self" else name
                    names.setdefault(id(held), f"{owner}.{attribute}")
