"""Samples written as Python statements: which operation each shows, on which arguments, and how to run it."""

from __future__ import annotations

import ast
from typing import Any

import torch
from operation_measures import Grad, Run, Tensor, Trial, fresh
from operation_names import Key, parameters_of, resolve, signature

OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Pow: "**", ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.USub: "unary -",
    ast.UAdd: "unary +", ast.Invert: "unary ~", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


def namespace() -> dict[str, Any]:
    """The tensors that the expressions of operation_cases.py are written over."""
    torch.manual_seed(0)
    shapes = {"x": (4, 8), "y": (4, 8), "w": (3, 8), "q": (4, 4), "v": (8,), "s": (4, 5, 8)}
    shapes |= {"i": (2, 3, 8, 8), "p": (2, 4, 4, 4)}
    varying = {name: (torch.rand(shape) * 0.8 + 0.1).requires_grad_() for name, shape in shapes.items()}
    constant = {"c": torch.rand(4, 8), "mask": torch.rand(4, 8) > 0.5, "idx": torch.tensor([0, 1, 2])}
    return {**varying, **constant, "lab": torch.tensor([0, 1, 2, 3])}


def subject(statement: ast.stmt) -> tuple[Key, dict[str, ast.expr], str]:
    """Which operation a statement shows, its arguments by place, and the variable it writes."""
    if isinstance(statement, ast.AugAssign):
        symbol = OPERATORS[type(statement.op)] + "="
        return (
            ("operators", symbol),
            {"input": statement.target, "other": statement.value},
            ast.unparse(statement.target),
        )
    if isinstance(statement, ast.Assign):
        target = statement.targets[0]
        assert isinstance(target, ast.Subscript)
        places = {"input": target.value, "value": statement.value}
        return ("operators", "[]="), places, ast.unparse(target.value)
    assert isinstance(statement, ast.Expr)
    node = statement.value
    if isinstance(node, ast.BinOp):
        symbol = ("r" if isinstance(node.left, ast.Constant) else "") + OPERATORS[type(node.op)]
        return ("operators", symbol), {"input": node.left, "other": node.right}, ""
    if isinstance(node, ast.UnaryOp):
        return ("operators", OPERATORS[type(node.op)]), {"input": node.operand}, ""
    if isinstance(node, ast.Compare):
        symbol = OPERATORS[type(node.ops[0])]
        return ("operators", symbol), {"input": node.left, "other": node.comparators[0]}, ""
    if isinstance(node, ast.Subscript):
        return ("operators", "[]"), {"input": node.value, "index": node.slice}, ""
    if isinstance(node, ast.Attribute):
        return ("methods", node.attr), {"input": node.value}, ""
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    name = ast.unparse(node.func)
    if name.startswith("torch."):
        key, positional = ("functions", name), node.args
        names = parameters_of(signature(resolve(name), name))
    else:
        key, positional = ("methods", node.func.attr), [node.func.value, *node.args]
        same = f"torch.{node.func.attr}"
        names = parameters_of(signature(resolve(same) or getattr(Tensor, node.func.attr), same))
    names = names or ["input"]
    places = dict(zip(names, positional, strict=False))
    places.update({keyword.arg: keyword.value for keyword in node.keywords if keyword.arg})
    return key, places, name if node.func.attr.endswith("_") and key[0] == "methods" else ""


def expression_run(text: str) -> tuple[Key, Run]:
    """The operation that a statement shows, and a run of it."""
    key, arguments, written = subject(ast.parse(text).body[0])
    used = {
        place: [node.id for node in ast.walk(argument) if isinstance(node, ast.Name) and node.id != "torch"]
        for place, argument in arguments.items()
    }
    code = compile(text, "<sample>", "eval" if isinstance(ast.parse(text).body[0], ast.Expr) else "exec")
    given = namespace()

    def run(grad: Grad) -> Trial:
        wanted = {name for place, names in used.items() if grad is None or place in grad for name in names}
        values = {
            name: fresh(tensor, tensor.requires_grad and name in wanted) for name, tensor in given.items()
        }
        places = {place: [values[name] for name in names] for place, names in used.items() if names}
        able = frozenset(
            place for place, names in used.items() if any(given[name].requires_grad for name in names)
        )
        scope = {**values, "torch": torch}
        result = eval(code, scope)
        if written:
            places.pop("input", None)
        return Trial(places, able, scope.get(written, result))

    return key, run
