"""Verdicts kept by content: one small JSON file for each checked file, used while it still holds."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import Any

import mhlint
from mhlint.examining import Job, Verdict
from mhlint.findings import Applicability, Confidence, Edit, Finding, Fix, Place, Position, Related

FOLDER = ".mhlint_cache"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def program_stamp() -> str:
    """What says that mhlint is the same: its version, Python's, the size and time of each of its files."""
    parts = [mhlint.__version__, sys.version]
    top = os.path.dirname(os.path.abspath(mhlint.__file__))
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".py", ".json")):
                status = os.stat(os.path.join(folder, name))
                parts.append(f"{os.path.relpath(folder, top)}/{name} {status.st_size} {status.st_mtime_ns}")
    return _digest("\n".join(parts).encode())


class Cache:
    """The cache of one folder. What cannot be read or written counts as absent."""

    def __init__(self, root: str, stamp: str) -> None:
        self._folder = os.path.join(root, FOLDER)
        self._stamp = stamp
        self._modules: dict[str, str] = {}

    def get(self, job: Job) -> Verdict | None:
        """The verdict kept for a job, if its file, mhlint, the other modules and the folders are the same."""
        try:
            with open(self._entry(job), encoding="utf-8") as file:
                kept = json.load(file)
            if kept["stamp"] != self._stamp or kept["content"] != _digest(job.data):
                return None
            if any(self._module(path) != digest for path, digest in kept["modules"].items()):
                return None
            return Verdict(tuple(map(_finding, kept["findings"])), tuple(kept["modules"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def put(self, job: Job, verdict: Verdict) -> None:
        """Keep a verdict; one that a second run may not repeat is not kept."""
        if not verdict.lasting:
            return
        kept = {
            "stamp": self._stamp,
            "content": _digest(job.data),
            "modules": {path: self._module(path) for path in verdict.modules},
            "findings": [_record(finding) for finding in verdict.findings],
        }
        entry = self._entry(job)
        try:
            if not os.path.isdir(self._folder):
                os.makedirs(self._folder, exist_ok=True)
                for name, text in ((".gitignore", "*\n"), ("CACHEDIR.TAG", _TAG)):
                    with open(os.path.join(self._folder, name), "w", encoding="utf-8") as file:
                        file.write(text)
            temporary = f"{entry}.{os.getpid()}"
            with open(temporary, "w", encoding="utf-8") as file:
                json.dump(kept, file)
            os.replace(temporary, entry)
        except OSError:
            return

    def _entry(self, job: Job) -> str:
        key = "\n".join([job.path, *sorted(job.codes), *job.backward_calls, job.fix_style, str(job.line_length)])
        return os.path.join(self._folder, _digest(key.encode("utf-8", "surrogateescape"))[:32] + ".json")

    def _module(self, path: str) -> str:
        if path not in self._modules:
            try:
                if os.path.isdir(path):
                    names = (name for name in os.listdir(path) if name.endswith(".py"))
                    self._modules[path] = _digest("\n".join(sorted(names)).encode("utf-8", "surrogateescape"))
                else:
                    with open(path, "rb") as file:
                        self._modules[path] = _digest(file.read())
            except OSError:
                self._modules[path] = "absent"
        return self._modules[path]


_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache of mhlint.\n"


def _record(finding: Finding) -> dict[str, Any]:
    fix = finding.fix
    return {
        "code": finding.code,
        "name": finding.name,
        "message": finding.message,
        "place": finding.place,
        "confidence": finding.confidence.value,
        "advice": finding.advice,
        "when": finding.when,
        "related": finding.related,
        "fix": fix and [fix.applicability.value, fix.message, fix.edits],
        "noqa_row": finding.noqa_row,
    }


def _place(kept: Any) -> Place:
    filename, start, end = kept
    return Place(str(filename), Position(*start), Position(*end))


def _finding(kept: dict[str, Any]) -> Finding:
    fix = None
    if kept["fix"]:
        applicability, message, edits = kept["fix"]
        made = tuple(Edit(content, Position(*start), Position(*end)) for content, start, end in edits)
        fix = Fix(Applicability(applicability), message, made)
    return Finding(
        code=kept["code"],
        name=kept["name"],
        message=kept["message"],
        place=_place(kept["place"]),
        confidence=Confidence(kept["confidence"]),
        advice=kept["advice"],
        when=tuple(kept["when"]),
        related=tuple(Related(message, _place(place)) for message, place in kept["related"]),
        fix=fix,
        noqa_row=kept["noqa_row"],
    )
