"""`mhlint check`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mhlint.check import Options, Outcome, check_files
from mhlint.cli.check_arguments import add_arguments, overrides
from mhlint.documents import edited, open_document
from mhlint.files import Target, find_files
from mhlint.findings import Finding
from mhlint.report.formats import render
from mhlint.report.listing import Listing
from mhlint.rules import RULES
from mhlint.settings import BadSettings, Settings, settings_for
from mhlint.unreadable import CODE as UNREADABLE
from mhlint.writing import NotWritten, replace_file

if TYPE_CHECKING:
    from mhlint.fixing import FixPolicy

__all__ = ["add_arguments", "run"]


class _Run(NamedTuple):
    """One run of the command: what is asked, what is checked, and the current folder's settings."""

    args: argparse.Namespace
    options: Options
    targets: list[Target]
    settings: Settings
    stdin: Mapping[str, bytes] | None

    def check(self) -> Outcome:
        return check_files(self.targets, self.options, self.stdin)

    def remark(self, text: str) -> None:
        if not self.args.quiet and not self.args.silent:
            print(text, file=sys.stderr)

    def warn(self, text: str) -> None:
        if not self.args.silent:
            print(text, file=sys.stderr)


def run(args: argparse.Namespace) -> int:
    """Run the command; raises settings.BadSettings for what cannot be run."""
    settings_of = settings_for(overrides(args), args.config, args.isolated)
    options = Options(settings_of, RULES, jobs=args.jobs, cache=not args.no_cache, noqa=not args.ignore_noqa)
    settings = settings_of(os.getcwd())
    stdin = _stdin(args)
    targets = (
        [Target(path, True) for path in stdin] if stdin else find_files(args.paths or ["."], settings_of)
    )
    run = _Run(args, options, targets, settings, stdin)
    if args.show_settings:
        print("\n".join(f"{name.replace('_', '-')} = {value!r}" for name, value in vars(settings).items()))
        return 0
    if args.show_files:
        print("\n".join(target.path for target in targets))
        return 0
    if not targets:
        run.remark("warning: no Python files or notebooks found under the given paths")
    outcome = run.check()
    if (args.emit_tests or args.prove) and not (args.fix or args.fix_only or args.diff):
        raise BadSettings("--prove and --emit-tests are for fixes: add --fix or --diff")
    if args.verbose:
        run.remark(f"Checked {_files(outcome.files)}, analysed {outcome.analysed}.")
    if args.add_noqa:
        return _add_noqa(run, outcome)
    if args.diff:
        return _show_diff(run, outcome)
    if args.fix or args.fix_only:
        return _fix(run, outcome)
    return _report(run, outcome, ())


def _stdin(args: argparse.Namespace) -> dict[str, bytes] | None:
    if args.paths == ["-"] or (args.stdin_filename and not args.paths):
        path = os.path.abspath(args.stdin_filename) if args.stdin_filename else "-"
        if sys.stdin is None:
            raise BadSettings("- (stdin) is closed")
        if args.add_noqa:
            raise BadSettings("--add-noqa writes into files, and - (stdin) is none")
        return {path: sys.stdin.buffer.read()}
    if "-" in args.paths:
        raise BadSettings("- (stdin) cannot be checked together with other paths")
    return None


def _listing(run: _Run, outcome: Outcome, findings: Sequence[Finding], fixed: int, color: bool) -> Listing:
    sources = {path: document.source for path, document in outcome.documents.items() if document}
    return Listing(
        findings=tuple(findings),
        sources=sources,
        base=os.getcwd(),
        color=color,
        unsafe_fixes=run.settings.unsafe_fixes,
        fixed=fixed,
        summary=not run.args.quiet,
    )


