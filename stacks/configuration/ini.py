"""Grafana's settings: a branch's are honoured, save those that a preview decides itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from components.services import GRAFANA
from stacks.configuration.faults import UnusableError
from stacks.configuration.texts import without_mark

# Where it listens and what it writes to are the container's, and who may come in is the preview's.
_OWN_SECTIONS = (
    "server", "paths", "database", "remote_cache", "log", "log.console", "log.file", "plugins", "analytics",
    "auth.anonymous", "auth.proxy", "auth.jwt", "auth.basic",
)  # fmt: skip
_OWN_KEYS = (
    "security.admin_email",
    "security.disable_initial_admin_creation",
    "security.secret_key",
    "users.allow_org_create",
)

_QUOTES = "\"`'"
_SECTION = re.compile(r"\[([^\]]+)\]\s*([#;].*)?")


def settings_of(text: str) -> Mapping[str, str]:
    """Section and key with a dot between → value.

    Raises:
        UnusableError: Grafana would not read it.
    """
    return {setting: value for setting, value, _ in _settings(text) if setting}


def without_own(text: str) -> tuple[str, tuple[str, ...]]:
    """The text without what a preview decides itself, and the names of that.

    Raises:
        UnusableError: Grafana would not read it.
    """
    left_out: list[str] = []
    kept: list[str] = []
    for setting, _, lines in _settings(text):
        if setting and _is_own(setting):
            left_out.append(setting)
        else:
            kept += lines
    return ("\n".join(kept), tuple(left_out)) if left_out else (text, ())


def _is_own(setting: str) -> bool:
    section, _, _key = setting.rpartition(".")
    variable = "GF_" + re.sub(r"[.-]", "_", setting).upper()
    ours = {name.removesuffix("__FILE") for name in {**GRAFANA.environment, **GRAFANA.preview_environment}}
    return section in _OWN_SECTIONS or setting in _OWN_KEYS or variable in ours


def _settings(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Each setting with its value and its lines; other lines with neither."""
    section = "DEFAULT"
    lines = iter(enumerate(without_mark(text).split("\n"), start=1))
    for number, line in lines:
        bare = line.strip()
        if not bare or bare.startswith(("#", ";")):
            yield "", "", [line]
        elif found := _SECTION.fullmatch(bare):
            section = found[1].strip()
            yield "", "", [line]
        elif sign := re.search("[=:]", bare):
            key, values = bare[: sign.start()].strip(), [bare[sign.end() :].strip()]
            taken = [line]
            end = next((mark for mark in ('"""', "`") if values[0].startswith(mark)), None)
            open_ = values[0].count(end) == 1 if end else values[0].endswith("\\")
            # A value may go on in the lines that follow.
            while open_:
                _, more = next(lines, (0, None))
                if more is None and end:
                    raise UnusableError("not valid settings (a value does not end).", number)
                if more is None:
                    break
                taken.append(more)
                values.append(more)
                open_ = end not in more if end else more.strip().endswith("\\")
            yield f"{section}.{key.strip(_QUOTES)}", "\n".join(values).strip(_QUOTES), taken
        else:
            raise UnusableError("not valid settings (neither a [section] nor key = value).", number)
