"""A branch's monitoring configuration: which files count, what is wrong with them, and what a preview makes of them.

The layout is that of the PostgresAI monitoring repository. What a branch lacks comes from this project's own
configuration. What names a database of the preview gets the preview's own credentials: passwords are generated for each
preview, so none that a repository has could work.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import yaml

from components.services import CONFIG_MOUNT, SECRETS_MOUNT

DATASOURCES = "grafana/provisioning/datasources"
PROVIDERS = "grafana/provisioning/dashboards"
DASHBOARDS = "grafana/dashboards"
SCRAPE = "prometheus/prometheus.yml"
METRICS = "pgwatch-prometheus/metrics.yml"
SOURCES = "pgwatch-prometheus/sources.yml"
_PGWATCH = "pgwatch-prometheus"
_PARTS = (DATASOURCES, PROVIDERS, DASHBOARDS, SCRAPE, METRICS, SOURCES)
_YAML = (".yml", ".yaml")


class ConfigurationError(Exception):
    """A branch's configuration cannot be used; the message names every fault, with file and line."""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What a preview runs with.

    Attributes:
        files: Path below the configuration directory → file to copy, or text that takes its place.
        notes: What was taken from elsewhere or changed, in words.
    """

    files: Mapping[str, Path | str]
    notes: tuple[str, ...]

    def write(self, destination: Path) -> None:
        """Put the files into a directory; what was there goes."""
        shutil.rmtree(destination, ignore_errors=True)
        for name, content in self.files.items():
            path = destination / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, path)
            else:
                path.write_text(content, encoding="utf-8")


def gather(branch: Path, default: Path) -> Configuration:
    """Read and check a branch's configuration directory.

    Args:
        branch: The directory; what it has beside the layout is left out.
        default: Where what it lacks comes from.

    Raises:
        ConfigurationError: A file cannot be used, or the directory does not exist.
    """
    if not branch.is_dir():
        raise ConfigurationError(f"The configuration directory {branch} does not exist: give one that does.")
    found: dict[str, Path] = {}
    notes: list[str] = []
    for part in _PARTS:
        own = list(_files(branch, part))
        if not own:
            notes.append(f"{part}: not in {branch}, taken from the default configuration")
        found.update({name: (branch if own else default) / name for name in own or _files(default, part)})
    if len(notes) == len(_PARTS):
        raise ConfigurationError(
            f"The configuration directory {branch} has nothing of the layout ({', '.join(_PARTS)}): give another one, "
            "or leave --config-dir away to use this project's own."
        )
    parsed = _parsed(found)
    files: dict[str, Path | str] = dict(found)
    changes: tuple[tuple[str, Callable[[Any], Any]], ...] = (
        (DATASOURCES, _with_own_password),
        (PROVIDERS, _with_mounted_path),
        (SOURCES, _with_own_user),
    )
    for part, change in changes:
        for name, content in parsed.items():
            if (name == part or name.startswith(f"{part}/")) and (changed := change(content)) is not None:
                files[name] = yaml.safe_dump(changed, sort_keys=False)
                notes.append(f"{name}: given the preview's own credentials and paths")
    _merge_metrics(files, parsed, notes)
    return Configuration(files=files, notes=tuple(notes))


def home_of(directory: Path) -> str:
    """The dashboard that opens first, relative to the configuration directory: the one of activity, else the first."""
    names = [path.relative_to(directory).as_posix() for path in sorted((directory / DASHBOARDS).rglob("*.json"))]
    return min(names, key=lambda name: (not name.endswith("/activity.json"), name))


def _files(directory: Path, part: str) -> Iterator[str]:
    """Names of the files of a part of the layout that a directory has."""
    if part == METRICS:
        # Several files are as good as one.
        for path in sorted((directory / _PGWATCH).glob("*")):
            if path.suffix in _YAML and path.stem != Path(SOURCES).stem:
                yield path.relative_to(directory).as_posix()
        return
    wanted = (".json",) if part == DASHBOARDS else _YAML
    found = directory / part
    for path in [found] if found.is_file() else sorted(found.rglob("*")):
        if path.is_file() and path.suffix in wanted:
            yield path.relative_to(directory).as_posix()


def _parsed(found: Mapping[str, Path]) -> dict[str, Any]:
    parsed: dict[str, Any] = {}
    faults: list[str] = []
    for name, path in found.items():
        try:
            text = path.read_text(encoding="utf-8")
            parsed[name] = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        except json.JSONDecodeError as error:
            faults.append(f"{path}, line {error.lineno}: not valid JSON ({error.msg}).")
        except yaml.MarkedYAMLError as error:
            line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
            faults.append(f"{path}{line}: not valid YAML ({error.problem}).")
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            faults.append(f"{path}: not valid text ({str(error).splitlines()[0]}).")
        else:
            faults += _shape_faults(name, path, parsed[name])
    if faults:
        raise ConfigurationError("\n".join(faults))
    return parsed


def _shape_faults(name: str, path: Path, content: Any) -> list[str]:
    if name == SOURCES:
        fits = isinstance(content, list) and all(isinstance(row, dict) and row.get("conn_str") for row in content)
        return [] if fits else [f"{path}: must be a list of sources, each with a conn_str."]
    if not isinstance(content, dict):
        return [f"{path}: must be a mapping, not {type(content).__name__}."]
    if name.startswith(f"{DASHBOARDS}/") and not content.get("title"):
        return [f"{path}: a dashboard must have a title."]
    return []


def _with_own_password(content: Any) -> Any:
    """Data sources of the sink's database log in as the preview's reader; None where none is of it."""
    rows = [row for row in content.get("datasources") or [] if "sink-postgres" in str(row.get("url", ""))]
    password = f"$__file{{{SECRETS_MOUNT}/sink_grafana}}"
    changed = False
    for row in rows:
        secure = row.get("secureJsonData") or {}
        if (row.get("user"), secure.get("password")) != ("grafana", password):
            row.update(user="grafana", secureJsonData={**secure, "password": password})
            changed = True
    return content if changed else None


def _with_mounted_path(content: Any) -> Any:
    """Dashboards are where the preview mounts them; None where the file says so."""
    mounted = f"{CONFIG_MOUNT}/{DASHBOARDS}"
    options = [row.setdefault("options", {}) for row in content.get("providers") or []]
    if all(str(one.get("path", "")).startswith(mounted) for one in options):
        return None
    for one in options:
        one["path"] = mounted
    return content


def _with_own_user(content: Any) -> Any:
    """The target is monitored as the preview's own role, whose password is in a file; None where it is."""
    changed = False
    for row in content:
        parts = urlsplit(str(row["conn_str"]))
        own = f"pgwatch@{parts.hostname}:{parts.port or 5432}"
        if parts.hostname == "target-db" and parts.netloc != own:
            row["conn_str"] = urlunsplit(parts._replace(netloc=own))
            changed = True
    return content if changed else None