def _report(run: _Run, outcome: Outcome, fixed: Sequence[Finding], to_stderr: bool = False) -> int:
    from mhlint.report.colors import wants_color

    args, name = run.args, run.settings.output_format
    stream = sys.stderr if to_stderr else sys.stdout
    color = wants_color(args.color, stream) and not args.output_file
    listing = _listing(run, outcome, outcome.findings, len(fixed), color)
    if args.statistics:
        from mhlint.report import statistics

        text = statistics.render(listing, as_json=name == "json")
    else:
        text = render(name, listing)
    if args.output_file:
        try:
            with open(args.output_file, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
                file.write(text)
        except OSError as error:
            raise BadSettings(f"{args.output_file}: {error.strerror or error}") from None
    elif not args.silent:
        stream.write(text)
    if args.exit_zero:
        return 0
    return int(bool(outcome.findings) or bool(fixed and args.exit_non_zero_on_fix))


def _policy(run: _Run) -> FixPolicy:
    from mhlint import fixing

    folder = run.args.emit_tests
    return fixing.FixPolicy(
        unsafe=run.settings.unsafe_fixes,
        prove=fixing.proof() if run.args.prove else None,
        made=fixing.writer_of_tests(folder) if folder else None,
    )


def _fix(run: _Run, outcome: Outcome) -> int:
    from mhlint.fixing import fix_files

    policy = _policy(run)
    fixed: list[Finding] = []
    stdin = dict(run.stdin or {})
    for result in fix_files(outcome, run.options, policy):
        for message in result.messages:
            run.warn(message)
        path = result.before.source.path
        if run.stdin is not None:
            stdin[path] = result.after.data
        elif result.fixed and not _written(path, result.after.data, result.before.data):
            continue
        fixed += result.fixed
    if run.stdin is not None:
        sys.stdout.buffer.write(b"".join(stdin.values()))
        sys.stdout.flush()
        run = run._replace(stdin=stdin)
    if run.args.fix_only:
        if fixed:
            run.remark(f"Fixed {_errors(len(fixed))}.")
        return int(bool(fixed and run.args.exit_non_zero_on_fix))
    return _report(run, run.check() if fixed else outcome, fixed, to_stderr=run.stdin is not None)


def _show_diff(run: _Run, outcome: Outcome) -> int:
    from mhlint.fixing import difference, fix_files

    policy = _policy(run)
    listing = _listing(run, outcome, (), 0, False)
    count = 0
    for result in fix_files(outcome, run.options, policy):
        for message in result.messages:
            run.warn(message)
        count += len(result.fixed)
        name = listing.relative(result.before.source.path)
        sys.stdout.writelines(difference(result.before, result.after, name))
    _say_unreadable(outcome, listing)
    run.remark(f"Would fix {_errors(count)}." if count else "No errors would be fixed.")
    return int(count > 0 and not run.args.exit_zero)


def _add_noqa(run: _Run, outcome: Outcome) -> int:
    from mhlint.suppressions import noqa_edits

    count = 0
    for path, document in outcome.documents.items():
        own = [item for item in outcome.findings if item.place.filename == path and item.code != UNREADABLE]
        if document is None or not own or run.stdin is not None:
            continue
        edits = noqa_edits(document.source, own)
        data = edited(document, [(edit,) for edit in edits])
        open_document(path, data)
        count += len(edits) if _written(path, data, document.data) else 0
    _say_unreadable(outcome, _listing(run, outcome, (), 0, False))
    run.remark(f"Added {count} noqa directive{'s' if count != 1 else ''}.")
    return 0


def _errors(count: int) -> str:
    return f"{count} error{'s' if count != 1 else ''}"


def _files(count: int) -> str:
    return f"{count} file{'s' if count != 1 else ''}"


def _say_unreadable(outcome: Outcome, listing: Listing) -> None:
    for finding in outcome.findings:
        if finding.code == UNREADABLE:
            print(f"{listing.heading(finding)}: {finding.code} {finding.message}", file=sys.stderr)


def _written(path: str, data: bytes, expected: bytes) -> bool:
    try:
        replace_file(path, data, expected)
    except NotWritten as error:
        print(f"mhlint: error: {error}", file=sys.stderr)
        return False
    return True
