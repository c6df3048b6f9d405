"""Turn the samples of probe_operations.py into rows of operations.json, one line a name."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import operation_cases as cases
import torch
from operation_measures import Sample
from operation_names import Key, resolve, signature
from torch import nn

Row = dict[str, Any]
VERDICTS = {"saves": "always", "keeps nothing": "never", "cuts": "cuts", "underivable": "underivable"}


def verdict(samples: list[Sample]) -> str:
    """One word for what all samples showed; samples whose result has no graph count only if all are such."""
    outcomes = {sample.outcome for sample in samples}
    told = outcomes - {"cuts"} or outcomes
    return VERDICTS[told.pop()] if len(told) == 1 else "depends"


def needs(samples: list[Sample]) -> list[str]:
    """Which places a walk needs unchanged: `place if others`, `~` before what only some samples needed."""
    found = []
    close = [sample for sample in samples if sample.needed is not None and sample.outcome == "saves"]
    for place in sorted({place for sample in close for place in sample.places}):
        there = [sample for sample in close if place in sample.places]
        hits: dict[str, list[bool]] = {}
        for sample in there:
            for grad, places in (sample.needed or {}).items():
                hits.setdefault(grad, []).append(place in places)
        always = {grad for grad, seen in hits.items() if all(seen)}
        sometimes = {grad for grad, seen in hits.items() if any(seen)} - always
        if always and always == set(hits):
            found.append(place)
        elif always:
            found.append(f"{place} if {'|'.join(sorted(always))}")
        if sometimes and always | sometimes != set(hits):
            found.append(f"~{place} if {'|'.join(sorted(sometimes))}")
        elif sometimes or (not always and any(place in sample.needed_by_all for sample in there)):
            found.append(f"~{place}")
    return found


def layered(found: list[str]) -> list[str]:
    """Parameter names in their order, the first layer and the later ones taken together where they agree."""
    for text in list(found):
        later = re.sub(r"\blayers\.0\.", "layers.[1-9]*.", text.replace("_l0*", "_l[1-9]*"))
        if text != later and later in found:
            found.remove(later)
            found[found.index(text)] = re.sub(r"\blayers\.0\.", "layers.*.", text.replace("_l0*", "_l*"))
    return found


def shortened(signature: str, row: Row) -> str:
    """A signature up to the last parameter that the row speaks of."""
    spoken = set(
        re.findall(r"\w+", " ".join([*row["needs"], row["when"], row.get("buffers", ""), *row["out"]]))
    )
    if row["when"] == "if dropping":
        spoken |= {"p", "training", "train"}
    parts = signature.split(", ")
    last = max((n for n, part in enumerate(parts) if part.split("=")[0].lstrip("*") in spoken), default=0)
    return ", ".join(parts[: last + 1])


def nameable(needs: list[str], signature: str) -> list[str]:
    """The needs that speak of arguments in the signature; samples may come from a wrapper with others."""
    named = set(re.findall(r"\w+", signature)) | {"input", "result"}
    return [need for need in needs if set(re.findall(r"\w+", need.replace(" if ", " "))) <= named]


def form(name: str, samples: list[Sample], section: str) -> list[str]:
    """The words of `out`."""
    if (section, name) == ("operators", "[]"):
        return ["view unless index is fancy"]
    forms = [sample.form for sample in samples]
    found = []
    if (section != "operators" and name.endswith("_")) or (
        section == "operators" and name.endswith("=") and name not in {"==", "<=", ">=", "!="}
    ):
        found.append("inplace")
    elif all("python" in words for words in forms):
        found.append("python")
    elif name.rpartition(".")[2] in cases.ALIASES:
        found.append("alias")
    elif all("shares" in words for words in forms):
        found.append("view")
    elif any("shares" in words for words in forms):
        found.append("alias")
    if all("multi" in words for words in forms):
        found.append("multi")
    return found


def conditional_forms(name: str, row: Row, signature: str) -> None:
    """Words of `out` that hang on an argument, from the names of the arguments."""
    out = row["out"]
    if name in cases.SCALARS:
        out.append("scalar")
    if name in cases.SCALAR_UNLESS_DIM:
        out.append("scalar unless dim")
    if name in cases.MULTI_IF_DIM:
        out.append("multi if dim")
    if "reduction='mean'" in signature:
        out.append("scalar unless reduction is none")
    if "multi" not in out and "return_indices=False" in signature:
        out.append("multi if return_indices")
    if "inplace=False" in signature and not name.endswith("_"):
        out[:] = [word for word in out if word not in {"alias", "view"}] + ["inplace if inplace"]


def plain_row(section: str, name: str, samples: list[Sample], signature: str) -> Row:
    """A row with everything but what only modules have."""
    row: Row = {
        "saves": verdict(samples),
        "needs": nameable(needs(samples), signature),
        "out": form(name, samples, section),
    }
    by_some = cases.NEEDED_BY_SOME.get(name, set())
    row["needs"] = [f"~{need}" if need in by_some else need for need in row["needs"]]
    unless = cases.NEEDS_UNLESS.get(name, {})
    row["needs"] = [
        f"{need} unless {unless[place]}"
        if need.startswith("~") and (place := need.lstrip("~").partition(" ")[0]) in unless
        else need
        for need in row["needs"]
    ]
    row["when"] = cases.WHEN.get(name, "")
    if row["when"]:
        row["saves"] = "depends"
    seen = any(sample.random for sample in samples) and not re.search("empty|resize", name)
    if seen or name.rpartition(".")[2] in cases.RANDOM:
        row["random"] = True
    conditional_forms(name, row, signature)
    speaks = row["when"] or any(" " in word for word in row["out"])
    if speaks or any(need.lstrip("~") not in {"input", "result"} for need in row["needs"]):
        row["args"] = shortened(signature, row)
    return row


def module_row(name: str, samples: list[Sample], facts: Row) -> Row:
    """A row for a module class; conditions are over the constructor's arguments."""
    row = plain_row("modules", name, samples, "input")
    row.pop("args", None)
    row["needs"] = layered(sorted(needs(samples)))
    call = re.sub(r"^\w*, ?|^\w*$", "", facts["args"])
    call = ", ".join(["input", *call.split(", ")[1:]]) if call else "input"
    if any(re.split(" if ", need.lstrip("~"))[0] in call.split(", ")[1:] for need in row["needs"]):
        row["args"] = call
    row["parameters"] = layered(list(facts["parameters"])) if len(facts["parameters"]) < 20 else ["*"]
    if facts["buffers"]:
        row["buffers"] = "if track_running_stats"
    init = facts["init"].partition(", ")[2]
    conditional_forms(name, row, init)
    if row["when"] or row.get("buffers") or any(" " in word for word in row["out"]):
        row["init"] = shortened(init, row)
    return row


