"""What the machine's timers run: the health ping against a real HTTP server, the prune with a recording engine."""

from __future__ import annotations

import fcntl
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which

import pytest

HOST = Path(__file__).resolve().parents[2] / "host"
TOKEN = "5ecret-0f-the-p1ng"


@dataclass
class Machine:
    """Programs that say what a test wants, before the real ones on PATH, and a /proc of its own."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def program(self, name: str, script: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def disk(self, *percent: int | str) -> None:
        """What df says, one figure a call; the last is repeated."""
        (self.root / "figures").write_text("".join(f"{figure}\n" for figure in percent), encoding="utf-8")
        self.program(
            "df",
            f'figures={self.root}/figures\nfigure=$(head -n 1 "$figures")\n'
            '[ "$(wc -l <"$figures")" -le 1 ] || sed -i 1d "$figures"\n'
            "echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'\n"
            'echo "/dev/sda1 100 50 50 $figure% /"',
        )

    def memory(self, available_mib: int) -> None:
        (self.root / "proc/meminfo").write_text(
            f"MemTotal:       8000000 kB\nMemFree:          10000 kB\nMemAvailable:   {available_mib * 1024} kB\n",
            encoding="utf-8",
        )

    def load(self, load: str) -> None:
        (self.root / "proc/loadavg").write_text(f"{load} 9.99 9.99 1/200 4711\n", encoding="utf-8")

    def run(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(HOST / script)],
            env={"PATH": f"{self.root}/bin:{os.environ['PATH']}", **self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    (tmp_path / "proc").mkdir()
    made = Machine(tmp_path, {"PROC": f"{tmp_path}/proc", "DIRECTORY": str(tmp_path)})
    made.disk(80)
    made.memory(512)
    made.load("4.00")
    made.program("nproc", "echo 4")
    made.program("docker", f'echo "$*" >>{tmp_path}/docker.log\necho "Total reclaimed space: 1.5GB"')
    return made


@dataclass
class Receiver:
    """Where pings arrive.

    Attributes:
        url: Address to ping.
        pings: Path and body of each.
        answers: Statuses of the next answers; 200 when there are no more.
    """

    url: str
    pings: list[tuple[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            known.pings.append((self.path, body))
            self.send_response(known.answers.pop(0) if known.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known = Receiver(f"http://127.0.0.1:{server.server_port}/{TOKEN}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield known
        finally:
            server.shutdown()
            thread.join()


def test_a_machine_at_every_limit_but_beyond_none_is_well(machine: Machine, receiver: Receiver) -> None:
    finished = machine.run("health_ping.sh", PING_URL=receiver.url)
    assert finished.returncode == 0, finished.stderr
    assert receiver.pings == [(f"/{TOKEN}", "well")]
    assert finished.stdout == ""


@pytest.mark.parametrize(
    ("percent", "reason"),
    [
        (81, "warning: 81 % of the disk are in use, more than 80 %"),
        (90, "warning: 90 % of the disk are in use, more than 80 %"),
        (91, "critical: 91 % of the disk are in use, more than 90 %"),
        (100, "critical: 100 % of the disk are in use, more than 90 %"),
    ],
)
def test_a_filling_disk_is_a_warning_and_a_full_one_critical(
    machine: Machine, receiver: Receiver, percent: int, reason: str
) -> None:
    machine.disk(percent)
    finished = machine.run("health_ping.sh", PING_URL=receiver.url)
    assert receiver.pings == [(f"/{TOKEN}/fail", reason)]
    assert finished.stdout == f"{reason}\n", "the journal says it too"
    assert finished.returncode == 0, "the machine is not well, but that was told"


def test_too_little_memory_is_reported(machine: Machine, receiver: Receiver) -> None:
    machine.memory(511)
    machine.run("health_ping.sh", PING_URL=receiver.url)
    assert receiver.pings == [(f"/{TOKEN}/fail", "critical: 511 MiB of memory are available, less than 512 MiB")]


@pytest.mark.parametrize("load", ["4.01", "10.00"])
def test_more_load_than_cpus_is_reported(machine: Machine, receiver: Receiver, load: str) -> None:
    machine.load(load)
    machine.run("health_ping.sh", PING_URL=receiver.url)
    assert receiver.pings == [(f"/{TOKEN}/fail", f"warning: the load is {load}, more than the 4 CPUs")]


def test_all_reasons_are_told_together(machine: Machine, receiver: Receiver) -> None:
    machine.disk(95)
    machine.memory(100)
    machine.load("12.5")
    machine.run("health_ping.sh", PING_URL=receiver.url + "/")
    ((path, body),) = receiver.pings
    assert path == f"/{TOKEN}/fail"
    assert [line.split(":")[0] for line in body.splitlines()] == ["critical", "critical", "warning"]


def test_what_cannot_be_measured_is_not_taken_for_well(machine: Machine, receiver: Receiver) -> None:
    machine.program("df", "exit 1")
    (machine.root / "proc/meminfo").unlink()
    (machine.root / "proc/loadavg").unlink()
    machine.run("health_ping.sh", PING_URL=receiver.url)
    ((path, body),) = receiver.pings
    assert path == f"/{TOKEN}/fail"
    assert body.count("cannot be read") == 3


def test_a_ping_is_tried_again_while_the_service_is_in_trouble(machine: Machine, receiver: Receiver) -> None:
    receiver.answers = [503]
    finished = machine.run("health_ping.sh", PING_URL=receiver.url)
    assert finished.returncode == 0, finished.stderr
    assert len(receiver.pings) == 2


def test_the_ping_address_is_in_no_argument_and_no_output_even_when_the_ping_fails(
    machine: Machine, receiver: Receiver
) -> None:
    real = which("curl")
    machine.program("curl", f'echo "$*" >>{machine.root}/curl.log\nexec {real} "$@"')
    receiver.answers = [404]
    refused = machine.run("health_ping.sh", PING_URL=receiver.url)
    assert refused.returncode == 1
    assert "The health ping was not delivered (curl ended with 22, last HTTP status 404)" in refused.stderr
    arguments = (machine.root / "curl.log").read_text(encoding="utf-8")
    assert "--max-time" in arguments
    assert TOKEN not in refused.stdout + refused.stderr + arguments


def test_without_an_address_the_ping_says_where_it_belongs(machine: Machine) -> None:
    assert "health.conf" in machine.run("health_ping.sh").stderr


def docker_calls(machine: Machine) -> list[str]:
    log = machine.root / "docker.log"
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def test_a_disk_at_80_percent_loses_no_image(machine: Machine) -> None:
    assert (
        machine.run("prune_images.sh").stdout
        == "80 % of the disk are in use, no more than 80 %: no image is removed.\n"
    )
    assert docker_calls(machine) == []


def test_beyond_80_percent_old_unused_images_go_and_nothing_else(machine: Machine) -> None:
    machine.disk(81, 60)
    finished = machine.run("prune_images.sh")
    assert docker_calls(machine) == ["image prune --all --force --filter until=72h"]
    assert "Total reclaimed space: 1.5GB" in finished.stdout
    assert "81 % of the disk were in use, now 60 %." in finished.stdout


def test_images_stay_while_another_operation_holds_the_lock(machine: Machine) -> None:
    machine.disk(95)
    with (machine.root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        finished = machine.run("prune_images.sh", LOCK_SECONDS="1")
    assert (finished.returncode, docker_calls(machine)) == (0, [])
    assert "another operation holds" in finished.stdout


def test_the_lock_is_held_while_images_are_removed_and_free_afterwards(machine: Machine) -> None:
    machine.disk(95)
    machine.program("docker", f"flock -n {machine.root}/.lock true && echo free || echo held")
    assert machine.run("prune_images.sh").stdout.splitlines()[0] == "held"
    with (machine.root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_an_engine_that_refuses_is_a_failure(machine: Machine) -> None:
    machine.disk(95)
    machine.program("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    finished = machine.run("prune_images.sh")
    assert finished.returncode != 0
    assert "Cannot connect" in finished.stderr
    assert "were removed" not in finished.stdout


def test_a_disk_that_cannot_be_measured_loses_no_image(machine: Machine) -> None:
    machine.program("df", "exit 1")
    assert machine.run("prune_images.sh").returncode == 1
    assert docker_calls(machine) == []
