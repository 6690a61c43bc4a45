"""A DNS record that is there before its preview makes one: its own, of which the state is lost, or somebody else's."""

from __future__ import annotations

import re

from components.record_args import comment_of
from operations.errors import EngineError
from operations.life.work import Work

# What Cloudflare says where a name has a record already: of another kind, or the same.
_EXISTS = re.compile(r"\b8105[3478]\b")


def remove_left_record(work: Work, error: EngineError) -> bool:
    """Make room for a preview's record where it has left one itself.

    Args:
        work: The deploy.
        error: What the engine said of an update.

    Returns:
        Whether there was one, so that the update is worth another try.

    Raises:
        EngineError: The name has a record that is somebody else's; says what to do.
        OperationError: Cloudflare cannot be asked, or refuses.
    """
    if "DnsRecord" not in error.failed or not _EXISTS.search(str(error)):
        return False
    base, name = work.machine.base, work.name
    host = name.host(base.domain)
    removed = work.machine.records.remove(host, comment=comment_of(name.branch))
    if not removed:
        raise EngineError(
            f"The name {host} has a DNS record already, and it is not one that a preview of {name.branch!r} has left "
            f"({error}): delete it in Cloudflare's zone {base.domain}, or rename the branch, and deploy again.",
            error.failed,
        ) from error
    work.told.note(f"removed {', '.join(removed)}, left by a preview whose state is lost")
    return True
