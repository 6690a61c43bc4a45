"""What the machine's timers run: the health ping, against a real HTTP server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which

import pytest

from tests.equipment.timers import Machine

TOKEN = "5ecret-0f-the-p1ng"


@pytest.fixture
def machine(tmp_path: Path, shell: str) -> Machine:
    return Machine.make(tmp_path, shell)


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
