"""Fixtures of the stand-in tests: real servers, and programs built from the image recipes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from stacks.paths import Paths
from tests.equipment.ports import free_port
from tests.equipment.postgres import PostgresServer, running_postgres
from tests.equipment.programs import Program, http_get, wait_for
from tests.equipment.sshd import Sshd, agent
from tests.standins.cloudflare_records import Forgetful
from tests.standins.engine import Stack
from tests.standins.grafana import PrometheusStandIn
from tests.standins.remote import PROLOGUE, connect
from toolchain import recipes
from toolchain.golang import COMPILER_FLAGS, build_environment
from toolchain.recipes import Recipe
from toolchain.stamps import fingerprint

RECIPES = Path(__file__).resolve().parents[2] / "offline" / "images"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pgai-preview" / "standins"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One running server for all tests that do not stop it; each test makes its own databases on it."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def go_binary() -> Callable[[str], Path]:
    """Build a recipe's Go program into the user's cache; Go's own cache makes a second build quick.

    ``PGAI_ORIGINAL_PGWATCH=/path`` holds the vendor's program to the same tests, and so for each folder.
    """

    def build(folder: str) -> Path:
        original = os.environ.get(f"PGAI_ORIGINAL_{folder.upper()}")
        if original:
            return Path(original)
        go = shutil.which("go")
        if go is None:
            pytest.fail("the stand-in tests need Go: install it or put it on PATH")
        program = recipes.program(Paths.default(), Recipe(folder=folder))
        assert program, folder
        CACHE.mkdir(parents=True, exist_ok=True)
        # As set-up builds it, so that what it has compiled is not compiled again.
        done = subprocess.run(
            [go, "build", *COMPILER_FLAGS, "-o", str(CACHE / folder), program.package],
            cwd=program.module,
            env=build_environment(),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode:
            pytest.fail(f"{folder} could not be built:\n{done.stderr}")
        return CACHE / folder

    return build


@pytest.fixture(scope="session")
def grafana_binary(go_binary: Callable[[str], Path]) -> Path:
    """The Grafana stand-in's program."""
    return go_binary("grafana")


@pytest.fixture(scope="module")
def prometheus() -> Iterator[PrometheusStandIn]:
    """A Prometheus stand-in."""
    server = PrometheusStandIn()
    yield server
    server.close()


@pytest.fixture(scope="session")
def victoria_metrics(go_binary: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a running VictoriaMetrics."""
    folder = tmp_path_factory.mktemp("victoria-metrics")
    url = f"http://127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        program = Program(
            [
                str(go_binary("victoriametrics")),
                f"-httpListenAddr={url.removeprefix('http://')}",
                f"-storageDataPath={folder / 'data'}",
                "-search.latencyOffset=0s",
                "-memory.allowedBytes=128MiB",
            ],
            folder,
        )
        stack.callback(program.kill)
        wait_for("VictoriaMetrics starts", lambda: http_get(f"{url}/health")[0] == 200)
        yield url


@pytest.fixture(scope="session")
def backend_python() -> Path:
    """A Python with the packages of the backend's image, kept in the user's cache until its recipe changes."""
    requirements = RECIPES / "flask-backend" / "requirements.txt"
    own = CACHE / f"backend-python-{fingerprint(requirements)[:12]}"
    python, ready = own / "bin" / "python", own / "ready"
    if ready.exists():
        return python
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(own)],
        [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", str(requirements)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            pytest.fail(f"the packages of the backend's image cannot be installed:\n{done.stderr}")
    ready.touch()
    return python


@pytest.fixture
def cloudflare() -> Iterator[Forgetful]:
    """A fake of its API that has forgotten already, and answers as it should from then on."""
    with Forgetful(("pgai.watch", "example.org"), private_targets=True) as fake:
        fake.forgot = True
        yield fake


@pytest.fixture
def sshd() -> Iterator[Sshd]:
    with Sshd() as server:
        yield server


@pytest.fixture
def stack(tmp_path: Path, sshd: Sshd) -> Iterator[Stack]:
    """A stack whose programs reach the server with keys from an agent."""
    runtime = sshd.directory / "run"
    runtime.mkdir()
    with agent(sshd.client_key) as socket:
        connection = {"host": sshd.host, "port": sshd.port, "user": sshd.user, "host_key": sshd.host_key}
        result = Stack.make(tmp_path, PROLOGUE, SSH_AUTH_SOCK=socket, XDG_RUNTIME_DIR=str(runtime))
        connect(result, **connection)
        yield result
