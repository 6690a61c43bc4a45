"""Network namespaces of this machine, as machines on one switch; there is no way out of them."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from toolchain.report import SetupError

_LONGEST_PREFIX = 8  # a network link's name has 15 characters at most


@dataclass(frozen=True, kw_only=True)
class LocalNetwork:
    """Namespaces with a cable each to a bridge in one more, and one cable from there to this machine.

    Attributes:
        prefix: In the name of everything that is made; at most 8 characters.
    """

    prefix: str

    def __post_init__(self) -> None:
        assert len(self.prefix) <= _LONGEST_PREFIX, self.prefix

    def namespace(self, number: int) -> str:
        """Name of a namespace; they are counted from 1."""
        return f"{self.prefix}-{number}"

    def link(self, number: int) -> str:
        """Name of its end of the cable, inside the namespace."""
        return f"{self.prefix}-n{number}"

    def address(self, number: int) -> str:
        """Its IPv4 address, which this machine reaches."""
        # Networks beside each other need different ones.
        return f"10.200.{zlib.crc32(self.prefix.encode()) % 250}.{number}"

    @property
    def _switch(self) -> str:
        return self.namespace(0)

    def connect(self, size: int) -> None:
        """Make what is not there of so many namespaces.

        Raises:
            SetupError: The kernel refuses.
        """
        there = {line.split()[0] for line in run("ip", "netns", "list").splitlines() if line.strip()}
        if self._switch not in there:
            # In a namespace of its own: this machine's packet filter would take the frames for its own.
            run("ip", "netns", "add", self._switch)
            run("ip", "-n", self._switch, "link", "add", "switch", "type", "bridge")
            run("ip", "-n", self._switch, "link", "set", "switch", "up")
            self._plug(f"{self.prefix}-h", [], self.address(254))
        for number in range(1, size + 1):
            if (namespace := self.namespace(number)) not in there:
                run("ip", "netns", "add", namespace)
                run("ip", "-n", namespace, "link", "set", "lo", "up")
                self._plug(self.link(number), ["-n", namespace], self.address(number))

    def disconnect(self, size: int) -> None:
        """Remove so many namespaces, also of a network that is half there."""
        for number in range(size, -1, -1):
            with contextlib.suppress(SetupError):
                run("ip", "netns", "delete", self.namespace(number))

    def _plug(self, link: str, within: Sequence[str], address: str) -> None:
        port = f"{link}p"
        run("ip", *within, "link", "add", link, "type", "veth", "peer", "name", port, "netns", self._switch)
        run("ip", *within, "address", "add", f"{address}/24", "dev", link)
        run("ip", *within, "link", "set", link, "up")
        run("ip", "-n", self._switch, "link", "set", port, "master", "switch", "up")


def require_namespaces() -> None:
    """Refuse where network namespaces cannot be made.

    Raises:
        SetupError: This is not Linux, the user is not root, or a program is missing.
    """
    if platform.system() != "Linux" or os.geteuid() != 0:
        raise SetupError(
            "Several Docker engines on one machine need Linux and root, whose network namespaces keep them apart: run "
            "this as root, or use one engine."
        )
    if missing := [program for program in ("ip", "nsenter", "unshare") if not shutil.which(program)]:
        raise SetupError(f"{', '.join(missing)} cannot be found: install the packages iproute2 and util-linux.")


def run(*argv: str) -> str:
    """Standard output of a program that has to succeed.

    Raises:
        SetupError: It failed; says how.
    """
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(f"{' '.join(argv[:4])} … failed: {done.stderr.strip() or f'exit code {done.returncode}'}.")
    return done.stdout
