"""Reading attributes: of tensors, objects, modules, classes, libraries and unknown things."""

from __future__ import annotations

from typing import cast

from mhlint.autograd import (
    dict_attributes,
    distributions,
    enumerations,
    gradients,
    operations,
    special_methods,
    tensors,
    trainer_kinds,
)
from mhlint.autograd.frames import ProgramRaises
from mhlint.autograd.graph import Level
from mhlint.autograd.iteration import Generator
from mhlint.autograd.left_out import is_left_out
from mhlint.autograd.library_bases import base_of, begin, inherited, layer_base, run_base
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_evidence import is_module, is_module_class, looks_like_module
from mhlint.autograd.unseen_methods import is_abstract
from mhlint.autograd.values import (
    FALSE,
    MAKING,
    NONE,
    ORIGIN,
    PLAIN,
    TRUE,
    Bound,
    ClassValue,
    Const,
    Function,
    Instance,
    Key,
    Library,
    Mapping,
    Method,
    Module,
    Namespace,
    Native,
    Object,
    Optimizer,
    Partial,
    Sequence,
    Super,
    Tensor,
    Unknown,
    Value,
    in_library,
)
from mhlint.syntax.program import SHOWING, Site

_VIEWS = frozenset({"T", "mT", "H", "mH", "real", "imag"})
_OWN_METHODS = frozenset(
    (
        "data_ptr backward detach detach_ requires_grad_ retain_grad register_hook register_post_accumulate_grad_hook "
        "items keys values get pop log_prob entropy rsample sample act mode append extend parameters"
    ).split()
)
_PLAIN_TENSOR_ATTRIBUTES = frozenset(
    {
        "shape",
        "dtype",
        "device",
        "ndim",
        "layout",
        "is_cuda",
        "names",
        "itemsize",
        "nbytes",
        "is_sparse",
        "version",
    }
)


def load(machine: Machine, owner: Value, name: str, site: Site | None) -> Value:
    """`owner.name`."""
    if isinstance(owner, Tensor):
        return _of_tensor(machine, owner, name, site)
    if isinstance(owner, Instance):
        return of_instance(machine, owner, name, site)
    if isinstance(owner, Unknown):
        return _of_unknown(machine, owner, name, site)
    if isinstance(owner, Library):
        return _of_library(owner, name)
    if isinstance(owner, Namespace):
        return _of_namespace(machine, owner, name, site)
    if isinstance(owner, Module):
        return _of_module(machine, owner, name)
    if isinstance(owner, ClassValue):
        return _of_class(machine, owner, name)
    if isinstance(owner, Super):
        return _of_super(machine, owner, name)
    remembering = owner.function if isinstance(owner, Bound) else owner
    if name == "cache_clear" and isinstance(remembering, Function) and remembering.memory is not None:
        return Native(name, lambda *_: _forget(remembering))
    if isinstance(owner, (Object, Function)) and name in owner.attributes:
        return owner.attributes[name]
    if isinstance(owner, Sequence) and name in owner.fields:
        return owner.items[owner.fields.index(name)]
    if isinstance(owner, Partial) and name == "func":
        return owner.function
    if isinstance(owner, Optimizer) and name == "param_groups":
        group = Mapping({"params": Sequence(list(owner.parameters), exact=owner.exact)}, exact=False)
        return Sequence([group])
    if isinstance(owner, Const) and enumerations.is_member(owner):
        own = enumerations.attribute(machine, owner, name, site)
        return own if own is not None else machine.derived("attribute", (owner, name), name)
    if isinstance(owner, Mapping) and owner.named and (name in owner.items or not hasattr(dict, name)):
        return dict_attributes.of_named(machine, owner, name)
    if isinstance(owner, Object) and owner.kind == "distribution":
        shown = distributions.attribute(machine, owner, name, site)
        if shown is not None:
            return shown
    if isinstance(owner, (Sequence, Mapping, Optimizer, Object, Const, Generator)):
        return Method(owner, name)
    if isinstance(owner, Bound) and name == "__func__":
        return owner.function
    return machine.derived("attribute", (owner, name), name)


