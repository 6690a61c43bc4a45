"""Pictures of the dashboards of two previews side by side: shows what is new, gone or different, and judges nothing."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from operations.verify.answers import one_line, text
from operations.verify.differences import differences
from operations.verify.pictures import Drawn, Span

INDEX, DATA = "index.md", "index.json"
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A dashboard of one preview or both.

    Attributes:
        uid: Its id in Grafana.
        title: Its title; the newer where they differ.
        state: What became of it.
        before: Its picture in the preview that is compared with; None where there is none.
        after: Its picture in the preview.
        words: In what it differs, a clause each.
    """

    uid: str
    title: str
    state: Literal["new", "gone", "different", "the same"]
    before: Path | None
    after: Path | None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The dashboards of two previews at one range of time.

    Attributes:
        branch: Branch of the preview.
        against: Branch of the one that it is compared with.
        start: Start of the range.
        end: Its end.
        directory: Directory with the pictures and an index of them, for people and for programs.
        pairs: The dashboards, those that differ first.
    """

    branch: str
    against: str
    start: dt.datetime
    end: dt.datetime
    directory: Path
    pairs: tuple[Pair, ...]

    @property
    def differing(self) -> list[Pair]:
        """The dashboards that are not the same."""
        return [pair for pair in self.pairs if pair.state != "the same"]

    def __str__(self) -> str:
        named = "; ".join(f"{pair.title} is {pair.state}" for pair in self.differing)
        return f"{len(self.differing)} of {len(self.pairs)} differ from {self.against}{f': {named}' if named else ''}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON; pictures are named from the directory."""
        return {
            "branch": self.branch,
            "against": self.against,
            "start": self.start.isoformat(timespec="seconds"),
            "end": self.end.isoformat(timespec="seconds"),
            "directory": str(self.directory),
            "pairs": [
                {**asdict(pair), "before": self._relative(pair.before), "after": self._relative(pair.after)}
                for pair in self.pairs
            ],
        }

    def _relative(self, picture: Path | None) -> str | None:
        return picture.relative_to(self.directory).as_posix() if picture else None

    def write_index(self) -> None:
        """Put an index beside the pictures."""
        (self.directory / DATA).write_text(json.dumps(self.as_dict(), indent=2), encoding="utf-8")
        (self.directory / INDEX).write_text("\n".join(self._markdown()), encoding="utf-8")

    def _markdown(self) -> Iterator[str]:
        yield f"# Dashboards of {escaped(self.branch)}, compared with {escaped(self.against)}\n"
        yield f"From {self.start:%Y-%m-%d %H:%M:%S} to {self.end:%H:%M:%S} UTC.\n"
        for pair in self.pairs:
            yield f"## {escaped(pair.title)}: {pair.state}\n"
            if pair.words:
                yield "\n".join(f"- {escaped(word)}" for word in pair.words) + "\n"
            yield "| before | after |\n| --- | --- |"
            pictures = {"before": self._relative(pair.before), "after": self._relative(pair.after)}
            cells = (f"![{which}]({path})" if path else "–" for which, path in pictures.items())
            yield f"| {' | '.join(cells)} |\n"


def compared(before: Drawn, after: Drawn, directory: Path, span: Span) -> Comparison:
    """Pair the dashboards of two previews by their id.

    Args:
        before: Dashboards of the preview that is compared with.
        after: Dashboards of the preview.
        directory: Directory that the pictures of both are in.
        span: Range of time that they show.
    """
    new, old = _by_uid(after), _by_uid(before)
    pairs = [
        _pair(uid, old.get(uid), new.get(uid), before.pictures.get(uid), after.pictures.get(uid))
        for uid in dict.fromkeys([*new, *old])
    ]
    return Comparison(
        branch=after.branch,
        against=before.branch,
        start=span[0],
        end=span[1],
        directory=directory,
        pairs=tuple(sorted(pairs, key=lambda pair: pair.state == "the same")),
    )


def _pair(
    uid: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, before: Path | None, after: Path | None
) -> Pair:
    words = differences(old, new) if old and new else ()
    state: Literal["new", "gone", "different", "the same"] = (
        "new" if not old else "gone" if not new else "different" if words else "the same"
    )
    title = one_line(text((new or old or {}).get("title"))) or uid
    return Pair(uid=uid, title=title, state=state, before=before, after=after, words=words)


def _by_uid(drawn: Drawn) -> dict[str, Mapping[str, Any]]:
    return {str(dashboard["uid"]): dashboard for dashboard in drawn.dashboards}


def escaped(value: str) -> str:
    """Text of somebody's as Markdown that shows it and does nothing else."""
    return _PUNCTUATION.sub(r"\\\1", one_line(value))
