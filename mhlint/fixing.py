"""Making the fixes, pass after pass until nothing more applies; what they give is known to parse."""

from __future__ import annotations

import os
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple, cast

from mhlint.check import Options, Outcome, recheck
from mhlint.documents import Document, edited, open_document
from mhlint.findings import Applicability, Edit, Finding, Position
from mhlint.settings import BadSettings
from mhlint.source import Source

_MOST_PASSES = 40

Proof = Callable[[Source, Source, Finding], str]
"""Says why a fix may not be made, or nothing where it is proven."""

Made = Callable[[Source, Source, Finding], str]
"""Is told of each fix that is made: the source before it, the source with it alone, its finding."""


class FixedFile(NamedTuple):
    """One file before and after its fixes, the findings they end, and why other fixes were not made."""

    before: Document
    after: Document
    fixed: tuple[Finding, ...]
    messages: tuple[str, ...]


@dataclass(frozen=True)
class FixPolicy:
    """Which fixes are made: `safe` ones, `unsafe` ones too if asked for; with a proof, only proven ones."""

    unsafe: bool = False
    prove: Proof | None = None
    made: Made | None = None

    def allows(self, finding: Finding) -> bool:
        """Whether a finding's fix may be made."""
        fix = finding.fix
        if fix is None or not fix.edits:
            return False
        return fix.applicability is Applicability.SAFE or (
            self.unsafe and fix.applicability is Applicability.UNSAFE
        )


class _Choice(NamedTuple):
    findings: tuple[Finding, ...]
    edits: tuple[Edit, ...]


def fix_files(outcome: Outcome, options: Options, policy: FixPolicy) -> list[FixedFile]:
    """The files that the fixes of an outcome change, and those whose fixes had to be refused."""
    by_path: dict[str, list[Finding]] = {}
    for finding in outcome.findings:
        by_path.setdefault(finding.place.filename, []).append(finding)
    results = []
    for path, findings in by_path.items():
        document = outcome.documents.get(path)
        if document is not None and any(map(policy.allows, findings)):
            result = _fix_file(document, findings, options, policy)
            if result.fixed or result.messages:
                results.append(result)
    return results


def _fix_file(document: Document, findings: list[Finding], options: Options, policy: FixPolicy) -> FixedFile:
    now, fixed = document, list[Finding]()
    refused: dict[object, str] = {}
    said: list[str] = []
    for _ in range(_MOST_PASSES):
        choices = [choice for choice in _choices(findings, policy) if _key(choice) not in refused]
        after, made = _make(now, choices, policy, refused)
        if not made:
            return FixedFile(document, now, tuple(fixed), (*refused.values(), *filter(None, said)))
        for choice in made if policy.made else ():
            alone = _changed(now, [choice])
            if policy.made and isinstance(alone, Document):
                said.append(policy.made(now.source, alone.source, choice.findings[0]))
        now = after
        fixed += [finding for choice in made for finding in choice.findings]
        findings = recheck(now, options)
    codes = ", ".join(sorted({finding.code for finding in fixed}))
    message = f"{document.source.path}: not fixed: the fixes of {codes} do not come to an end"
    return FixedFile(document, document, (), (*refused.values(), message))


def _choices(findings: Sequence[Finding], policy: FixPolicy) -> list[_Choice]:
    """The distinct fixes that may be made; findings whose fixes are the same share one."""
    by_edits: dict[tuple[Edit, ...], list[Finding]] = {}
    for finding in sorted(findings):
        if policy.allows(finding) and finding.fix:
            edits = tuple(
                sorted(set(finding.fix.edits), key=lambda edit: (edit.start, edit.end, edit.content))
            )
            by_edits.setdefault(edits, []).append(finding)
    return [_Choice(tuple(same), edits) for edits, same in by_edits.items()]


def _key(choice: _Choice) -> object:
    # Rows move from pass to pass: a refused fix is known by what it says, not by where it stands.
    finding = choice.findings[0]
    return finding.code, finding.message, tuple(edit.content for edit in choice.edits)


def _span(choice: _Choice) -> tuple[Position, Position]:
    return min(edit.start for edit in choice.edits), max(edit.end for edit in choice.edits)


def _apart(choices: list[_Choice]) -> list[_Choice]:
    """The first fixes whose stretches of text do not meet; the others wait for the next pass."""
    taken: list[_Choice] = []
    last: Position | None = None
    for choice in sorted(choices, key=lambda choice: (_span(choice), choice.findings[0])):
        start, end = _span(choice)
        if last is None or start > last:
            taken.append(choice)
            last = end
    return taken


