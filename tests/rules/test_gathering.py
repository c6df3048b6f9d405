"""Which choices a finding needs, and how sure it is."""

from __future__ import annotations

from cases import TWICE, VERSION, Case, reported

from mhlint.findings import Confidence


def when(body: str, code: str = "MHL101") -> list[tuple[str, ...]]:
    return [finding.when for finding in reported(Case("when", body, TWICE), code)]


def test_a_finding_of_every_path_needs_no_choice() -> None:
    body = """
        def train(verbose):
            z = trunk(x)
            if verbose:
                print(z.shape)
            head_a(z).sum().backward()
            head_b(z).sum().backward()
    """
    assert when(body) == [()]


def test_the_choice_that_leads_there_is_named() -> None:
    body = """
        def train(extra, verbose):
            z = trunk(x)
            head_a(z).sum().backward()
            if verbose:
                print(1)
            if extra:
                head_b(z).sum().backward()
    """
    (choices,) = when(body)
    assert [choice.partition(" (line")[0] for choice in choices] == ["extra"]


def test_a_choice_that_must_not_be_taken_is_negated() -> None:
    body = """
        def train(summed):
            z = trunk(x)
            if summed:
                (head_a(z).sum() + head_b(z).sum()).backward()
                return
            head_a(z).sum().backward()
            head_b(z).sum().backward()
    """
    (choices,) = when(body)
    assert [choice.partition(" (line")[0] for choice in choices] == ["not (summed)"]


def test_one_of_several_choices_that_lead_there_is_named() -> None:
    body = """
        def train(early, late, verbose):
            z = trunk(x)
            if verbose:
                print(1)
            if early or late:
                head_a(z).sum().backward()
            head_b(z).sum().backward()
    """
    (choices,) = when(body)
    assert [choice.partition(" (line")[0] for choice in choices] == ["early"]


def test_one_statement_is_reported_once() -> None:
    body = """
        def train(first):
            z = trunk(x)
            if first:
                head_a(z).sum().backward()
            else:
                head_b(z).sum().backward()
            head_c(z).sum().backward()
    """
    assert when(body) == [()]


def test_what_crosses_two_calls_of_a_method_is_never_certain() -> None:
    body = """
        class Trainer:
            def __init__(self):
                self.total = 0.0

            def step(self):
                self.total = self.total + trunk(x).pow(2).mean()
                self.total.backward()
    """
    (finding,) = reported(Case("calls", body), "MHL102")
    assert finding.confidence is Confidence.LIKELY


def test_related_places_tell_where_the_graph_was_built_and_freed() -> None:
    body = """
        z = trunk(x)
        head_a(z).sum().backward()
        head_b(z).sum().backward()
    """
    (finding,) = reported(Case("related", body), "MHL101")
    row = finding.place.start.row
    assert [related.place.start.row for related in finding.related] == [row - 2, row - 1]
    assert f"line {row - 1}" in finding.message


def test_what_only_a_second_call_shows_is_likely() -> None:
    body = """
        class Trainer:
            def __init__(self):
                self.net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
                self.opt = torch.optim.SGD(self.net.parameters(), lr=0.1)

            def step(self):
                loss = self.net(x).mean()
                self.opt.step()
                loss.backward()
    """
    (found,) = reported(Case("second call", body, VERSION), "MHL103")
    assert found.confidence is Confidence.LIKELY
