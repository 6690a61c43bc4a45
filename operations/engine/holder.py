"""A process that holds a stack, and whether it is known to be dead."""

from __future__ import annotations

import datetime as dt
import getpass
import os
import socket
from dataclasses import dataclass, replace
from pathlib import Path

from stacks.moments import text_of

ENGINE = "pulumi"
"""Operation of a holder that is the engine itself."""

_ENDED = "ZX"


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A process that works on a stack.

    Attributes:
        user: Who started it.
        host: Name of the machine it runs on, which others may share.
        pid: Its id there.
        since: RFC 3339 time at which it took the stack.
        operation: What it does: ``deploy``, ``destroy`` …; ``pulumi`` for the engine itself.
        boot: Id of the boot of its machine; empty where nobody noted it.
        namespace: Its namespace of process ids; empty where nobody noted it.
        started: Start of the process in ticks since that boot, which tells it from a later one with the same id.
    """

    user: str
    host: str
    pid: int
    since: str
    operation: str = ENGINE
    boot: str = ""
    namespace: str = ""
    started: str = ""

    def __str__(self) -> str:
        return f"{self.operation} by {self.user} on {self.host} (process {self.pid}) since {self.since}"

    @classmethod
    def this(cls, operation: str, pid: int = 0) -> Holder:
        """A process of this machine.

        Args:
            operation: What it does.
            pid: Its id; 0: this very process.
        """
        pid = pid or os.getpid()
        try:
            user = getpass.getuser()
        except (KeyError, OSError):
            # A container's user need not have a name.
            user = str(os.getuid())
        holder = cls(
            user=user,
            host=socket.gethostname(),
            pid=pid,
            since=text_of(dt.datetime.now(dt.UTC)),
            operation=operation,
        )
        return replace(holder, boot=_boot(), namespace=_namespace(), started=_state(pid)[1])

    @property
    def dead(self) -> bool:
        """Whether it is known to have ended; never of another boot or namespace, or where nobody noted them."""
        if not (self.boot and self.namespace and self.started):
            return False
        if (self.boot, self.namespace) != (_boot(), _namespace()):
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        state, started = _state(self.pid)
        # Its id may have been given to another process since. Where /proc hides it, nothing is known.
        return bool(started) and (started != self.started or state in _ENDED)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _state(pid: int) -> tuple[str, str]:
    """A process's state and start, as /proc has them; empty where it does not say."""
    try:
        # The name in the second field may hold blanks and brackets.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return "", ""
    return fields[0], fields[19]