def _forget(function: Function) -> Value:
    if function.memory is not None:
        function.memory.clear()
    return NONE


def surely_lacks(machine: Machine, owner: Value, name: str) -> bool:
    """Has an object of the program's own surely no attribute of that name? Nothing in its source may store one."""
    if not isinstance(owner, Instance) or owner.cls.has_unseen_base() or name in owner.attributes:
        return False
    bases = owner.cls.library_bases()
    if bases and (not is_module_class(owner.cls) or name in MODULE_METHODS or name.startswith("_")):
        return False
    # In a script every store is seen; a method alone may be called after others that store it.
    programs = [cls.program for cls in owner.cls.order() if isinstance(cls, ClassValue)]
    if machine.trace.virtual_loop and any(name in program.stored_attributes for program in programs):
        if not is_left_out(machine, owner, name):
            return False
    return all(member(machine, owner, asked) is None for asked in (name, "__getattr__", "__getattribute__"))


def member(machine: Machine, owner: Instance, name: str) -> Value | None:
    """A method or class attribute of an object, bound to it; None if its seen classes have none."""
    for cls in owner.cls.order():
        if isinstance(cls, ClassValue) and name in cls.members:
            found = cls.members[name]
            if owner is machine.subject and isinstance(found, Function) and is_abstract(found):
                machine.left_open = True
                return None
            return _bind(machine, found, owner, owner.cls)
    return None


def _bind(machine: Machine, found: Value, receiver: Value, cls: ClassValue) -> Value:
    if not isinstance(found, Function):
        return found
    if found.is_static:
        return found
    if found.is_class_method:
        return Bound(found, cls)
    return Bound(found, receiver)


def of_instance(machine: Machine, owner: Instance, name: str, site: Site | None) -> Value:
    """An attribute of an object: its own, its classes', torch's, or unknown but always the same."""
    described = special_methods.through_descriptor(machine, owner, name, site)
    if described is not None:
        return described
    if name in owner.attributes:
        return owner.attributes[name]
    if name == "__class__":
        return owner.cls
    mode = owner.attributes.get("<mode>") if name == "training" else None
    if isinstance(mode, Const) and mode != NONE:
        return mode
    if name == "__dict__":
        return Mapping(cast("dict[Key, Value]", owner.attributes), exact=False, of_names=True)
    found = member(machine, owner, name)
    if found is not None:
        if isinstance(found, Bound) and found.function.is_property:
            value: Value = machine.call(machine, found, [], {}, site)
            if found.function.is_cached:
                owner.attributes[name] = value
            return value
        return found
    if name in OPTIMIZER_METHODS and "<optimizer>" in owner.attributes:
        return Method(owner, name)
    if name in trainer_kinds.METHODS and "<trainer>" in owner.attributes:
        return Method(owner, name)
    if looks_like_module(owner.cls) and (name in MODULE_METHODS or _is_lightning(owner.cls, name)):
        return Method(owner, name)
    bases = owner.cls.library_bases()
    if bases or owner.cls.has_unseen_base():
        if any("Function" in base for base in bases) and name == "apply":
            return Method(owner, name)
    taken_over = inherited(owner, name)
    if taken_over is not None:
        return taken_over
    getter = member(machine, owner, "__getattr__")
    if isinstance(getter, Bound) and machine.serial and getter.function not in machine.active:
        return machine.call(machine, getter, [Const(name)], {}, site)
    if is_left_out(machine, owner, name) and surely_lacks(machine, owner, name):
        raise ProgramRaises("AttributeError")
    machine.trace.found.add(name)
    made = machine.derived("attribute", (owner, name), f"self.{name}")
    if is_module(owner):
        made.attributes["<of module>"] = TRUE
    if any(name in cls.program.computed_attributes for cls in owner.cls.order() if isinstance(cls, ClassValue)):
        made.attributes["<computed>"] = TRUE
    if any(text in owner.cls.program.module_evidence for text in (name, f"self.{name}")):
        made.module = Level.LIKELY
    owner.attributes[name] = made
    return made


