"""Makes previews and what GitLab shows of them agree: whoever has ended one of the two has ended both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace

from operations.engine.events import Reporting
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.errors import LockedError, NotFoundError, OperationError
from operations.find import existing
from operations.life.destroy import DestroyRequest, destroy
from operations.life.labels import KEEP_LABEL, LABEL, START_LABEL, kept_after
from operations.review.client import GitLabError
from operations.review.settings import GitLab
from operations.upkeep.expiry import UNFINISHED_FOR, keep, moment, unkeep
from operations.upkeep.gitlab import Environment, Seen, look, stop
from operations.upkeep.settled import Settled, StaysError
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
    for preview in filter(None, (snapshot.preview for snapshot in previews)):
        if not (row := _relabelled(seen, preview)):
            continue
        try:
            found.append(row if dry_run else _relabel(engine, seen, preview, row, now, told))
        except LockedError as error:
            found.append(replace(row, result="skipped", reason=str(error)))
        except NotFoundError:
            continue
        except OperationError as error:
            found.append(replace(row, result="failed", reason=str(error)))
    return found


def _relabelled(seen: Seen, preview: PreviewOutputs) -> Settled | None:
    """What is due to a preview because of the label that keeps; None: nothing."""
    after = kept_by(seen, preview)
    if after == preview.kept:
        return None
    why = f"its merge request {'has' if after else 'lost'} the label {KEEP_LABEL}"
    return Settled(branch=preview.branch, why=why, result="due")


def _relabel(
    engine: Engine, seen: Seen, preview: PreviewOutputs, due: Settled, now: dt.datetime, told: Reporting
) -> Settled:
    if kept_by(seen, preview):
        keep(engine, preview.branch, told, by=LABEL)
        return replace(due, result="kept")
    unkeep(engine, preview.branch, now, told, by=LABEL)
    return replace(due, result="kept no longer")


def settle_branch(
    engine: Engine,
    branch: str,
    gitlab: GitLab,
    now: dt.datetime,
    told: Reporting,
    *,
    started_by_label: bool,
    dry_run: bool,
) -> Settled:
    """Destroy a branch's preview, keep it, or keep it no longer, by what GitLab knows and the rules of the clean-up.

    Args:
        engine: The engine.
        branch: The branch, of whose merge requests one has changed.
        gitlab: The project.
        now: The present.
        told: Who is told how it goes.
        started_by_label: Whether a label starts previews.
        dry_run: Only say what would be done.

    Returns:
        What became of it: ``destroyed``, ``kept``, ``kept no longer``, ``nothing to do``, or ``due`` in a dry run.

    Raises:
        NotFoundError: There is no such preview.
        GitLabError: GitLab cannot be asked; nothing was done.
        LockedError: Another operation held the preview for the whole wait.
        OperationError: It could not be done; it can be run again.
    """

    def still_ended(snapshot: Snapshot) -> None:
        # A merge request may have been opened again while another operation was waited for.
        seen, preview = look(gitlab, [branch]), snapshot.preview
        if (
            preview is None
            or preview.branch != branch
            or not why_ended(seen, preview, started_by_label=started_by_label)
        ):
            raise StaysError("it was removed, or what ended it was taken back, meanwhile")

    seen, found = look(gitlab, [branch]), existing(engine, branch)
    if why := why_ended(seen, found.outputs, started_by_label=started_by_label):
        row = Settled(branch=branch, why=why, result="due")
        if dry_run:
            return row
        base = found.outputs.base
        request = DestroyRequest(stack=found.name.stack, base=base, branch=branch, require=still_ended, why=why)
        destroy(engine, request, told)
        return replace(row, result="destroyed")
    if label := _relabelled(seen, found.outputs):
        return label if dry_run else _relabel(engine, seen, found.outputs, label, now, told)
    return Settled(branch=branch, why="what GitLab knows neither ends nor keeps it", result="nothing to do")


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