def _merge_metrics(files: dict[str, Path | str], parsed: Mapping[str, Any], notes: list[str]) -> None:
    """Several metrics files become the one that pgwatch is started with; presets that sources name must be there."""
    names = [name for name in files if Path(name).parent.as_posix() == _PGWATCH and name != SOURCES]
    merged: dict[str, dict[str, Any]] = {"metrics": {}, "presets": {}}
    origin: dict[tuple[str, str], str] = {}
    for name in names:
        for section, entries in merged.items():
            for key, value in (parsed[name].get(section) or {}).items():
                other = origin.setdefault((section, key), name)
                if other != name:
                    raise ConfigurationError(f"{name} and {other} both define {key!r} in {section}: keep one of them.")
                entries[key] = value
    if names != [METRICS]:
        for name in names:
            del files[name]
        files[METRICS] = yaml.safe_dump(merged, sort_keys=False)
        notes.append(f"{METRICS}: made of {', '.join(names)}")
    for row in parsed[SOURCES]:
        preset = row.get("preset_metrics")
        if preset and preset not in merged["presets"]:
            raise ConfigurationError(
                f"{SOURCES} monitors {row.get('name')!r} with the preset {preset!r}, which {METRICS} does not have: "
                f"add a {SOURCES} of the branch that names one of {', '.join(merged['presets']) or '(none)'}."
            )
