"""What tells that a value is a module: its class, or what it is called."""

from __future__ import annotations

import re

from mhlint.autograd.graph import Level
from mhlint.autograd.values import (
    ClassValue,
    Const,
    Instance,
    Module,
    Unknown,
    Value,
)

MODULE_BASES = (
    "torch.nn.Module", "torch.nn.modules.Module", "pytorch_lightning.LightningModule", "lightning.LightningModule",
    "lightning.pytorch.LightningModule", "pytorch_lightning.core.LightningModule", "torch.nn.modules.module.Module",
)  # fmt: skip
_NO_GRADIENT_METHODS = frozenset(
    (
        "act predict generate sample step select_action get_action state_dict size reset eval train "
        "choose_action no_grad update_target decode tokenize encode_plus inference config get_value evaluate "
        "infer detach log save load print item numpy"
    ).split()
)
_NO_LAYER = re.compile(
    r"(^|_)(accelerator|fabric|engine|tokenizer|optim(izer)?|scheduler|sched|env(ironment)?|buffer|loggers?|"
    r"writer|transforms?|augment(ation|er|or)?s?|augs?|pre_?process(or|ing)?|data(set|loader|module)?|(data_?)?loader|"
    r"sampler|config|cfg|args|hparams|metrics?|tracker|callbacks?)s?$"
)
"""What something that a module holds is called where it is none of its layers."""
TRANSFORM = "<transform>"
"""Marks what a library of transforms makes: a module, if it is one, without parameters."""


def is_module(value: Value) -> bool:
    """Is an object surely an `nn.Module` of the program's own?"""
    return isinstance(value, Instance) and is_module_class(value.cls)


def is_module_class(cls: ClassValue) -> bool:
    return any(
        base in MODULE_BASES or base.startswith("torch.nn.") or base.rpartition(".")[2] == "LightningModule"
        for base in cls.library_bases()
    )


def looks_like_module(cls: ClassValue) -> bool:
    """A class with a `forward` whose base was not seen: a module in all likelihood."""
    if is_module_class(cls):
        return True
    has_forward = any(isinstance(item, ClassValue) and "forward" in item.members for item in cls.order())
    return has_forward and any(not isinstance(base, ClassValue) for base in cls.order())


def acts_as_module(value: Value) -> Level:
    """How sure a value is to be a module."""
    if isinstance(value, Module) or is_module(value):
        return Level.CERTAIN
    if isinstance(value, Instance):
        return Level.LIKELY if looks_like_module(value.cls) else Level.NO
    if not isinstance(value, Unknown) or TRANSFORM in value.attributes:
        return Level.NO
    if value.module:
        return value.module
    owner = value.attributes.get("<owner>")
    name = value.attributes.get("<name>")
    if isinstance(owner, (Unknown, Instance)) and isinstance(name, Const):
        if name.value == "module":
            return acts_as_module(owner)
        if name.value.lower() not in _NO_GRADIENT_METHODS and not name.value.startswith(("get_", "is_", "set_", "_")):
            return min(acts_as_module(owner), Level.LIKELY)
        return Level.NO
    return Level.LIKELY if "<of module>" in value.attributes and may_be_layer(value) else Level.NO


def may_be_layer(value: Unknown) -> bool:
    """Could what a module holds be one of its layers?"""
    return TRANSFORM not in value.attributes and sounds_like_layer(value.label)


def sounds_like_layer(label: str) -> bool:
    """Could an attribute of a module that is called so be one of its layers?"""
    name = label.rpartition(".")[2].lower()
    if name in _NO_GRADIENT_METHODS or name.startswith(("get_", "is_", "set_", "log", "num_", "_")):
        return False
    return _NO_LAYER.search(name) is None
