"""The table of operations over statements: verdicts, forms, and what must stay unchanged."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from mhlint.autograd.operations import Arguments, Operation, bind, gives, method, operation, operator

torch = pytest.importorskip("torch")
from walking import evaluated, flat, grown, quietly, said, scope, seen, walk  # noqa: E402

STATEMENTS = """
torch.dropout(x, 0.5, True); torch.dropout(x, 0.5, False); torch.alpha_dropout(x, 0.5, True)
torch.alpha_dropout(x, 0.0, True); torch.feature_dropout(i, 0.5, False)
x + y; x - y; x * y; x * 2; 2 * x; x / y; x / 2; x ** 2; x ** y; 2 ** x; x % 2; x % y; x @ w.t(); -x
x // 2; x > y; x += y; x *= y; x *= 2; x /= 2; x[0] = 0; x[:] = y; x[...] = y; x[0]; x[:, 1]
x[..., None]; x[idx]; x[[0, 1]]; x[mask]; x.T; x.data; x.shape; x.detach(); x.item; x.tolist()
x.size(0); x.numel(); x.argmax(); x.long(); x.sum(); x.sum(1); x.mean(); x.max(); x.max(1); x.norm()
x.std(); x.std(1); x.prod(); x.min(dim=1); x.view(-1); x.reshape(-1); x.t().reshape(-1); x.chunk(2)
x.split(2); x.unbind(); x.topk(2); x.contiguous(); x.relu(); x.tanh(); x.sigmoid(); x.exp(); x.log()
x.abs(); x.pow(2); x.sqrt(); x.softmax(1); x.log_softmax(1); x.masked_fill(mask, 0.0)
x.repeat_interleave(2); x.lerp(y, 0.5); x.lerp(y, c); x.float(); x.double(); x.clone()
torch.relu(x); torch.cat([x, y]); torch.stack([x, y]); torch.where(mask, x, y); torch.mm(q, q)
torch.addmm(q, q, q); torch.einsum("ij->j", x); torch.einsum("ij,ij->i", x, y); torch.clamp(x, 0, 1)
torch.remainder(x, y); torch.linalg.norm(x); torch.linalg.norm(x, dim=1); torch.fft.fft2(x)
torch.logsumexp(x, 1); torch.outer(v, v); torch.nn.functional.linear(x, w)
torch.nn.functional.conv2d(i, k); torch.nn.functional.layer_norm(x, (8,), v, b)
torch.nn.functional.gelu(x); torch.nn.functional.silu(x); torch.nn.functional.relu(x)
torch.nn.functional.normalize(x); torch.nn.functional.dropout(x)
torch.nn.functional.dropout(x, 0.0); torch.nn.functional.dropout(x, training=False)
torch.nn.functional.alpha_dropout(x); torch.nn.functional.alpha_dropout(x, 0.5, True)
torch.nn.functional.pad(x, (1, 1)); torch.nn.functional.pad(i, (1, 1, 1, 1), "reflect")
torch.nn.functional.pad(i, (1, 1, 1, 1), mode="circular")
torch.nn.functional.interpolate(i, scale_factor=2)
torch.nn.functional.interpolate(i, scale_factor=0.5, mode="area")
torch.nn.functional.adaptive_avg_pool2d(i, 1); torch.nn.functional.adaptive_avg_pool2d(i, (1, 1))
torch.nn.functional.adaptive_avg_pool2d(i, 2); torch.nn.functional.max_pool2d(i, 2)
torch.nn.functional.max_pool2d(i, 2, return_indices=True); torch.nn.functional.mse_loss(x, c)
torch.nn.functional.mse_loss(x, c, reduction="none"); torch.nn.functional.cross_entropy(x, lab)
torch.nn.functional.cross_entropy(x, lab, reduction="sum"); torch.nn.functional.l1_loss(x, c)
torch.nn.functional.binary_cross_entropy_with_logits(x, c); torch.nn.functional.embedding(idx, w)
torch.nn.functional.cosine_similarity(x, y); torch.matrix_power(q, 2)
torch.nn.functional.scaled_dot_product_attention(s, s, s); torch.bmm(s, s.transpose(1, 2))
torch.gather(x, 0, lab[None]); torch.dot(v, b); torch.trace(q); torch.dist(x, y)
torch.maximum(x, y); torch.nn.functional.prelu(x, v)
"""
SYMBOLS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.USub: "unary -", ast.Gt: ">",
}  # fmt: skip


def parsed(text: str) -> tuple[Operation | None, list[ast.expr], dict[str, ast.expr]]:
    """The row of a statement's operation and the arguments it gets."""
    statement = ast.parse(text).body[0]
    if isinstance(statement, ast.AugAssign):
        return operator(SYMBOLS[type(statement.op)] + "="), [statement.target, statement.value], {}
    if isinstance(statement, ast.Assign):
        part = statement.targets[0]
        assert isinstance(part, ast.Subscript)
        return operator("[]="), [part.value, part.slice, statement.value], {}
    assert isinstance(statement, ast.Expr)
    node = statement.value
    if isinstance(node, ast.BinOp):
        number = "r" if isinstance(node.left, ast.Constant) else ""
        return operator(number + SYMBOLS[type(node.op)]), [node.left, node.right], {}
    if isinstance(node, ast.UnaryOp):
        return operator(SYMBOLS[type(node.op)]), [node.operand], {}
    if isinstance(node, ast.Compare):
        return operator(SYMBOLS[type(node.ops[0])]), [node.left, node.comparators[0]], {}
    if isinstance(node, ast.Subscript):
        return operator("[]"), [node.value, node.slice], {}
    if isinstance(node, ast.Attribute):
        return method(node.attr), [node.value], {}
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    name = ast.unparse(node.func)
    if name.startswith("torch."):
        return operation(name), node.args, keywords
    return method(node.func.attr), [node.func.value, *node.args], keywords