def is_lightning_class(cls: ClassValue) -> bool:
    return any("ightning" in base or base.rpartition(".")[2] == "LightningModule" for base in cls.library_bases())


def _is_lightning(cls: ClassValue, name: str) -> bool:
    return name in LIGHTNING_METHODS and (is_lightning_class(cls) or cls.has_unseen_base())


def optimizer_base(cls: ClassValue) -> str:
    """The class of torch.optim that a class of the program derives from, by its last name; "" if none."""
    found = (name for name in cls.library_bases() if name.startswith("torch.optim.") and "lr_scheduler" not in name)
    return next(found, "").rpartition(".")[2]


def trainer_base(cls: ClassValue) -> str:
    """Which library's trainer a class derives from; "" if none."""
    return trainer_kinds.kind_of(cls.library_bases())


def has_library_init(cls: ClassValue) -> bool:
    """Does the `__init__` of a class of a library's do what the machine models?"""
    return bool(optimizer_base(cls) or trainer_base(cls))


OPTIMIZER_METHODS = frozenset({"step", "zero_grad", "add_param_group", "state_dict", "load_state_dict"})
"""What torch's base class of optimizers brings along."""
LIGHTNING_METHODS = frozenset(
    {
        "manual_backward",
        "optimizers",
        "log",
        "log_dict",
        "toggle_optimizer",
        "untoggle_optimizer",
        "lr_schedulers",
    }
)
MODULE_METHODS = frozenset(
    (
        "parameters named_parameters children named_children modules named_modules train eval to cuda cpu "
        "float half double bfloat16 requires_grad_ zero_grad state_dict load_state_dict apply register_buffer "
        "register_parameter register_forward_hook register_forward_pre_hook register_full_backward_hook "
        "register_backward_hook add_module register_module share_memory buffers named_buffers compile type "
        "get_submodule get_parameter append extend insert keys values items update forward __call__ no_sync "
        "module"
    ).split()
) - {"module"}


def _of_tensor(machine: Machine, owner: Tensor, name: str, site: Site | None) -> Value:
    if name in owner.attributes:
        return owner.attributes[name]
    if name in ("grad", "_grad"):
        return gradients.read(machine, owner, site)
    if name == "data":
        return tensors.detach(machine, owner, site, counted=False)
    if name == "requires_grad":
        if owner.node is not None:
            return (
                TRUE if owner.node.sure >= Level.LIKELY else machine.derived("requires_grad", (owner,), "requires_grad")
            )
        if owner.requires_grad is None:
            return machine.derived("requires_grad", (owner,), f"{owner.name or 'tensor'}.requires_grad")
        return TRUE if owner.requires_grad else FALSE
    if name in ("is_leaf", "grad_fn"):
        tensors.show(machine, (owner,), site)
    if name == "is_leaf" and not owner.unseen_call:
        return FALSE if owner.node is not None else TRUE
    if name == "grad_fn":
        return (
            NONE if owner.node is None and owner.requires_grad is not None else machine.derived("grad_fn", (owner,), "")
        )
    if name in _VIEWS:
        return tensors.view(machine, owner, name, site)
    if name == "shape" and owner.node is None and owner.shape is not None and 1 in owner.shape:
        sizes: list[Value] = [machine.derived("size", (owner, place), "size") for place in range(len(owner.shape))]
        return Sequence([Const(1) if n == 1 else s for n, s in zip(owner.shape, sizes, strict=True)], "tuple")
    if name in _PLAIN_TENSOR_ATTRIBUTES:
        plain = machine.derived("attribute", (owner, name), f"{owner.name}.{name}")
        plain.attributes[PLAIN] = TRUE
        return plain
    if owner.unseen_call and name not in _OWN_METHODS and operations.method(name) is None:
        return tensors.part_of(machine, owner, ("attribute", name), site)
    return Method(owner, name)


