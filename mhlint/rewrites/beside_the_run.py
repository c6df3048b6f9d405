"""Code that sees gradients without a call that the run follows: other names, callbacks, special methods, hooks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from mhlint.rewrites.groups import Step
from mhlint.rewrites.layout import Layout
from mhlint.rewrites.names import changed_in_place, own, stored


def beside_the_run(layout: Layout, step: Step) -> Iterator[str]:
    """Why such code may tell the rewritten step from the old one."""
    functions = {
        node.name: node for node in ast.walk(layout.program.tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    yield from _through_another_name(layout, step, functions)
    yield from _given_on(step, functions)
    yield from _through_arrays(layout, step)
    yield from _converted(step)
    yield from _special_methods(functions)
    yield from _hooks(layout, functions)


_Functions = dict[str, ast.FunctionDef | ast.ClassDef]


def _through_another_name(layout: Layout, step: Step, functions: _Functions) -> Iterator[str]:
    """`g = weight.grad` names the tensor that each walk adds to: no `.grad` need be read to see it."""
    named = {
        target
        for node in ast.walk(layout.program.tree)
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) and node.value is not None
        if any(_is_gradient(layout, part) for part in ast.walk(node.value))
        for top in (node.targets if isinstance(node, ast.Assign) else [node.target])
        for target in stored([top])
    }
    if not named:
        return
    for node in _with_functions(step.statements, functions):
        if _word(node) in named and isinstance(node.ctx, ast.Load):  # type: ignore[attr-defined]
            yield f"`{ast.unparse(node)}` may be a gradient that the walks add to"


def _with_functions(nodes: Iterable[ast.AST], functions: _Functions) -> Iterator[ast.AST]:
    """The nodes under some others, and under the functions and classes that these name."""
    waiting, seen = list(nodes), set[str]()
    while waiting:
        for node in ast.walk(waiting.pop()):
            yield node
            called = _word(node).removeprefix(".")
            if called in functions and called not in seen:
                seen.add(called)
                waiting.append(functions[called])


def _word(node: ast.AST) -> str:
    """A name, or an attribute as `.name`; "" for the rest."""
    return node.id if isinstance(node, ast.Name) else "." + node.attr if isinstance(node, ast.Attribute) else ""


def _is_gradient(layout: Layout, node: ast.AST) -> bool:
    """Is it the gradient itself, and not something computed from it?"""
    if isinstance(node, ast.Call):
        gives = isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) > 1
        return gives and isinstance(node.args[1], ast.Constant) and node.args[1].value == "grad"
    if not (isinstance(node, ast.Attribute) and node.attr == "grad"):
        return False
    parent = layout.parents[node]
    called = isinstance(parent, ast.Call) and parent.func is node
    return not called and not isinstance(parent, (ast.Attribute, ast.Compare, ast.BinOp))


def _given_on(step: Step, functions: _Functions) -> Iterator[str]:
    """A function that is handed on, as in `model.apply(look)`, runs as soon as what it is given to likes."""
    for statement in step.statements:
        for call in own(statement):
            if isinstance(call, ast.Call) and _word(call.func) in ("exec", "eval"):
                yield f"`{ast.unparse(call)[:50]}` could read gradients between the walks"
            for given in [*call.args, *(k.value for k in call.keywords)] if isinstance(call, ast.Call) else ():
                known = functions.get(_word(given).removeprefix("."))
                handed_on = isinstance(given, ast.Lambda) or isinstance(known, ast.FunctionDef)
                if handed_on and _uses_gradients([given], functions):
                    yield f"`{ast.unparse(given)[:50]}` uses gradients, and is handed on between the walks"


def _through_arrays(layout: Layout, step: Step) -> Iterator[str]:
    """`a = z.numpy()` is the tensor's memory: no version of the tensor counts what is written to it."""
    arrays = {
        name
        for node in ast.walk(layout.program.tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if _word(node.value.func) in (".numpy", ".asarray", ".from_dlpack")
        for name in stored(node.targets)
    }
    for name in sorted(arrays & changed_in_place(step.statements)):
        yield f"`{name}` may be the memory of a tensor that a walk needs, and is written to in between"


def _converted(step: Step) -> Iterator[str]:
    """`net.double()` as a statement gives the weights that a walk needs other values."""
    for statement in step.statements:
        for node in own(statement):
            call = node.value if isinstance(node, ast.Expr) else None
            if isinstance(call, ast.Call) and _word(call.func) in _CONVERTING:
                yield f"`{ast.unparse(call)[:50]}` may convert weights between the walks"


_CONVERTING = frozenset({".float", ".double", ".half", ".bfloat16", ".type", ".to", ".cuda", ".cpu"})


_ENTERED = frozenset({"__init__", "__new__", "__call__"})
_USING = re.compile(r"\bgrad\b|clip_grad|zero_grad|^\.?(step|backward)$")


def _special_methods(functions: _Functions) -> Iterator[str]:
    """What Python calls by itself, to make a text of an object or to end its life, the run does not always enter."""
    for cls in functions.values():
        for method in cls.body if isinstance(cls, ast.ClassDef) else ():
            if not isinstance(method, ast.FunctionDef) or method.name in _ENTERED:
                continue
            if method.name.startswith("__") and method.name.endswith("__") and _uses_gradients([method], functions):
                yield f"`{cls.name}.{method.name}` uses gradients, and may be called in between"


def _hooks(layout: Layout, functions: _Functions) -> Iterator[str]:
    """Hooks of forwards that use gradients, and of saved tensors, which each walk calls."""
    for node in ast.walk(layout.program.tree):
        name = _word(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
        if name == "saved_tensors_hooks":
            yield f"`{name}` calls its functions in each walk"
        elif name in _FORWARD_HOOKS and _uses_gradients(node.args, functions):  # type: ignore[attr-defined]
            yield f"`{ast.unparse(node)[:50]}` uses gradients when a forward runs"


_FORWARD_HOOKS = frozenset(
    f"register_{module}forward_{pre}hook" for module in ("", "module_") for pre in ("", "pre_")
)


def _uses_gradients(nodes: Iterable[ast.AST], functions: _Functions) -> bool:
    return any(
        _USING.search(_word(node)) or (isinstance(node, ast.Constant) and node.value == "grad")
        for node in _with_functions(nodes, functions)
    )
