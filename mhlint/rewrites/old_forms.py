"""Layers that are called as functions, and Variable: what stands there today."""

from __future__ import annotations

import ast

from mhlint.autograd.trace import Misuse
from mhlint.autograd.values import Tensor
from mhlint.findings import Applicability, Edit, Finding, Fix, Place
from mhlint.rewrites.layout import Layout
from mhlint.rewrites.reinjection import node_at
from mhlint.rewrites.scene import Scene

_FUNCTIONAL = {
    "ReLU": "relu", "GELU": "gelu", "SiLU": "silu", "LeakyReLU": "leaky_relu", "ELU": "elu", "Softplus": "softplus",
    "MSELoss": "mse_loss", "L1Loss": "l1_loss", "CrossEntropyLoss": "cross_entropy", "NLLLoss": "nll_loss",
    "BCELoss": "binary_cross_entropy", "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
}  # fmt: skip
_OF_THE_ALIAS = frozenset(
    "requires_grad_ resize_ resize_as_ set_ squeeze_ unsqueeze_ transpose_ t_ detach_ retain_grad register_hook".split()
)
_TENSORS_NOW = "Variable is a tensor since PyTorch 0.4"
_OF_TORCH = {"Tanh": "tanh", "Sigmoid": "sigmoid"}


def functional(scene: Scene, finding: Finding) -> Fix | None:
    """MHL401: `nn.ReLU(x)` becomes `F.relu(x)`."""
    layout = scene.layout
    call = node_at(scene, finding)
    if not isinstance(call, ast.Call) or call.keywords or not isinstance(call.func, ast.Attribute):
        return None
    edits: list[Edit] = []
    kind = call.func.attr
    if kind in _OF_TORCH:
        name = f"{_torch(layout)}.{_OF_TORCH[kind]}" if _torch(layout) else ""
    elif kind in _FUNCTIONAL:
        name = f"{_functional_name(layout, edits, layout.text(call.func.value))}.{_FUNCTIONAL[kind]}"
    elif kind == "Flatten" and len(call.args) == 1 and _torch(layout):
        end = scene.program.place(call.args[0]).end
        name, edits = f"{_torch(layout)}.flatten", [Edit(", 1", end, end)]
    else:
        return None
    if not name:
        return None
    edits.append(layout.replace(call.func, name))
    text = f"Call `{name}`, which works on the tensor; this assumes that the layer has no settings of its own"
    return Fix(Applicability.UNSAFE, text, tuple(sorted(edits, key=lambda edit: edit.start)))


def _torch(layout: Layout) -> str:
    for node in layout.program.tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "torch":
                    return alias.asname or "torch"
    return ""


def _functional_name(layout: Layout, edits: list[Edit], owner: str) -> str:
    last = None
    for node in layout.program.tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "torch.nn.functional":
                    return alias.asname or alias.name
        if isinstance(node, ast.ImportFrom) and node.module == "torch.nn":
            for alias in node.names:
                if alias.name == "functional":
                    return alias.asname or "functional"
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            last = node
    if owner:
        return f"{owner}.functional"
    if last is not None:
        edits.append(layout.insert_after(last, "import torch.nn.functional as F"))
    return "F"


def variable(scene: Scene, finding: Finding) -> Fix | None:
    """MHL402: `Variable(t)` becomes `t`, `t.requires_grad_()` or `t.detach()`."""
    layout = scene.layout
    call = node_at(scene, finding)
    if not isinstance(call, ast.Call) or len(call.args) != 1 or isinstance(call.args[0], ast.Starred):
        return None
    flags = {keyword.arg: keyword.value for keyword in call.keywords}
    if not set(flags) <= {"requires_grad"}:
        return None
    flag = flags.get("requires_grad")
    if flag is not None and not (isinstance(flag, ast.Constant) and isinstance(flag.value, bool)):
        return None
    wants = flag is not None and isinstance(flag, ast.Constant) and flag.value is True
    inner = call.args[0]
    text = layout.text(inner)
    if "\n" in text or "#" in layout.text(call):
        return None
    bare = _bare_rebinding(layout, call)
    if bare is not None:
        return _without_rebinding(scene, bare)
    safe, cuts = _surely_plain(scene, finding.place)
    fresh = isinstance(inner, ast.Call)
    if cuts:
        text = f"{_atom(inner, text)}.detach()" + (".requires_grad_()" if wants else "")
    elif wants:
        text = (
            f"{_atom(inner, text)}.requires_grad_()"
            if fresh
            else f"{_atom(inner, text)}.detach().requires_grad_()"
        )
    elif not _stands_alone(layout, call):
        text = _atom(inner, text)
    changed = not fresh and _flags_are_changed(layout, {layout.text(inner), *_targets(layout, call)})
    place = scene.program.place(call)
    plain = safe and (fresh or not wants) and not cuts
    return _judged(plain, changed, cuts or wants, Edit(text, place.start, place.end))