def hand_written() -> dict[Key, Row]:
    """Creators and initialisers: nothing to measure."""
    rows: dict[Key, Row] = {}
    for name in cases.CREATORS:
        rows["functions", f"torch.{name}"] = {"saves": "creates"}
        if name in cases.RANDOM_CREATORS:
            rows["functions", f"torch.{name}"]["random"] = True
    for name in cases.CREATING_METHODS:
        rows["methods", name] = {"saves": "creates"}
    for name in cases.INITIALISERS:
        random = not re.match("constant|dirac|eye|ones|zeros", name)
        rows["functions", f"torch.nn.init.{name}"] = {"saves": "never", "out": ["inplace"], "args": "tensor"}
        if random:
            rows["functions", f"torch.nn.init.{name}"]["random"] = True
    rows["methods", "detach_"] = {"saves": "cuts", "out": ["alias"]}
    rows["methods", "requires_grad_"] = {"saves": "never", "out": ["alias"]}
    rows["methods", "type"] = {
        "saves": "never", "out": ["alias", "python unless dtype"], "args": "input, dtype=None"
    }  # fmt: skip
    rows["methods", "numpy"] = {"saves": "cuts", "out": ["python"]}
    rows["methods", "cuda"] = rows["methods", "xpu"] = rows["methods", "ipu"] = {
        "saves": "never",
        "out": ["alias"],
    }
    return rows


def public(module: Any) -> dict[str, Callable[..., Any]]:
    """The functions of a module that a program can name."""
    found = {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}
    return {name: item for name, item in found.items() if callable(item) and not inspect.isclass(item)}


