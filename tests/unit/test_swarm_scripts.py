"""The scripts by which machines become a cluster: a client that says what a test wants, and a real socket."""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from components.host_scripts import script as text_of
from tests.equipment.swarm_client import WORKER, asked, docker
from tests.equipment.timers import Machine

TOKEN = "SWMTKN-1-5ecret-0f-the-c1uster"
ADDRESS, MANAGER_ADDRESS = "10.77.0.3", "10.77.0.2"
JOIN = {"ADDRESS": ADDRESS, "MANAGER_ADDRESS": MANAGER_ADDRESS, "SECONDS_AT_MOST": "5"}
INIT = {"ADDRESS": MANAGER_ADDRESS, "POOL": "10.201.0.0/16", "MASK": "26", "SECONDS_AT_MOST": "5"}


@pytest.fixture
def machine(tmp_path: Path, shell: str) -> Machine:
    made = Machine.make(tmp_path, shell)
    made.program("ip", 'echo "2: eth1 inet $6/32"')
    return made


def states(machine: Machine, first: str, second: str) -> tuple[str, str]:
    """The node's part in a Swarm, before and after the engine was asked to join."""
    return "info --format {{.Swarm.LocalNodeState}}", f"[ -e {machine.root}/joined ] && echo {second} || echo {first}"


def test_a_manager_listens_in_the_private_network_alone_and_prints_no_token(machine: Machine) -> None:
    docker(
        machine,
        ("info --format {{.Swarm.LocalNodeState}}", "echo 'inactive false  false'"),
        ("swarm init", f"echo 'docker swarm join --token {TOKEN}'"),
        ("info --format {{.Swarm.NodeID}}", "echo n0"),
        ("node update", ":"),
        ("info --format {{.Swarm.Cluster.ID}}", "echo c0"),
    )
    done = machine.run("swarm_init.sh", **INIT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "c0\n", "")
    (init,) = [line for line in asked(machine) if line.startswith("swarm init")]
    assert f"--advertise-addr {MANAGER_ADDRESS} --listen-addr {MANAGER_ADDRESS}:2377" in init
    assert f"--data-path-addr {MANAGER_ADDRESS}" in init
    assert "node update --label-add pgai.preview.role=manager n0" in asked(machine)


def test_a_manager_that_is_one_already_stays_it(machine: Machine) -> None:
    docker(
        machine,
        ("info --format {{.Swarm.LocalNodeState}}", f"echo 'active true {MANAGER_ADDRESS} false'"),
        ("info --format {{.Swarm.NodeID}}", "echo n0"),
        ("node update", ":"),
        ("info --format {{.Swarm.Cluster.ID}}", "echo c0"),
    )
    assert machine.run("swarm_init.sh", **INIT).stdout == "c0\n"


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("inactive false  true", "was set up for a base of one machine (live-restore)"),
        ("active true 10.1.1.1 false", "is part of another Docker Swarm than that of 10.77.0.2"),
        ("active false 10.77.0.2 false", "is part of another Docker Swarm than that of 10.77.0.2"),
    ],
)
def test_an_engine_that_cannot_be_a_manager_is_left_alone_and_said_why(
    machine: Machine, state: str, sentence: str
) -> None:
    docker(machine, ("info", f"echo '{state}'"))
    done = machine.run("swarm_init.sh", **INIT)
    assert done.returncode == 1
    assert sentence in done.stderr


@pytest.mark.parametrize("script", ["swarm_init.sh", "swarm_join.sh"])
def test_a_machine_without_its_private_address_says_so(machine: Machine, script: str) -> None:
    machine.program("ip", ":")
    values = {**JOIN, **INIT, "SECONDS_AT_MOST": "1"}
    done = run(machine, script, TOKEN, **values)
    assert done.returncode == 1
    assert f"did not get its address {values['ADDRESS']} in the private network within 1 s" in done.stderr


