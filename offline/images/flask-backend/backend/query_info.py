"""Query texts as the metric pgwatch_query_info in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Mapping

from backend.shorten import cut, summarise

# Label -> length of the text in it.
SUMMARIES = {"displayname": 30, "displayname_medium": 60, "displayname_long": 100}
CUTS = {"displayname_raw_short": 30, "displayname_raw_medium": 60, "displayname_raw_long": 100}
FULL_LENGTH = 500  # what a label can reasonably hold


def exposition(texts: Mapping[str, str]) -> str:
    """One sample a statement, value 1, its texts of several lengths as labels; each begins with the identifier."""
    lines = [
        "# HELP pgwatch_query_info Query ID to display name mapping for chart legends",
        "# TYPE pgwatch_query_info gauge",
    ]
    for queryid, query in texts.items():
        labels = {"queryid": queryid}
        labels |= {name: _named(queryid, summarise(query, length)) for name, length in SUMMARIES.items()}
        labels |= {name: _named(queryid, cut(query, length)) for name, length in CUTS.items()}
        labels["displayname_full"] = _named(queryid, " ".join(query.split())[:FULL_LENGTH])
        labels["displayname_queryid"] = queryid
        rendered = ",".join(f'{name}="{_escape(text)}"' for name, text in labels.items())
        lines.append(f"pgwatch_query_info{{{rendered}}} 1")
    return "\n".join(lines) + "\n"


def _named(queryid: str, text: str) -> str:
    return f"{queryid} | {text}" if text else queryid


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
