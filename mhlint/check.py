"""Many files in, findings out: the gate, the cache, the executor, and what the authors have silenced."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mhlint.callers import callers
from mhlint.documents import Document, open_document
from mhlint.examining import TIME_LIMIT_S, Job, Verdict, check_readable, examine
from mhlint.files import Target
from mhlint.findings import Confidence, Finding
from mhlint.gate import Guarded, guarded, needles, passes
from mhlint.rules.rule import Rule
from mhlint.selection import enabled_codes, ignored_in_file
from mhlint.settings import Settings
from mhlint.unreadable import CODE as UNREADABLE
from mhlint.unreadable import from_error

# Below this many files to analyse, starting processes costs more than it saves.
_WORTH_PROCESSES = 6


@dataclass(frozen=True)
class Options:
    """How to check: where settings come from, the rules there are, and how the work is done."""

    settings_of: Callable[[str], Settings]
    rules: Mapping[str, Rule]
    jobs: int | None = None
    cache: bool = True
    noqa: bool = True
    limit_s: float = TIME_LIMIT_S


class Plan(NamedTuple):
    """What the settings of one folder come to."""

    settings: Settings
    codes: frozenset[str]
    needles: tuple[bytes, ...]
    guarded: Guarded = ()

    def job(self, path: str, data: bytes) -> Job:
        """The analysis of one file under this plan."""
        settings = self.settings
        return Job(path, data, self.codes, settings.backward_calls, settings.fix_style, settings.line_length)


@dataclass(frozen=True)
class Outcome:
    """The findings, sorted, and the documents of the files that have any (None where one has no text).

    `files` were looked at; `analysed` of them could hold a finding.
    """

    findings: tuple[Finding, ...]
    documents: Mapping[str, Document | None] = field(default_factory=dict)
    files: int = 0
    analysed: int = 0


class Plans:
    """The plan of each folder, made once; raises settings.BadSettings."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._by_folder: dict[str, Plan] = {}
        self._by_settings: dict[Settings, Plan] = {}

    def of(self, path: str) -> Plan:
        """The plan of the folder that a file is in."""
        folder = os.path.dirname(path) or os.getcwd()
        plan = self._by_folder.get(folder)
        if plan is None:
            settings = self._options.settings_of(folder)
            plan = self._by_settings.get(settings)
            if plan is None:
                codes = enabled_codes(settings, self._options.rules)
                search = needles(codes, self._options.rules, settings.backward_calls)
                plan = self._by_settings[settings] = Plan(settings, codes, search, guarded(codes, self._options.rules))
            self._by_folder[folder] = plan
        return plan


def check_files(
    targets: Sequence[Target], options: Options, given: Mapping[str, bytes] | None = None
) -> Outcome:
    """Check files (`given`: the bytes of those not read from disk); raises settings.BadSettings."""
    plans = Plans(options)
    found: list[Finding] = []
    texts: dict[str, bytes] = dict(given or {})
    jobs: list[Job] = []
    others: dict[str, bytes] = {}
    for path, named in targets:
        plan = plans.of(path)
        try:
            data = texts[path] if path in texts else read_bytes(path)
        except OSError as error:
            found.append(from_error(path, error))
            continue
        if passes(data, plan.needles, plan.guarded):
            texts[path] = data
            jobs.append(plan.job(path, data))
        elif wrong := check_readable(path, data, parse=named):
            texts[path] = data
            found.append(wrong)
        elif b"torch" in data or b"lightning" in data:
            others[path] = data
    if jobs and others:
        for path in callers({job.path: job.data for job in jobs}, others):
            texts[path] = others[path]
            jobs.append(plans.of(path).job(path, others[path]))
    for verdict in _verdicts(jobs, plans, options, cached=given is None):
        found += verdict.findings
    reported, documents = _reported(found, {target.path for target in targets}, texts, plans, options)
    return Outcome(reported, documents, len(targets), len(jobs))


