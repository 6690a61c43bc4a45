"""What a process needs in its environment to run the engine that set-up prepared."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from stacks.paths import Paths
from toolchain.stamps import Stamps


def stamps(paths: Paths) -> Stamps:
    """The stamps of all set-ups with these places."""
    return Stamps(paths.cache / "stamps")


def environment(paths: Paths) -> dict[str, str]:
    """Variables for the engine: its place first on PATH, its home, and the state backend.

    A backend that the operator has set (``PULUMI_BACKEND_URL``, as in production) stays, with its own secrets provider.
    """
    engine = stamps(paths).get("engine")
    values = {
        "PULUMI_HOME": str(paths.pulumi_home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # A state is text that says everything twice; in an object store every step of an update uploads it.
        "PULUMI_DIY_BACKEND_GZIP": "true",
        # Copies of what the stack's history has too, but which stay when the stack is removed.
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        # Engine, program and plugins talk over loopback, which gRPC would leave to the caller's proxy.
        "no_grpc_proxy": "127.0.0.1,localhost",
    }
    path = os.environ.get("PATH", os.defpath)
    if engine is not None:
        directory = str(Path(engine.path).parent)
        if path.split(os.pathsep)[0] != directory:
            path = f"{directory}{os.pathsep}{path}"
    values["PATH"] = path
    own = os.environ.get("PULUMI_BACKEND_URL", "")
    if own and own != paths.backend_url:
        values["PULUMI_BACKEND_URL"] = own
        return values
    values["PULUMI_BACKEND_URL"] = paths.backend_url
    values["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(paths.passphrase_file)
    return values


def unwanted(paths: Paths) -> tuple[str, ...]:
    """Variables of the caller that would come before what the base and :func:`environment` say.

    Docker's provider asks the engine of ``DOCKER_CONTEXT`` rather than the base's. A passphrase is the operator's where
    the backend is.
    """
    ours = environment(paths)["PULUMI_BACKEND_URL"] == paths.backend_url
    return ("DOCKER_CONTEXT", *(("PULUMI_CONFIG_PASSPHRASE",) if ours else ()))


def apply(paths: Paths) -> None:
    """Make the environment of this process, and of all that it starts, that of the engine."""
    os.environ.update(environment(paths))
    for name in unwanted(paths):
        os.environ.pop(name, None)


def prepare_state(paths: Paths) -> None:
    """Make the local base's state directory and, once, the passphrase that encrypts its secrets."""
    paths.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    paths.pulumi_home.mkdir(parents=True, exist_ok=True)
    if paths.passphrase_file.exists():
        return
    partial = paths.passphrase_file.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32))
    partial.replace(paths.passphrase_file)
