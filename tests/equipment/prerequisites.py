"""Programs that the tests drive for real, installed where they are missing.

Run by ``make test`` after set-up: PostgreSQL's server for the workload and the stand-ins, Chromium for the pages, npm
for axe-core, which looks at them, and for gitlab-ci-local, which runs the jobs of ``.gitlab-ci.yml`` and needs rsync.
As root on Debian or Ubuntu they come from the distribution; elsewhere one sentence says what to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.equipment.axe import install as axe
from tests.equipment.gitlab import install as gitlab_ci_local
from tests.equipment.gitlab import packages

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def postgres_bin() -> Path | None:
    """Directory of PostgreSQL 15's server programs."""
    found = Path("/usr/lib/postgresql/15/bin")
    return found if (found / "postgres").exists() else None


def browser() -> str | None:
    """A Chromium on PATH."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


REQUIRED: dict[str, tuple[Callable[[], object], list[str]]] = {
    "PostgreSQL 15": (postgres_bin, ["postgresql-15"]),
    "Chromium": (browser, ["chromium"]),
    "certutil": (lambda: shutil.which("certutil"), ["libnss3-tools"]),
    "iproute2": (lambda: shutil.which("ip"), ["iproute2"]),
    "OpenSSH": (
        lambda: Path("/usr/sbin/sshd").exists() and shutil.which("ssh-agent"),
        ["openssh-server", "openssh-client"],
    ),
    "OpenSSL": (lambda: shutil.which("openssl"), ["openssl"]),
    "Git": (lambda: shutil.which("git"), ["git"]),
    "rsync": (lambda: shutil.which("rsync"), ["rsync"]),
    "npm": (lambda: (gitlab_ci_local.command() and axe.script()) or shutil.which("npm"), ["npm"]),
}


def main() -> int:
    """Install what is missing.

    Returns:
        Exit code: 0 when everything is there.
    """
    missing = {name: several for name, (find, several) in REQUIRED.items() if not find()}
    if missing and (os.geteuid() != 0 or not shutil.which("apt-get")):
        print(f"Error: the tests need {', '.join(missing)}: install it and run make test again.", file=sys.stderr)
        return 1
    names = [
        *missing,
        *([] if gitlab_ci_local.command() else ["gitlab-ci-local"]),
        *([] if axe.script() else ["axe-core"]),
        *([] if packages.there() else ["Python packages for jobs"]),
    ]
    if not names:
        return 0
    started = time.monotonic()
    print(f"Test prerequisites: installing {', '.join(names)}", file=sys.stderr)
    try:
        if missing:
            _install_packages([package for several in missing.values() for package in several])
        gitlab_ci_local.install()
        axe.install()
        packages.download()
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"Error: {error}.", file=sys.stderr)
        return 1
    print(f"Test prerequisites: done in {time.monotonic() - started:.0f} s", file=sys.stderr)
    return 0


def _install_packages(names: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *names]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise OSError(f"{' '.join(command[:2])} failed ({''.join(reason)})")


if __name__ == "__main__":
    sys.exit(main())