def _of_unknown(machine: Machine, owner: Unknown, name: str, site: Site | None) -> Value:
    mask = owner.attributes.get("<tensor>")
    if "<mask>" in owner.attributes and isinstance(mask, Tensor):
        return _of_tensor(machine, mask, name, site)
    if name not in owner.attributes:
        label = f"{owner.label}.{name}" if owner.label else name
        made = machine.derived("attribute", (owner, name), label, owner.deps)
        made.attributes["<owner>"] = owner
        made.attributes["<name>"] = Const(name)
        if name in SHOWING:
            made.attributes.pop(ORIGIN, None)
        owner.attributes[name] = made
    return owner.attributes[name]


def _of_library(owner: Library, name: str) -> Value:
    """A name below a library's; of one of torch's layers its own name, by which layers are told apart."""
    place, _, kind = owner.name.rpartition(".")
    if name in ("__name__", "__qualname__") and place == "torch.nn" and kind[:1].isupper():
        return Const(kind)
    return in_library(f"{owner.name}.{name}")


def _of_namespace(machine: Machine, owner: Namespace, name: str, site: Site | None) -> Value:
    """A name of a module of the project; one that is not there may be made by the module's own `__getattr__`."""
    names = owner.frame.variables
    if name in names:
        return names[name]
    if name == "__dict__":
        return Mapping(cast("dict[Key, Value]", names), exact=False)
    getter = names.get("__getattr__")
    if isinstance(getter, Function) and getter not in machine.active:
        return machine.call(machine, getter, [Const(name)], {}, site)
    return machine.derived("attribute", (owner, name), name)


def _of_module(machine: Machine, owner: Module, name: str) -> Value:
    for table in (owner.attributes, owner.parameters, owner.children):
        if name in table:
            return table[name]
    if name == "__class__":
        return Library(f"torch.nn.{owner.kind}")
    if name == "training":
        return machine.derived("training", (owner,), "training") if owner.training is None else Const(owner.training)
    if name == "bias" and "weight" in owner.parameters:
        return NONE
    if name == "module" and "module" in owner.settings:
        return owner.settings["module"]
    if name in owner.settings:
        return owner.settings[name]
    return Method(owner, name)


def _of_class(machine: Machine, owner: ClassValue, name: str) -> Value:
    for cls in owner.order():
        if isinstance(cls, ClassValue) and name in cls.members:
            found = cls.members[name]
            return Bound(found, owner) if isinstance(found, Function) and found.is_class_method else found
    if name in ("__name__", "__qualname__"):
        return Const(owner.definition.name)
    if name == "apply" and any("Function" in base for base in owner.library_bases()):
        return Method(owner, "apply")
    return machine.derived("attribute", (owner, name), f"{owner.definition.name}.{name}")


def _of_super(machine: Machine, owner: Super, name: str) -> Value:
    receiver = owner.receiver
    order = receiver.cls.order() if isinstance(receiver, Instance) else owner.owner.order()
    after = order[order.index(owner.owner) + 1 :] if owner.owner in order else order
    for cls in after:
        if isinstance(cls, ClassValue) and name in cls.members:
            return _bind(machine, cls.members[name], receiver, cls)
    if name == "__init__" and isinstance(receiver, Instance) and has_library_init(receiver.cls):
        return Method(receiver, "<begin>")
    if isinstance(receiver, Instance) and layer_base(receiver):
        if name == "__init__":
            return Native(name, lambda machine, *given: begin(machine, receiver, *given))
        if name in ("forward", "__call__") and base_of(receiver) is not None:
            return Native(name, lambda machine, *given: run_base(machine, receiver, *given))
    if name == "__new__" and isinstance(receiver, ClassValue) and MAKING in receiver.members:
        return Native(name, lambda *_: receiver.members[MAKING])
    if name == "__setattr__":
        raw = Library("builtins.object.__setattr__")
        return Native(name, lambda machine, given, *rest: machine.call(machine, raw, [receiver, *given], *rest))
    if name == "__init__" or name in ("__new__", "__post_init__"):
        return Native(name, lambda *_: NONE)
    return Method(receiver, name)