def _make(
    document: Document, choices: list[_Choice], policy: FixPolicy, refused: dict[object, str]
) -> tuple[Document, list[_Choice]]:
    """The document with as many fixes as go together, and these; refuses those that are no good alone."""
    while choices := [choice for choice in choices if _key(choice) not in refused]:
        made = _apart(choices)
        for choice in made:
            if reason := _wrong_alone(document, choice, policy):
                finding = choice.findings[0]
                where = f"{document.source.path}:{finding.place.start.row}"
                refused[_key(choice)] = f"{where}: {finding.code} not fixed: {reason}"
        made = [choice for choice in made if _key(choice) not in refused]
        if made:
            after = _changed(document, made)
            if isinstance(after, Document):
                return after, made
            # Each is good alone and all are not together: one now, the others in the next pass.
            after = _changed(document, made[:1])
            if isinstance(after, Document):
                return after, made[:1]
    return document, []


def _wrong_alone(document: Document, choice: _Choice, policy: FixPolicy) -> str:
    after = _changed(document, [choice])
    if isinstance(after, str):
        return after
    if after.data == document.data:
        return "the fix changes nothing"
    if policy.prove is not None:
        return policy.prove(document.source, after.source, choice.findings[0])
    return ""


def _changed(document: Document, choices: list[_Choice]) -> Document | str:
    """The document with fixes made, or why that cannot be."""
    import ast

    try:
        after = open_document(document.source.path, edited(document, [choice.edits for choice in choices]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(after.source.text)
    except SyntaxError as error:
        return f"the result would not parse ({error.msg})"
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error) or "the result cannot be checked"
    return after


def _of_proof(name: str) -> Callable[[Source, Source, Finding], Any]:
    """A function of mhlint.proof, loaded only when it is asked for: the one place from which fixes reach it."""
    return cast(Callable[[Source, Source, Finding], Any], getattr(import_module("mhlint.proof"), name))


def proof() -> Proof:
    """The proof of one fix, by running both forms. Raises BadSettings without PyTorch."""
    if find_spec("torch") is None:
        raise BadSettings("--prove runs both forms on torch, which is not installed (pip install 'mhlint[proof]')")
    prove_fix = _of_proof("prove_fix")

    def reason_against(before: Source, after: Source, finding: Finding) -> str:
        verdict = prove_fix(before, after, finding)
        return "" if verdict.equivalent else f"not proven: {verdict.reason}"

    return reason_against


def writer_of_tests(folder: str) -> Made:
    """Writes a test of both forms for each fix that is made, or says in a line why that one has none.

    It raises BadSettings where it cannot write.
    """
    emit_test = _of_proof("emit_test")
    written: Counter[str] = Counter()

    def write(before: Source, after: Source, finding: Finding) -> str:
        try:
            text = emit_test(before, after, finding)
        except ValueError as reason:
            return f"{before.path}:{finding.place.start.row}: {finding.code} fixed, and {reason}"
        if changed := _changed_gradients(before, after, finding):
            where = f"{before.path}:{finding.place.start.row}"
            return f"{where}: {finding.code} fixed, and no test of this fix: it changes gradients ({changed})"
        stem = re.sub(r"\W", "_", os.path.splitext(os.path.basename(before.path))[0])
        name = f"test_{stem}_{finding.code.lower()}_row_{finding.place.start.row}"
        written[name] += 1
        # Files of one name in different folders have a test each.
        number = f"_{written[name]}" if written[name] > 1 else ""
        path = os.path.join(folder, f"{name}{number}.py")
        try:
            os.makedirs(folder, exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise BadSettings(f"{path}: {error.strerror or error}") from None
        return ""

    return write


def _changed_gradients(before: Source, after: Source, finding: Finding) -> str:
    """What an unsafe fix changes, as one that repairs wrong gradients must; "" if nothing, or PyTorch is not there."""
    unsafe = finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE
    if not unsafe or find_spec("torch") is None:
        return ""
    verdict = _of_proof("prove_fix")(before, after, finding)
    return str(verdict.reason) if verdict.word == "differs" else ""


def difference(before: Document, after: Document, name: str) -> Iterator[str]:
    """The lines of the unified diff from one document to the other; cell by cell for a notebook."""
    if before.decoded is not None:
        yield from _unified(before.source.lines, after.source.lines, name)
        return
    from mhlint.notebooks import cell_text, read_notebook

    old = read_notebook(name, before.data).original
    new = read_notebook(name, after.data).original
    texts = {cell.number: cell_text(new, cell) for cell in new.cells}
    for cell in old.cells:
        lines = Source(name, cell_text(old, cell)).lines
        yield from _unified(
            lines, Source(name, texts.get(cell.number, "")).lines, f"{name}:cell {cell.number}"
        )


def _unified(before: Sequence[str], after: Sequence[str], name: str) -> Iterator[str]:
    import difflib

    for line in difflib.unified_diff(before, after, name, name):
        yield line if line.endswith(("\n", "\r")) else line + "\n\\ No newline at end of file\n"