def run(text: str, values: dict[str, Any]) -> Any:
    """The result of a statement; of an assignment, the tensor it wrote to."""
    statement = ast.parse(text).body[0]
    if isinstance(statement, ast.Expr):
        return eval(text, values)
    exec(text, values)
    part = statement.target if isinstance(statement, ast.AugAssign) else statement.targets[0].value  # type: ignore[attr-defined]
    return values[ast.unparse(part)]


EACH = [text.strip() for line in STATEMENTS.strip().splitlines() for text in line.split(";")]


@pytest.mark.parametrize("text", EACH)
def test_a_statement(text: str) -> None:
    row, arguments, keywords = parsed(text)
    assert row is not None
    given, values = evaluated(arguments, keywords), scope()
    with quietly():
        result = run(text, values)
        assert seen(result) == said(row, given)
    if "python" in row.out:
        assert not flat(result)
    else:
        assert bool(gives(row, "multi", given)) == isinstance(result, (tuple, list))
    if gives(row, "scalar", given):
        assert flat(result)[0].numel() == 1
    if gives(row, "view", given):
        assert memory(result) <= memory([values[node.id] for node in arguments if isinstance(node, ast.Name)])


def memory(result: Any) -> set[int]:
    """The addresses of what a result's tensors store."""
    return {tensor.untyped_storage().data_ptr() for tensor in flat(result)}


@pytest.mark.parametrize("text", [text for text in EACH if "=" not in text.split("(")[0]])
def test_what_a_statement_needs_unchanged(text: str) -> None:
    row, arguments, keywords = parsed(text)
    assert row is not None
    given = evaluated(arguments, keywords)
    if said(row, given) != "always":
        return
    names = {node.id for node in [*arguments, *keywords.values()] if isinstance(node, ast.Name)}
    for changed in [*sorted(names), "result"]:
        with quietly():
            values = scope()
            result = run(text, values)
            for tensor in grown(result) if changed == "result" else [values[changed]]:
                torch.autograd.graph.increment_version(tensor)
            raises = walk(result) == "version"
        bound = bind(row.args, Arguments(tuple(arguments), keywords))
        needs = [need for need in row.needs if changed in variables(bound, need.place)]
        needs = [need for need in needs if not need.if_grad or requires_grad(bound, need.if_grad)]
        if any(need.certain for need in needs):
            assert raises, f"{changed} is said to be needed"
        if not needs:
            assert not raises, f"{changed} is said not to be needed"


def variables(bound: dict[str, object], place: str) -> set[str]:
    """The variables that a statement gives for a place."""
    if place == "result":
        return {place}
    nodes = bound.get(place)
    return {
        node.id for node in (nodes if isinstance(nodes, tuple) else [nodes]) if isinstance(node, ast.Name)
    }


def requires_grad(bound: dict[str, object], places: tuple[str, ...]) -> bool:
    """Whether one of the places holds a tensor that requires grad."""
    given = [node for node in map(bound.get, places) if isinstance(node, ast.expr)]
    return any(grown(eval(ast.unparse(node), scope())) for node in given)
