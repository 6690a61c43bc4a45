"""What VictoriaMetrics scrapes.

While it runs it ignores a file that it cannot use, and then ends at its next start; a job that it cannot use it leaves
out and says so in its log alone. So all of that is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field

from stacks.configuration.documents import Document
from stacks.configuration.faults import Fault, UnusableError
from stacks.configuration.hosts import is_out_of_reach
from stacks.configuration.values import Duration, Flag, Named, Scheme, Whole

_VARIABLE = re.compile(r"%\{[a-zA-Z_][a-zA-Z0-9_.]{0,100}\}")


class _Static(BaseModel):
    targets: list[Named] | None = None
    labels: dict[str, str | None] | None = None


class _Relabel(BaseModel):
    source_labels: list[str] | None = None
    separator: str | None = None
    target_label: str | None = None
    replacement: str | None = None
    action: str | None = None


class _Job(BaseModel):
    job_name: Named
    scrape_interval: Duration | None = None
    scrape_timeout: Duration | None = None
    scrape_align_interval: Duration | None = None
    scrape_offset: Duration | None = None
    metrics_path: str | None = None
    scheme: Scheme | None = None
    params: dict[str, list[str | None] | None] | None = None
    honor_labels: Flag | None = None
    honor_timestamps: Flag | None = None
    no_stale_markers: Flag | None = None
    follow_redirects: Flag | None = None
    disable_compression: Flag | None = None
    disable_keepalive: Flag | None = None
    stream_parse: Flag | None = None
    sample_limit: Whole | None = None
    series_limit: Whole | None = None
    label_limit: Whole | None = None
    basic_auth: dict[str, Any] | None = None
    authorization: dict[str, Any] | None = None
    oauth2: dict[str, Any] | None = None
    tls_config: dict[str, Any] | None = None
    headers: list[str] | None = None
    static_configs: list[_Static] | None = None
    relabel_configs: list[_Relabel] | None = None
    metric_relabel_configs: list[_Relabel] | None = None


class _Global(BaseModel):
    scrape_interval: Duration | None = None
    scrape_timeout: Duration | None = None
    label_limit: Whole | None = None
    external_labels: dict[str, str | None] | None = None
    relabel_configs: list[_Relabel] | None = None
    metric_relabel_configs: list[_Relabel] | None = None


class _File(BaseModel):
    global_: _Global | None = Field(None, alias="global")
    scrape_configs: list[_Job] | None = None
    scrape_config_files: list[str] | None = None


def require_no_variables(text: str) -> None:
    """VictoriaMetrics ends at a start where a variable of its environment is named and not there.

    Raises:
        UnusableError: The file names one.
    """
    if found := _VARIABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise UnusableError(f"{found[0]} names a variable, and a preview's VictoriaMetrics has none.", line)


def unreachable(document: Document) -> Iterator[str]:
    """Targets that a preview does not have, in words."""
    jobs = (document.data or {}).get("scrape_configs") or []
    targets = [target for job in jobs for one in job.get("static_configs") or [] for target in one.get("targets") or []]
    if missing := [target for target in targets if is_out_of_reach(target)]:
        yield f"{document.name}: a preview does not have {', '.join(missing)}"


def scrape_faults(document: Document) -> list[Fault]:
    """Why VictoriaMetrics would not start with this file, or leave out a job of it."""
    if shape := document.shape_faults(_File):
        return shape
    faults: list[Fault] = []
    names: set[str] = set()
    for index, job in enumerate((document.data or {}).get("scrape_configs") or []):
        if job["job_name"] in names:
            reason = f"has the job_name {job['job_name']!r} twice: VictoriaMetrics would not start with it."
            faults.append(document.fault(reason, "scrape_configs", index, "job_name"))
        names.add(job["job_name"])
        for key, value in job.items():
            if key.endswith("_sd_configs") and not (
                value is None or (isinstance(value, list) and all(isinstance(row, dict) for row in value))
            ):
                faults.append(document.fault(f"{key} must be a list of mappings.", "scrape_configs", index, key))
    return faults
