"""Puts the values of variables into queries, as Grafana's page does."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

# $name, [[name]] and [[name:format]], ${name}, ${name.field}, ${name:format}
_REFERENCE = re.compile(
    r"\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:}]+))?(?::([^}]+))?\}",
    re.ASCII,
)
ALL = "$__all"
_MOST_CHARACTERS = 1_000_000
_DEEPEST = 100


@dataclass(frozen=True, kw_only=True)
class Variable:
    """What stands for a name in a dashboard's texts.

    Attributes:
        name: The name.
        value: One value, or several; several also where all are chosen.
        shown: What the page shows for it; empty where that is the value.
        everything: Whether all values are chosen.
        instead: Text that stands for all values, as the dashboard has it; empty where the values themselves do.
        quoted: Whether several values or all may be chosen, so that queries expect them quoted.
        problem: Why there is no value; empty where there is one.
        waits: Whether it waits for what the reader of the dashboard types.
    """

    name: str
    value: str | tuple[str, ...]
    shown: str = ""
    everything: bool = False
    instead: str = ""
    quoted: bool = False
    problem: str = ""
    waits: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        """The values, also where it is one."""
        return (self.value,) if isinstance(self.value, str) else self.value


Variables = Mapping[str, Variable]
Format = Callable[[Variable], str]
"""How a data source wants a value where the dashboard does not say it."""


def interpolate(value: Any, variables: Variables, default: Format | None = None) -> Any:
    """Put values in the place of references, at any depth.

    What is no variable stays: Grafana's server knows more of them, such as ``$__timeFilter``.

    Args:
        value: Any JSON.
        variables: What is known.
        default: How values are written where a reference names no format.
    """
    return _walk(value, lambda found: _replaced(found, variables, default or glob), 0)


def references(value: Any) -> set[str]:
    """Names that any JSON refers to."""
    found: set[str] = set()

    def note(found_in: str) -> str:
        found.update(match[1] or match[2] or match[4] for match in _REFERENCE.finditer(found_in))
        return found_in

    _walk(value, note, 0)
    return found


def _walk(value: Any, change: Callable[[str], str], depth: int) -> Any:
    if depth > _DEEPEST:
        return value
    if isinstance(value, dict):
        return {key: _walk(item, change, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, change, depth + 1) for item in value]
    return change(value) if isinstance(value, str) else value


def _replaced(template: str, variables: Variables, default: Format) -> str:
    return "".join(_pieces(template, variables, default))


def _pieces(template: str, variables: Variables, default: Format) -> Iterator[str]:
    # Variables may name each other: what would grow without end is left as it is.
    left, end = _MOST_CHARACTERS, 0
    for match in _REFERENCE.finditer(template):
        variable = variables.get(match[1] or match[2] or match[4])
        form = match[3] or match[6] or ""
        put = _formatted(variable, form, default) if variable and left > 0 else match[0]
        left -= len(put)
        yield template[end : match.start()]
        yield put
        end = match.end()
    yield template[end:]


def _formatted(variable: Variable, form: str, default: Format) -> str:
    name, _, argument = form.partition(":")
    if variable.everything and variable.instead:
        if name == "text":
            return "All"
        return quote(variable.instead, safe="~-_.") if name == "percentencode" else variable.instead
    if name == "date":
        return _date(variable, argument or "iso")
    return (_FORMATS.get(name, glob) if name else default)(variable)


def glob(variable: Variable) -> str:
    """One value as it is, several as ``{one,two}``."""
    joined = ",".join(variable.values)
    return f"{{{joined}}}" if len(variable.values) > 1 else joined


def prometheus(variable: Variable) -> str:
    """Escaped for a string of PromQL; several values as an alternative of a regular expression."""
    if not variable.quoted and isinstance(variable.value, str):
        return variable.value.replace("\\", r"\\").replace("'", r"\\'")
    escaped = [re.sub(r"[$^*{}\[\]+?.()|]", r"\\\\\g<0>", one.replace("\\", r"\\\\")) for one in variable.values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def sql(variable: Variable) -> str:
    """One value with its quotes doubled; where several may be chosen, literals in a list."""
    if not variable.quoted and isinstance(variable.value, str):
        return variable.value.replace("'", "''")
    return _literals(variable, lambda one: one.replace("'", "''"))


def regex(variable: Variable) -> str:
    """Values that match themselves, several as an alternative."""
    escaped = [re.sub(r"[\\^$*+?.()|\[\]{}/]", r"\\\g<0>", one) for one in variable.values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def _literals(variable: Variable, escape: Callable[[str], str], mark: str = "'") -> str:
    return ",".join(f"{mark}{escape(one)}{mark}" for one in variable.values)


def _json(variable: Variable) -> str:
    several = not isinstance(variable.value, str)
    return json.dumps(list(variable.values), separators=(",", ":"), ensure_ascii=False) if several else glob(variable)


def _text(variable: Variable) -> str:
    return "All" if variable.everything else variable.shown or " + ".join(variable.values)


def _parameters(variable: Variable) -> str:
    chosen = (ALL,) if variable.everything else variable.values
    return "&".join(f"var-{variable.name}={quote(one, safe='~-_.')}" for one in chosen)


def _percent(variable: Variable) -> str:
    one = variable.value if isinstance(variable.value, str) else f"{{{','.join(variable.value)}}}"
    return quote(one, safe="~-_.")


def _date(variable: Variable, form: str) -> str:
    milliseconds = glob(variable)
    if not milliseconds.isdecimal() or len(milliseconds) > len("253402300799000"):
        return "NaN"
    seconds = min(int(milliseconds) / 1000, 253_402_300_799)
    if form == "ms":
        return milliseconds
    if form == "seconds":
        return str(round(seconds))
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_FORMATS: Mapping[str, Format] = {
    "raw": lambda variable: ",".join(variable.values),
    "csv": lambda variable: ",".join(variable.values),
    "pipe": lambda variable: "|".join(variable.values),
    "regex": regex,
    "glob": glob,
    "json": _json,
    "text": _text,
    "queryparam": _parameters,
    "percentencode": _percent,
    "singlequote": lambda variable: _literals(variable, lambda one: one.replace("'", "\\'")),
    "doublequote": lambda variable: _literals(variable, lambda one: one.replace('"', '\\"'), '"'),
    "sqlstring": lambda variable: _literals(variable, lambda one: one.replace("'", "''").replace('"', '\\"')),
}
"""Name of a format, as ``${name:FORMAT}`` names it → how it writes a variable. Another name writes as ``glob`` does."""
