"""A branch's configuration directory becomes what a preview runs with."""

from __future__ import annotations

from pathlib import Path

from stacks.configuration import datasources, scrape
from stacks.configuration.dashboards import uid_faults
from stacks.configuration.documents import Document, document_of, written
from stacks.configuration.faults import ConfigurationError, refuse
from stacks.configuration.layout import (
    DATASOURCES,
    METRICS,
    PARTS,
    PROVIDERS,
    SCRAPE,
    SOURCES,
    Tree,
    look,
    part_of,
)
from stacks.configuration.metrics import LONGEST_INTERVAL_SECONDS, merged, metric_faults
from stacks.configuration.providers import mount, provider_faults
from stacks.configuration.reading import Found, read
from stacks.configuration.result import Configuration
from stacks.configuration.sources import give_credentials, made, preset_faults, source_faults

_GIVEN = "given the preview's own credentials and paths"
_MOST_NAMES = 20


def gather(branch: Path, default: Path) -> Configuration:
    """Read and check a branch's configuration directory.

    Args:
        branch: The directory; what it has beside the layout is left out.
        default: Where what it lacks comes from.

    Raises:
        ConfigurationError: A file cannot be used, or the directory does not exist.
    """
    tree = look(branch)
    refuse(list(tree.faults))
    if not tree.files:
        raise ConfigurationError(
            f"The configuration directory {branch} has nothing of the layout ({', '.join(PARTS)}): give another one, "
            "or leave --config-dir away to use this project's own."
        )
    found = read(tree, look(default))
    refuse(
        [
            *found.faults,
            *datasources.datasource_faults(found.all(DATASOURCES)),
            *provider_faults(found.all(PROVIDERS)),
            *metric_faults(found.all(METRICS)),
            *(fault for document in found.all(SCRAPE) for fault in scrape.scrape_faults(document)),
            *(fault for document in found.all(SOURCES) for fault in source_faults(document)),
        ]
    )
    _settle_datasources(found)
    _settle_dashboards(found)
    found.notes += [note for document in found.all(SCRAPE) for note in scrape.unreachable(document)]
    _settle_pgwatch(found)
    _name_unused(found, tree)
    refuse(found.faults)
    return Configuration(files=found.files, notes=tuple(found.notes))


def _settle_datasources(found: Found) -> None:
    for document in found.all(DATASOURCES):
        found.notes += datasources.unreachable(document)
        if datasources.with_own_credentials(document):
            _rewrite(found, document)


def _settle_dashboards(found: Found) -> None:
    shown = mount(found.all(PROVIDERS), [one.name for one in found.dashboards])
    for document in shown.changed:
        _rewrite(found, document)
    found.faults += shown.faults + uid_faults([one for one in found.dashboards if shown.has(one.name)], shown.uids)
    if not shown.faults and not any(shown.has(one.name) for one in found.dashboards):
        found.faults += [document.fault("shows none of the dashboards.") for document in found.all(PROVIDERS)]
    hidden = [one.name for one in found.dashboards if not shown.has(one.name)]
    if hidden:
        found.notes.append(f"no provider shows, so left out: {_listed(hidden)}")
        found.files = {name: content for name, content in found.files.items() if name not in hidden}


def _settle_pgwatch(found: Found) -> None:
    documents = list(found.all(METRICS))
    metrics = merged(documents)
    found.faults += metrics.faults
    found.notes += [f"{METRICS}: {note}" for note in (*metrics.notes, *metrics.unknown())]
    names = [document.name for document in documents]
    if metrics.hastened:
        longest = f"collected every {LONGEST_INTERVAL_SECONDS} s, since a preview is young"
        found.notes.append(f"{METRICS}: {longest}: {_listed(sorted(metrics.hastened))}")
    if names != [METRICS] or metrics.hastened:
        found.files = {name: content for name, content in found.files.items() if name not in names}
        found.files[METRICS] = metrics.text()
        if names != [METRICS]:
            found.notes.append(f"{METRICS}: made of {', '.join(names)}")
    if SOURCES in found.defaulted and METRICS not in found.defaulted:
        # The default's sources name a preset of the default's metrics.
        text = made(metrics)
        found.files[SOURCES] = text
        found.documents[SOURCES] = [document_of(SOURCES, SOURCES, text, "pgwatch")]
        found.notes = [note for note in found.notes if not note.startswith(f"{SOURCES}: not in ")]
        found.notes.append(f"{SOURCES}: not in the directory, so made: monitors the preview's target")
    for document in found.all(SOURCES):
        changed, notes = give_credentials(document)
        found.notes += notes
        found.faults += preset_faults(document, metrics.presets)
        if changed:
            _rewrite(found, document, SOURCES)


def _rewrite(found: Found, document: Document, name: str | None = None) -> None:
    assert document.root is not None
    found.files[name or document.name] = written(document.root)
    found.notes.append(f"{name or document.name}: {_GIVEN}")


def _name_unused(found: Found, tree: Tree) -> None:
    unused = [*tree.beside, *(name for name in tree.files if part_of(name) is None)]
    if unused:
        found.notes.append(f"not used by a preview, left out: {_listed(unused)}")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