def same_objects(rows: dict[Key, Any]) -> dict[Key, str]:
    """Further names of functions that are in the table, found by identity."""
    known = {id(resolve(name)): name for section, name in rows if section == "functions"}
    spaces = {
        "torch": torch, "torch.nn.functional": nn.functional, "torch.linalg": torch.linalg,
        "torch.fft": torch.fft,        "torch.special": torch.special,
    }  # fmt: skip
    found: dict[Key, str] = {}
    for prefix, space in spaces.items():
        for bare, item in public(space).items():
            key = ("functions", f"{prefix}.{bare}")
            if key in rows or re.search(cases.LEFT_OUT, f"{prefix}.{bare}"):
                continue
            if id(item) in known:
                found[key] = known[id(item)]
            elif bare.endswith("_") and ("methods", bare) in rows:
                found[key] = bare
    return found


def write(path: Path, table: dict[Key, list[Sample]], aliases: dict[Key, str], facts: dict[str, Row]) -> None:
    """Write the table: sorted, one line an entry, empty fields left out, equal rows as references."""
    rows: dict[Key, Any] = {}
    for (section, name), samples in table.items():
        if not samples:
            print("not measured:", section, name)
        elif section == "modules":
            rows[section, name] = module_row(name, samples, facts[name])
        elif section == "operators":
            rows[section, name] = plain_row(section, name, samples, operator_signature(name))
        elif section == "functions":
            rows[section, name] = plain_row(section, name, samples, signature(resolve(name), name))
        else:
            same = f"torch.{name.rstrip('_')}"
            function = resolve(same) or getattr(torch.Tensor, name)
            rows[section, name] = plain_row(section, name, samples, signature(function, same))
    rows.update(hand_written())
    for name, like in cases.SAME_MODULES.items():
        if ("modules", like) in rows:
            rows["modules", name] = rows["modules", like]
    rows.update({key: like for key, like in aliases.items() if key not in rows and known(rows, like)})
    # The receiver of the method is the input, not the condition.
    if ("functions", "torch.where") in rows:
        rows["methods", "where"] = {**rows["functions", "torch.where"], "args": "input, condition"}
    rows = {key: row for key, row in rows.items() if not re.search(cases.LEFT_OUT, key[1])}
    rows.update(same_objects(rows))
    for (section, name), row in list(rows.items()):
        if (
            section == "methods"
            and rows.get(("functions", f"torch.{name}")) == row
            and not isinstance(row, str)
        ):
            rows[section, name] = f"torch.{name}"
    report(rows)
    sections = ["functions", "methods", "operators", "modules"]
    text = [f'{{"torch": "{torch.__version__.partition("+")[0]}"']
    for section in sections:
        chosen = [(name.removeprefix("torch."), row) for (part, name), row in rows.items() if part == section]
        lines = [
            f"{json.dumps(name)}: {json.dumps(tidy(row))}"
            for name, row in sorted(chosen, key=lambda item: item[0])
        ]
        text.append(f'"{section}": {{\n' + ",\n".join(lines) + "\n}")
    path.write_text(",\n".join(text) + "}\n", encoding="utf-8")


def operator_signature(symbol: str) -> str:
    """The arguments of an operator."""
    return {"[]": "input, index", "[]=": "input, index, value"}.get(symbol, "input, other")


def known(rows: dict[Key, Any], name: str) -> bool:
    """Whether a reference leads to a row."""
    return ("functions", name) in rows or ("methods", name) in rows


def sorted_rows(rows: dict[Key, Any]) -> list[tuple[Key, Any]]:
    """The rows by name."""
    return sorted(rows.items(), key=lambda item: item[0])


def tidy(row: Any) -> Any:
    """A row without its empty fields; a reference without `torch.`."""
    if isinstance(row, dict):
        return {key: value for key, value in row.items() if value}
    return row.removeprefix("torch.")


def report(rows: dict[Key, Any]) -> None:
    """Print what a person has to look at: verdicts that depend on nothing named."""
    for (section, name), row in sorted_rows(rows):
        if not isinstance(row, dict):
            continue
        if row["saves"] == "depends" and not row.get("when"):
            print("depends on what?", section, name)
