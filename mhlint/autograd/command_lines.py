"""`argparse`: what the options are where the program itself gives the arguments, `parse_args([])`."""

from __future__ import annotations

from mhlint.autograd.handlers import Args, Keywords
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import FALSE, NONE, TRUE, Const, Library, Mapping, Object, Sequence, Unknown, Value
from mhlint.syntax.program import Site

_SELF = frozenset({"add_argument_group", "add_mutually_exclusive_group"})
_FLAGS = {"store_true": FALSE, "store_false": TRUE}
_READERS: dict[str, type[int] | type[float]] = {"builtins.int": int, "builtins.float": float}
_OPTIONS, _PARSED = "<options>", "<parsed>"
_DEFAULT, _PICKED, _ASKED = "<default>", "<picked>", "<asked>"


def make_parser(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`ArgumentParser(...)`."""
    return Object("parser", {_OPTIONS: Mapping({}, exact="parents" not in keywords)})


def call_parser(machine: Machine, owner: Object, name: str, args: Args, keywords: Keywords) -> Value:
    """A method of a parser."""
    options = owner.settings[_OPTIONS]
    assert isinstance(options, Mapping)
    if name in _SELF:
        return owner
    if name == "add_argument":
        _add(machine, options, args, keywords)
        return machine.unknown("action")
    if name == "set_defaults":
        options.items.update(keywords)
        return NONE
    if name in ("parse_args", "parse_known_args"):
        given = args[0] if args else keywords.get("args", NONE)
        read = _read_all(options, given) if len(args) < 2 else None
        if read is not None:
            found: Value = read
            rest: Value = Sequence([])
        else:
            found, rest = _parsed(machine, owner, options), machine.unknown("rest")
        return found if name == "parse_args" else Sequence([found, rest], "tuple")
    if name in ("add_subparsers", "add_argument", "register"):
        options.exact = False
    return machine.unknown(name)


def _parsed(machine: Machine, owner: Object, options: Mapping) -> Value:
    """The options of a command line that is not known; each has the default that names a class or a function."""
    found = owner.settings.get(_PARSED)
    if found is None:
        parsed = machine.unknown("args")
        for name, default in options.items.items():
            if isinstance(default, Const) and isinstance(default.value, str):
                option = machine.derived("attribute", (parsed, name), f"args.{name}")
                option.attributes.update({"<owner>": parsed, "<name>": Const(name), _DEFAULT: default})
                parsed.attributes[name] = option
        found = owner.settings[_PARSED] = parsed
    return found


def known_options(parsed: Value) -> Mapping | None:
    """The options of a command line that have a default, for `vars(args)`; there are others."""
    held = parsed.attributes if isinstance(parsed, Unknown) else {}
    options = {
        name: value for name, value in held.items() if isinstance(value, Unknown) and _DEFAULT in value.attributes
    }
    return Mapping(dict(options), exact=False) if options else None


def picked(value: Value) -> Value:
    """What an option picks by its name, `getattr(nn, args.act)`: its default, and from then on it has that value.

    Not where the program has asked before what the option is: this path may be one of another answer.
    """
    if not isinstance(value, Unknown) or _DEFAULT not in value.attributes or _ASKED in value.attributes:
        return value
    value.attributes[_PICKED] = TRUE
    return value.attributes[_DEFAULT]


def asked(value: Value) -> Value:
    """An option in a condition: the default, where that has picked something before."""
    if not isinstance(value, Unknown) or _DEFAULT not in value.attributes:
        return value
    if _PICKED in value.attributes:
        return value.attributes[_DEFAULT]
    value.attributes[_ASKED] = TRUE
    return value


def _add(machine: Machine, options: Mapping, args: Args, keywords: Keywords) -> None:
    texts = [arg.value for arg in args if isinstance(arg, Const) and isinstance(arg.value, str)]
    named = keywords.get("dest")
    name = named.value if isinstance(named, Const) else _destination(texts)
    if not name or len(texts) != len(args) or not all(text.startswith("-") for text in texts):
        # One that has to be given, or whose name is not known.
        options.exact = False
        return
    action, default = keywords.get("action"), keywords.get("default")
    if default is None:
        default = _FLAGS.get(getattr(action, "value", ""), NONE) if isinstance(action, Const) else NONE
    kind = keywords.get("type")
    if isinstance(default, Const) and isinstance(default.value, str) and kind not in (None, Library("builtins.str")):
        default = _read(default.value, kind) or machine.unknown(str(name))
    options.items[name] = default


def _read_all(options: Mapping, given: Value) -> Mapping | None:
    """The options where the program itself gives the arguments, of which flags alone are read."""
    if not isinstance(given, Sequence) or not given.exact or not options.exact:
        return None
    found = dict(options.items)
    for text in given.items:
        name = _destination([text.value]) if isinstance(text, Const) and isinstance(text.value, str) else ""
        if name not in found or found[name] not in (TRUE, FALSE):
            return None
        found[name] = FALSE if found[name] == TRUE else TRUE
    return Mapping(found, named=True)


def _read(text: str, kind: Value | None) -> Value | None:
    """A default that is a text is read as if it had been given."""
    reader = _READERS.get(kind.name) if isinstance(kind, Library) else None
    try:
        return None if reader is None else Const(reader(text))
    except ValueError:
        return None


def _destination(texts: list[str]) -> str:
    longest = next((text for text in texts if text.startswith("--")), texts[0] if texts else "")
    return longest.lstrip("-").replace("-", "_")