def run(machine: Machine, script: str, given: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script that reads."""
    return subprocess.run(
        [machine.shell, "-c", text_of(script.removesuffix(".sh"))],
        env={"PATH": f"{machine.root}/bin:{os.environ['PATH']}", **environment},
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@contextmanager
def engine(machine: Machine, answer: str = "") -> Iterator[list[tuple[str, dict[str, object]]]]:
    """The engine's socket: path and content of what it is asked; its answer is an error, if there is one."""
    received: list[tuple[str, dict[str, object]]] = []

    class Handler(BaseHTTPRequestHandler):
        def address_string(self) -> str:
            return "socket"

        def do_POST(self) -> None:
            received.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            if not answer:
                (machine.root / "joined").touch()
            self.send_response(503 if answer else 200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    with socketserver.ThreadingUnixStreamServer(str(machine.root / "socket"), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield received
        finally:
            server.shutdown()
            thread.join()


def joining(machine: Machine, given: str = f"{TOKEN}\n") -> subprocess.CompletedProcess[str]:
    return run(machine, "swarm_join.sh", given, **JOIN, DOCKER_HOST=f"unix://{machine.root}/socket")


def worker(machine: Machine, first: str = "inactive", second: str = "active", manager: str = MANAGER_ADDRESS) -> None:
    """The client on a worker."""
    docker(
        machine,
        states(machine, first, second),
        ("info --format {{.Swarm.RemoteManagers}}", f"echo '[{{n0 {manager}:2377}}]'"),
        ("info --format {{.Swarm.NodeID}}", "echo n1"),
        ("info --format {{.Swarm.Error}}", "echo"),
    )


def test_a_worker_joins_over_its_private_address_and_says_only_its_id(machine: Machine) -> None:
    worker(machine)
    with engine(machine) as received:
        done = joining(machine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "n1\n", "")
    assert received == [
        (
            "/swarm/join",
            {
                "ListenAddr": f"{ADDRESS}:2377",
                "AdvertiseAddr": ADDRESS,
                "DataPathAddr": ADDRESS,
                "RemoteAddrs": [f"{MANAGER_ADDRESS}:2377"],
                "JoinToken": TOKEN,
            },
        )
    ]


def test_the_token_is_in_no_argument_of_a_program(machine: Machine) -> None:
    worker(machine)
    machine.program("curl", f'echo "$*" >>{machine.root}/curl.log\nexec /usr/bin/curl "$@"')
    with engine(machine) as received:
        joining(machine)
    assert received
    for log in ("curl.log", "docker.log"):
        assert TOKEN not in (machine.root / log).read_text(encoding="utf-8")


def test_a_worker_that_has_joined_is_not_made_to_join_again(machine: Machine) -> None:
    worker(machine, "active")
    with engine(machine) as received:
        assert joining(machine).stdout == "n1\n"
    assert not received


def test_a_worker_that_cannot_join_says_what_docker_says(machine: Machine) -> None:
    worker(machine)
    with engine(machine, '{"message":"invalid join token"}'):
        done = joining(machine)
    assert done.returncode == 1
    assert 'could not join the cluster of 10.77.0.2. Docker says: {"message":"invalid join token"}' in done.stderr
    assert TOKEN not in done.stdout + done.stderr


def test_a_worker_whose_engine_cannot_be_asked_to_join_says_why(machine: Machine) -> None:
    worker(machine)
    done = joining(machine)
    assert done.returncode == 1
    assert "could not join the cluster of 10.77.0.2. Docker says: curl: " in done.stderr


def test_a_worker_of_another_cluster_is_not_taken_for_one_of_this(machine: Machine) -> None:
    worker(machine, "active", manager="10.1.1.1")
    done = joining(machine)
    assert done.returncode == 1
    assert "is part of another cluster than that of 10.77.0.2" in done.stderr


@pytest.mark.parametrize("given", ["", "\n", "Error response from daemon\n"])
def test_a_manager_that_gives_no_token_is_named(machine: Machine, given: str) -> None:
    worker(machine)
    done = joining(machine, given)
    assert done.returncode == 1
    assert "The manager of the cluster has not given its token" in done.stderr


@pytest.mark.parametrize("script", ["enrol_worker.sh", "swarm_init.sh", "swarm_join.sh"])
def test_an_engine_that_does_not_answer_is_not_taken_for_one_that_says_no(machine: Machine, script: str) -> None:
    docker(machine, ("node inspect", "echo ready"), ("node update", ":"), ("", "echo no answer >&2; exit 1"))
    done = run(machine, script, TOKEN, **{**WORKER, **JOIN, **INIT})
    assert (done.returncode, done.stderr) == (1, "no answer\n")


def test_the_token_goes_from_one_machine_to_the_other_in_a_pipe(machine: Machine) -> None:
    machine.program(
        "there", 'shift; echo "$*" >>"$0.log"; [ "$1" = "${1#docker}" ] && exec sh -c "$1" || echo ' + TOKEN
    )
    done = machine.run(
        "pass_token.sh", MANAGER="there 'a b'", WORKER="there 'c d'", JOIN='read -r token; echo "${#token} of $#"'
    )
    assert done.stdout == f"{len(TOKEN)} of 0\n"
    said = (machine.root / "bin/there.log").read_text(encoding="utf-8")
    assert "docker swarm join-token --quiet worker" in said
    assert TOKEN not in said
