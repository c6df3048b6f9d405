"""Which names are read behind a statement."""

from __future__ import annotations

import ast
import textwrap

import pytest

from mhlint.syntax.liveness import Liveness

CASES = {
    "a name that is read": ("MARK()\nuse(a)", "a use"),
    "a name that is bound anew first": ("MARK()\na = 1\nuse(a)", "use"),
    "bound anew on one way alone": ("MARK()\nif c:\n    a = 1\nuse(a)", "a c use"),
    "a number to show": ("MARK()\nprint(a)\nb.item()\nfloat(c)\nif d is None: pass", "float print"),
    "a number of a part": ("MARK()\na.mean().item()\nb[c].sum(d).detach()\ne.step().item()", "c d e"),
    "a comparison": ("MARK()\nif a > b - 2 * c: pass\nif d == e or f(g) <= h: pass", "d e f g"),
    "the next turn of a loop": ("for x in xs:\n    use(a)\n    MARK()", "a use"),
    "bound first in the next turn": ("for x in xs:\n    a = x\n    use(a)\n    MARK()\nb", "b use"),
    "a loop that may not turn": ("MARK()\nfor x in xs:\n    a = 1\nuse(a)", "a use xs"),
    "the test of a while": ("while go(a):\n    MARK()", "a go"),
    "behind a break": ("for x in xs:\n    MARK()\n    break\n    use(a)\nb", "b"),
    "behind a return": ("MARK()\nreturn a\nuse(b)", "a"),
    "a handler": ("try:\n    MARK()\n    a = 1\nexcept E:\n    use(a)", "a use"),
    "a handler of a block that returns": ("try:\n    MARK()\n    return 1\nfinally:\n    use(a)", "a use"),
    "the rest of its own statement": ("f(a, MARK(), b)", "a b f"),
    "what its statement binds": ("a = MARK()\nuse(a)", "use"),
    "a sum that goes on": ("MARK()\na += 1", "a"),
    "an inner function": ("def show():\n    use(a)\nMARK()", "a use"),
    "a name of a comprehension's own": ("MARK()\n[b.c for b in d for e in b if e]\n{f: g for f in f}", "d f g"),
    "a comprehension around it": ("[(MARK(), use(a)) for a in b]", "a b use"),
    "an inner function's own names": (
        "def f(a, b=c):\n    d = e\n    [g for g in d]\n    return a(d, g)\nlambda h: h(i)\nMARK()",
        "c e g i",
    ),
    "a name that an inner function shares": ("def f():\n    nonlocal a\n    a = a + 1\nMARK()", "a"),
    "a block that binds": ("MARK()\nwith f() as a:\n    use(a)", "f use"),
}


@pytest.mark.parametrize("name", CASES)
def test_names_read_behind_a_call(name: str) -> None:
    body, expected = CASES[name]
    tree = ast.parse("def f():\n" + textwrap.indent(body, "    "))
    marked = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "MARK")
    behind = Liveness(tree.body[0]).behind(next(marked))
    assert behind is not None
    assert " ".join(sorted(behind.names - {"MARK"})) == expected


def test_all_statements_that_bind_what_is_read() -> None:
    tree = ast.parse("def f():\n    if c:\n        a = 1\n    else:\n        a = 2\n    MARK()\n    use(a)")
    call = next(n for n in ast.walk(tree) if isinstance(n, ast.Call))
    behind = Liveness(tree.body[0]).behind(call)
    assert behind is not None
    assert sorted(getattr(node, "lineno", 0) for node in behind.binders) == [3, 5]


def test_a_comprehension_binds_no_name_of_the_function() -> None:
    tree = ast.parse("def f():\n    a = 1\n    b = [a for a in c]\n    d = [a := e for e in c]\n    MARK()\n    use(a)")
    call = next(n for n in ast.walk(tree) if isinstance(n, ast.Call))
    behind = Liveness(tree.body[0]).behind(call)
    assert behind is not None
    assert sorted(getattr(node, "lineno", 0) for node in behind.binders) == [2, 4]
