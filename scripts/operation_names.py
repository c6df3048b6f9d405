"""Names of operations and of their arguments."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import operation_cases as cases
import torch
from torch.overrides import get_testing_overrides

Key = tuple[str, str]  # section of the table, name


def parameters_of(signature: str) -> list[str]:
    """The names in a signature such as `input, p=0.5, *rest`."""
    parsed = ast.parse(f"lambda {signature}: 0", mode="eval").body
    assert isinstance(parsed, ast.Lambda)
    arguments = parsed.args
    return [item.arg for item in arguments.args] + ([arguments.vararg.arg] if arguments.vararg else [])


def signature(function: Any, name: str = "") -> str:
    """The parameters of a function with those defaults that are literals."""
    if name in cases.SIGNATURES:
        return cases.SIGNATURES[name]
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        stand_in = get_testing_overrides().get(function)
        if stand_in is None:
            return "input"
        parameters = inspect.signature(stand_in).parameters
    written, optional = [], False
    for item in parameters.values():
        if item.kind is item.VAR_POSITIONAL:
            if (
                name and (chosen := resolve(f"{name}_with_indices")) is not None
            ):  # pooling functions choose at run time
                return signature(chosen)
            written.append("*" + item.name)
            break
        if (
            item.kind is item.VAR_KEYWORD
            or item.name in {"out", "_stacklevel"}
            or not item.name.isidentifier()
        ):
            continue
        plain = item.default is None or isinstance(item.default, (bool, int, float, str))
        optional = optional or item.default is not item.empty
        default = f"={item.default!r}" if plain else "=None" if optional else ""
        written.append(("input" if item.name == "self" else item.name) + default)
    return ", ".join(written)


def resolve(name: str) -> Any:
    """The object of a dotted name that begins with torch; None if there is none."""
    found: Any = torch
    for part in name.split(".")[1:]:
        found = getattr(found, part, None)
    return found