def read_bytes(path: str) -> bytes:
    """A file's bytes; a folder, a pipe or a device is not read."""
    import stat

    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a regular file")
        return file.readall()


def recheck(document: Document, options: Options) -> list[Finding]:
    """The findings of one file's text as it is in hand, in that file alone: between two passes of fixes."""
    plans = Plans(options)
    path = document.source.path
    plan = plans.of(path)
    verdict = examine(plan.job(path, document.data), options.limit_s)
    reported, _ = _reported(verdict.findings, {path}, {path: document.data}, plans, options)
    return list(reported)


def _verdicts(jobs: list[Job], plans: Plans, options: Options, cached: bool) -> list[Verdict]:
    if not jobs:
        return []
    if not (cached and options.cache):
        return _examined(jobs, options)
    from mhlint.cache import Cache, program_stamp

    stamp = program_stamp()
    caches = {root: Cache(root, stamp) for root in {plans.of(job.path).settings.root for job in jobs}}
    own = [caches[plans.of(job.path).settings.root] for job in jobs]
    verdicts = [cache.get(job) for cache, job in zip(own, jobs, strict=True)]
    missing = [index for index, verdict in enumerate(verdicts) if verdict is None]
    for index, verdict in zip(missing, _examined([jobs[index] for index in missing], options), strict=True):
        own[index].put(jobs[index], verdict)
        verdicts[index] = verdict
    return [verdict for verdict in verdicts if verdict is not None]


def _examined(jobs: list[Job], options: Options) -> list[Verdict]:
    processes = options.jobs or (_cores() if len(jobs) >= _WORTH_PROCESSES else 1)
    if processes == 1 or len(jobs) < 2:
        from mhlint.syntax import Modules

        modules = Modules()
        return [examine(job, options.limit_s, modules=modules) for job in jobs]
    from mhlint.workers import examine_in_processes

    return examine_in_processes(jobs, processes, options.limit_s)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _reported(
    found: Iterable[Finding], paths: set[str], texts: dict[str, bytes], plans: Plans, options: Options
) -> tuple[tuple[Finding, ...], dict[str, Document | None]]:
    """The findings that are on in the checked files, each once and not silenced, and their documents."""
    by_path: dict[str, list[Finding]] = {}
    for finding in _each_once(found):
        path = finding.place.filename
        if path in paths and _wanted(finding, plans.of(path)):
            by_path.setdefault(path, []).append(finding)
    reported: list[Finding] = []
    documents: dict[str, Document | None] = {}
    for path, own in by_path.items():
        off = ignored_in_file(plans.of(path).settings, path, options.rules)
        documents[path] = _document(path, texts)
        on = [finding for finding in own if finding.code not in off]
        reported += _unsilenced(on, documents[path], options)
    kept = {finding.place.filename for finding in reported}
    return tuple(sorted(reported)), {path: documents[path] for path in sorted(kept)}


def _each_once(found: Iterable[Finding]) -> Iterable[Finding]:
    """One finding for each code and place: the surer one, then the one that needs fewer choices."""
    best: dict[object, Finding] = {}
    for finding in sorted(found, key=lambda item: (item.confidence.value, len(item.when), item.sort_key)):
        best.setdefault((finding.code, finding.place), finding)
    return best.values()


def _wanted(finding: Finding, plan: Plan) -> bool:
    if plan.settings.confidence == "certain" and finding.confidence is not Confidence.CERTAIN:
        return False
    return finding.code in plan.codes


def _document(path: str, texts: dict[str, bytes]) -> Document | None:
    try:
        return open_document(path, texts[path] if path in texts else read_bytes(path))
    except (OSError, ValueError, RecursionError):
        return None


def _unsilenced(findings: list[Finding], document: Document | None, options: Options) -> list[Finding]:
    if document is None or not findings:
        return findings
    from mhlint.suppressions import suppressions, with_noqa_row

    silences = suppressions(document.source)
    return [
        with_noqa_row(finding, silences)
        for finding in findings
        if not options.noqa or not silences.silences(finding) or finding.code == UNREADABLE
    ]
