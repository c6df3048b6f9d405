"""Uses of Variable."""

from __future__ import annotations

from pathlib import Path

from cases import Case, check, in_pytest, reported

SILENT = [
    Case("a name of the program", """
        def Variable(x):
            return x

        trunk(Variable(x)).sum().backward()
    """),
    Case("not called", """
        from torch.autograd import Variable
        trunk(x).sum().backward()
    """),
]
FIRING = [
    Case("around data", """
        from torch.autograd import Variable
        trunk(Variable(x)).sum().backward()  # here
    """),
    Case("around a graph", """
        from torch.autograd import Variable
        z = Variable(trunk(x))  # here
        head_a(z).sum().backward()
    """),
    Case("by its full name", """
        trunk(torch.autograd.Variable(x)).sum().backward()  # here
    """),
]
CASES = SILENT + FIRING


def test_the_cut_is_named() -> None:
    """What Variable does to a tensor with a graph is not what its name says."""
    assert ["detach" in reported(case, "MHL402")[0].message for case in FIRING] == [False, True, False]


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL402", tmp_path)