def _judged(plain: bool, changed: bool, cut: bool, edit: Edit) -> Fix:
    """Safe for a plain tensor whose own flag nobody changes; else with what it assumes."""
    if plain and not changed:
        return Fix(Applicability.SAFE, _TENSORS_NOW, (edit,))
    assumed = "nothing else uses the tensor that is wrapped"
    if cut:
        assumed = "it was wrapped to cut its graph"
    elif not plain:
        assumed = "what is wrapped has no graph, which Variable would cut"
    return Fix(Applicability.UNSAFE, f"{_TENSORS_NOW}; this assumes that {assumed}", (edit,))


def _bare_rebinding(layout: Layout, call: ast.Call) -> ast.Assign | None:
    """`x = Variable(x)` or `x, y = Variable(x), Variable(y)`: nothing of it would be left."""
    statement = layout.statement(call)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target, value = statement.targets[0], statement.value
    targets, values = (
        (target.elts, value.elts)
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
        else ([target], [value])
    )
    if call not in values or len(targets) != len(values) or len(layout.block(statement)) < 2:
        return None
    for name, made in zip(targets, values, strict=True):
        if not (isinstance(made, ast.Call) and len(made.args) == 1 and not made.keywords):
            return None
        same_call = ast.unparse(made.func) == ast.unparse(call.func)
        if not same_call or ast.unparse(made.args[0]) != ast.unparse(name):
            return None
    return statement


def _without_rebinding(scene: Scene, statement: ast.Assign) -> Fix:
    layout = scene.layout
    made = statement.value.elts if isinstance(statement.value, ast.Tuple) else [statement.value]
    plain = all(_surely_plain(scene, scene.program.place(call))[0] for call in made)
    names = {ast.unparse(call.args[0]) for call in made if isinstance(call, ast.Call)}
    return _judged(plain, _flags_are_changed(layout, names), False, *layout.delete(statement))


def _targets(layout: Layout, call: ast.Call) -> set[str]:
    """What the wrapped tensor is bound to; the parameters of all functions where it is passed on."""
    statement = layout.statement(call)
    if isinstance(statement, ast.Assign) and any(
        call is value for value in (statement.value, *getattr(statement.value, "elts", ()))
    ):
        return {ast.unparse(part) for target in statement.targets for part in getattr(target, "elts", [target])}
    return {node.arg for node in ast.walk(layout.program.tree) if isinstance(node, ast.arg)} - {"self"}


def _flags_are_changed(layout: Layout, names: set[str]) -> bool:
    """Does the file change the flag, shape or hooks of one of some tensors, or ask which it is?

    An alias of its own had its own ones.
    """
    for node in ast.walk(layout.program.tree):
        if isinstance(node, ast.Compare) and any(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops):
            both = [node.left, *node.comparators]
            if not any(isinstance(side, ast.Constant) for side in both) and names & set(map(ast.unparse, both)):
                return True
        if not isinstance(node, ast.Attribute):
            continue
        written = not isinstance(node.ctx, ast.Load) and node.attr in ("requires_grad", "data", "grad", "volatile")
        if written or node.attr in _OF_THE_ALIAS:
            owner = ast.unparse(node.value)
            if owner.removesuffix(".data") in names:
                return True
    return False


def _stands_alone(layout: Layout, call: ast.Call) -> bool:
    parent = layout.parents[call]
    if isinstance(parent, ast.Call):
        return any(arg is call for arg in parent.args)
    return isinstance(parent, (ast.Assign, ast.Return, ast.keyword))


def _atom(node: ast.expr, text: str) -> str:
    return text if isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)) else f"({text})"


def _surely_plain(scene: Scene, place: Place) -> tuple[bool, bool]:
    """Is the argument surely a tensor without a graph that needs none, and is it surely one with a graph?"""
    seen: list[Tensor | None] = []
    for _, trace in scene.runs.traces():
        for event in trace.of(Misuse):
            if event.site.place == place:
                seen += [value if isinstance(value, Tensor) else None for value in event.values[:1]]
    plain = bool(seen) and all(t is not None and t.node is None and t.requires_grad is False for t in seen)
    cuts = bool(seen) and all(t is not None and t.node is not None for t in seen)
    return plain, cuts
