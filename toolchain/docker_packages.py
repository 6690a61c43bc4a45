"""Docker's engine and client where they are missing: Docker's own packages, else built from the same sources."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stacks.paths import Paths
from toolchain import debian, golang
from toolchain.context import Context, Step
from toolchain.process import output_of, run_logged
from toolchain.report import How
from toolchain.stamps import Stamp, fingerprint
from toolchain.versions import DOCKER, DOCKER_CLIENT, DOCKER_LEAST, at_least

SITE = "https://download.docker.com"
"""Where Docker's own packages come from."""

BUILT_LABEL = "pgai.built-from-source=true"
"""Label of an engine that was built here; the engine tells it to everybody who asks."""

IMAGE_STORE = ("--storage-driver", "overlay2", "--feature", "containerd-snapshotter=false")
"""As on production's machines (``components/cloud_init.py``)."""

_FROM_DOCKER = ("docker-ce", "docker-ce-cli", "containerd.io", "iptables")
_CLIENT_FROM_DOCKER = ("docker-ce-cli",)
_BESIDE_BUILT = ("containerd", "runc", "tini", "iptables")  # packages, and the programs in them
_INIT = "/usr/bin/tini"  # the package's; Docker's own docker-init is the same program
_APT = Path("/etc/apt")
_SYSTEMD = Path("/run/systemd/system")  # there when systemd runs
_MOBY = "github.com/moby/moby/v2"
_CLI = "github.com/docker/cli"


@dataclass(frozen=True, kw_only=True)
class Daemon:
    """An engine that is installed and not yet started."""

    path: Path
    how: How


def daemon(context: Context, step: Step) -> Daemon:
    """Make sure of an engine that is new enough to be started.

    Raises:
        SetupError: It can neither be installed nor built.
    """
    found = shutil.which("dockerd")
    if found and at_least(version_of(found), DOCKER_LEAST):
        return Daemon(path=Path(found), how="found")
    if _from_docker(context, step, _FROM_DOCKER):
        return Daemon(path=Path("dockerd"), how="downloaded")
    context.may_build(step.name)
    if not all(map(shutil.which, _BESIDE_BUILT)):
        debian.install(context, step, _BESIDE_BUILT, what="Installing containerd", log="docker-install")
    packages = {name: f"{_MOBY}/cmd/{name}" for name in ("docker-proxy", "dockerd")}
    built = _built(context, step, packages, ((f"{_MOBY}/dockerversion.Version", DOCKER),))
    return Daemon(path=built / "dockerd", how="built from source")


def start(context: Context, engine: Daemon, *, log: Path, deadline: float) -> None:
    """Start an engine.

    Args:
        context: Of the run.
        engine: Which.
        log: File for what it says, where no init system looks after it.
        deadline: Seconds that an init system may take.

    Raises:
        SetupError: The init system could not start it.
    """
    if _SYSTEMD.is_dir() and engine.how != "built from source":
        argv = ["systemctl", "start", "docker"]
        run_logged(argv, what="Starting Docker", log=context.log("docker-start"), deadline=deadline)
        return
    # No init system looks after it, as in a container: the daemon runs by itself and outlives set-up. It starts its own
    # containerd and finds docker-proxy by PATH.
    argv = [str(engine.path)]
    env = dict(os.environ)
    if engine.how == "built from source":
        argv += ["--label", BUILT_LABEL, *IMAGE_STORE, "--init-path", _INIT]
        env["PATH"] = f"{engine.path.parent}{os.pathsep}{env.get('PATH', os.defpath)}"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd="/", env=env
        )


def client(context: Context, step: Step, link: Path) -> tuple[Path, How]:
    """Install or build the program ``docker``.

    Args:
        context: Of the run.
        step: Shows how it gets on.
        link: Where on PATH a built one is to be found.

    Raises:
        SetupError: It can neither be installed nor built.
    """
    if _from_docker(context, step, _CLIENT_FROM_DOCKER):
        return Path("docker"), "downloaded"
    context.may_build(step.name)
    built = _built(context, step, {"docker": f"{_CLI}/cmd/docker"}, ((f"{_CLI}/cli/version.Version", DOCKER_CLIENT),))
    partial = link.with_name(".docker.partial")
    partial.unlink(missing_ok=True)
    partial.symlink_to(built / "docker")
    partial.replace(link)
    return link, "built from source"


def directory(paths: Paths) -> Path:
    """Where built programs are."""
    return paths.cache / f"docker-{DOCKER.partition('.')[0]}" / "bin"


def version_of(program: str | Path) -> str:
    """Version of ``docker`` or ``dockerd``; empty if it does not say one."""
    found = re.search(r"Docker version (\d+\.\d+\.\d+)", output_of([program, "--version"]))
    return found[1] if found else ""


def _built(context: Context, step: Step, packages: dict[str, str], settings: tuple[tuple[str, str], ...]) -> Path:
    """Build programs, each once for what it is made from."""
    module = context.paths.checkout / "offline" / "docker"
    target = directory(context.paths)
    for name, package in packages.items():
        output = target / name
        key = fingerprint(module, *(f"{variable}={value}" for variable, value in settings))
        stamp = context.stamps.get(f"built-{name}")
        if stamp is not None and stamp.key == key and output.exists():
            continue
        program = golang.Program(name=name, module=module, package=package, output=output, settings=settings)
        golang.build(context, program, step.progress)
        context.stamps.put(f"built-{name}", Stamp(key=key, how="built from source", path=str(output)))
    return target


def _from_docker(context: Context, step: Step, packages: tuple[str, ...]) -> bool:
    """Install Docker's own packages, where it has some for this system and its site can be reached."""
    system = platform.freedesktop_os_release()
    if system.get("ID") not in {"debian", "ubuntu"} or not context.reachable(SITE):
        return False
    lists = _APT / "sources.list.d"
    # Whoever has named the repository already has also named its key; two of them would contradict each other.
    if not any(SITE in path.read_text(errors="replace") for path in lists.glob("*") if path.is_file()):
        key = _APT / "keyrings" / "pgai-preview-docker.asc"
        key.parent.mkdir(parents=True, exist_ok=True)
        key.write_bytes((context.paths.checkout / "host" / "docker.asc").read_bytes())
        (lists / "pgai-preview-docker.list").write_text(
            f"deb [signed-by={key}] {SITE}/linux/{system['ID']} {system['VERSION_CODENAME']} stable\n"
        )
    debian.install(context, step, packages, what="Installing Docker", log="docker-install")
    return True
