"""Makes previews and what GitLab shows of them agree: whoever has ended one of the two has ended both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from operations.engine.events import Reporting
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.errors import LockedError, NotFoundError, OperationError
from operations.life.labels import KEEP_LABEL, LABEL, START_LABEL, kept_after
from operations.review.client import GitLabError
from operations.review.settings import GitLab
from operations.upkeep.expiry import UNFINISHED_FOR, keep, moment, unkeep
from operations.upkeep.gitlab import Environment, Seen, look, stop
from operations.upkeep.settled import Settled
from stacks.names import NameRefusedError, PreviewName
from stacks.outputs import PreviewOutputs


def seen_by(gitlab: GitLab | None, branches: Collection[str]) -> tuple[Seen, list[Settled]]:
    """What GitLab knows; nothing where it cannot be asked, which keeps no preview from its end.

    Args:
        gitlab: The project; None: nobody is to be asked.
        branches: Branches that have a preview.

    Returns:
        That, and what is to be said of it.
    """
    if gitlab is None:
        return Seen(), []
    try:
        return look(gitlab, branches), []
    except GitLabError as error:
        return Seen(), [Settled(branch="", why="what GitLab knows", result="skipped", reason=str(error))]


def why_ended(seen: Seen, preview: PreviewOutputs, *, started_by_label: bool) -> str:
    """Why a preview has come to its end in the eyes of GitLab; empty where it has not.

    Args:
        seen: What GitLab knows.
        preview: What the preview's stack records.
        started_by_label: Whether a label starts previews.

    Raises:
        OperationError: A time in its state is none.
    """
    requests = seen.merge_requests.get(preview.branch, ())
    still_open = [one for one in requests if not one.ended]
    if not still_open:
        for one in requests:
            if _is_after(one.ended_at, preview.created_at):
                return f"its merge request was {one.ended}"
    elif started_by_label and preview.labelled and not any(START_LABEL in one.labels for one in still_open):
        return f"its merge request lost the label {START_LABEL}"
    for environment in seen.environments:
        stopped = environment.branch == preview.branch and not environment.available
        if stopped and _is_after(environment.changed_at, preview.deployed_at):
            return "its environment was stopped"
    return ""


def kept_by(seen: Seen, preview: PreviewOutputs) -> str:
    """What keeps a preview by the labels of its open merge requests, whether its stack records that yet or not.

    Args:
        seen: What GitLab knows.
        preview: What the preview's stack records.
    """
    still_open = [one for one in seen.merge_requests.get(preview.branch, ()) if not one.ended]
    labels = frozenset[str]().union(*(one.labels for one in still_open)) if still_open else None
    return kept_after(preview.kept, labels)


def _is_after(time: dt.datetime | None, text: str) -> bool:
    known = moment(text)
    return time is not None and known is not None and time > known


def settle_labels(
    engine: Engine, previews: Collection[Snapshot], seen: Seen, now: dt.datetime, told: Reporting, *, dry_run: bool
) -> list[Settled]:
    """Keep the previews whose merge request has the label for it, and no longer those that have kept by it alone.

    Args:
        engine: The engine.
        previews: States of the previews that stay.
        seen: What GitLab knows.
        now: The present.
        told: Who is told.
        dry_run: Only say which ones it would be.

    Returns:
        What became of each that had to change.
    """
    found = []
    for snapshot in previews:
        if (preview := snapshot.preview) and (row := _relabelled(engine, preview, seen, now, told, dry_run=dry_run)):
            found.append(row)
    return found


def _relabelled(
    engine: Engine, preview: PreviewOutputs, seen: Seen, now: dt.datetime, told: Reporting, *, dry_run: bool
) -> Settled | None:
    after = kept_by(seen, preview)
    if after == preview.kept:
        return None
    why = f"its merge request {'has' if after else 'lost'} the label {KEEP_LABEL}"
    if dry_run:
        return Settled(branch=preview.branch, why=why, result="due")
    try:
        if after:
            keep(engine, preview.branch, told, by=LABEL)
        else:
            unkeep(engine, preview.branch, now, told, by=LABEL)
    except LockedError as error:
        return Settled(branch=preview.branch, why=why, result="skipped", reason=str(error))
    except NotFoundError:
        return None
    except OperationError as error:
        return Settled(branch=preview.branch, why=why, result="failed", reason=str(error))
    return Settled(branch=preview.branch, why=why, result="kept" if after else "kept no longer")


def settle_environments(
    engine: Engine, states: Mapping[str, Snapshot], seen: Seen, gitlab: GitLab, now: dt.datetime, *, dry_run: bool
) -> list[Settled]:
    """Stop the environments that are available without a preview; a young one may be that of a deploy under way.

    Args:
        engine: The engine, which is asked what stacks there are by now.
        states: States of previews that could be read, by their stacks.
        seen: What GitLab knows.
        gitlab: The project.
        now: The present.
        dry_run: Only say which ones it would be.

    Returns:
        What became of each.
    """
    stacks = set(engine.stacks())
    found = []
    for environment in seen.environments:
        if not environment.available or now - environment.changed_at < UNFINISHED_FOR:
            continue
        if _has_preview(environment, stacks, states):
            continue
        row = {"branch": environment.branch, "why": "its environment is available, and there is no preview"}
        if dry_run:
            found.append(Settled(**row, result="due"))
            continue
        try:
            stop(gitlab, environment.number)
        except OperationError as error:
            found.append(Settled(**row, result="failed", reason=str(error)))
        else:
            found.append(Settled(**row, result="stopped"))
    return found


def _has_preview(environment: Environment, stacks: Collection[str], states: Mapping[str, Snapshot]) -> bool:
    try:
        stack = PreviewName(environment.branch).stack
    except NameRefusedError:
        return False
    known = states.get(stack)
    return stack in stacks and (known is None or known.owner in ("", environment.branch))
