"""The machine's timers under a real systemd: a first boot from power-on, the health ping, the prune.

The machine is a container: it has its own processes, network and engine, but this machine's kernel, whose settings it
cannot change, and no swap.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest
from tenacity import retry, stop_after_delay, wait_fixed

from components.cloud_init import READY_FILE, CloudInitArgs, user_data
from tests.equipment.bridge import address_for_containers
from tests.equipment.first_boot import Machine
from tests.equipment.sshd import make_key
from tests.equipment.systemd import booting_machine

TOKEN = "the-ping-of-this-test"
HEALTH, PAGE, PRUNE = "pgai-preview-health", "pgai-preview-page", "pgai-preview-prune"
# A machine at rest, whatever the one that runs the tests is doing.
FIGURES = "/srv/figures"
# The timer's minute, the delay that it may take, and a machine that is busy.
PING_SECONDS = 90


class Ping(NamedTuple):
    path: str
    said: str


@pytest.fixture(scope="module")
def pings(engine: Any) -> Iterator[tuple[str, queue.Queue[Ping]]]:
    """Address and arrivals of an endpoint like that of healthchecks.io, reachable from containers."""
    arrived: queue.Queue[Ping] = queue.Queue()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.send_response(200)
            self.end_headers()
            arrived.put(Ping(self.path, said))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - signature is the library's
            pass

    server = ThreadingHTTPServer((address_for_containers(engine), 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{server.server_address[0]!s}:{server.server_port}/{TOKEN}", arrived
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def machine(pings: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    key = tmp_path_factory.mktemp("keys") / "operator"
    data = user_data(CloudInitArgs(authorized_keys=(make_key(key),), docker_from="distribution", ping_url=pings[0]))
    with booting_machine(data) as booting:

        @retry(stop=stop_after_delay(300), wait=wait_fixed(1), reraise=True)
        def ready() -> None:
            booting.ok("test", "-s", READY_FILE)

        ready()
        yield booting


def configure(machine: Machine, file: str, **values: object) -> None:
    """Set variables of a unit, the later one of the same name counts."""
    lines = "".join(f"{name}={value}\\n" for name, value in values.items())
    machine.shell(f"printf '{lines}' >>/etc/pgai-preview/{file}.conf")


def at_rest(machine: Machine) -> None:
    machine.shell(
        f"mkdir -p {FIGURES}; echo '0.00 0.00 0.00 1/1 1' >{FIGURES}/loadavg; "
        f"echo 'MemAvailable: 4000000 kB' >{FIGURES}/meminfo"
    )
    configure(machine, "health", PROC=FIGURES, DISK_WARNING=100, DISK_CRITICAL=100)


def journal(machine: Machine, unit: str) -> str:
    """What a service has logged so far; the journal is written a little later than it is spoken to."""
    machine.ok("journalctl", "--sync")
    return machine.ok("journalctl", "-u", f"{unit}.service", "--no-pager")


def drain(arrived: queue.Queue[Ping]) -> None:
    while not arrived.empty():
        arrived.get()


def test_a_machine_that_boots_gets_ready_and_starts_its_timers(machine: Machine) -> None:
    assert machine.ok("cat", "/proc/1/comm").strip() == "systemd"
    for unit in ("docker.service", "ssh.service", f"{HEALTH}.timer", f"{PAGE}.timer", f"{PRUNE}.timer"):
        assert machine.ok("systemctl", "is-active", unit).strip() == "active"
        assert machine.ok("systemctl", "is-enabled", unit).strip() == "enabled"
    assert "169.254.169.254" in machine.ok("iptables", "-S", "DOCKER-USER")


def test_the_timer_tells_every_minute_that_the_machine_is_well(machine: Machine, pings: Any) -> None:
    at_rest(machine)
    drain(pings[1])
    assert pings[1].get(timeout=PING_SECONDS) == Ping(f"/{TOKEN}", "well")


def test_a_disk_that_fills_up_is_reported_as_a_failure_with_its_reason(machine: Machine, pings: Any) -> None:
    # By hand: the timer has been seen.
    machine.ok("systemctl", "stop", f"{HEALTH}.timer", f"{HEALTH}.service")
    at_rest(machine)
    configure(machine, "health", DISK_WARNING=0)
    drain(pings[1])
    machine.ok("systemctl", "start", f"{HEALTH}.service")
    path, said = pings[1].get(timeout=PING_SECONDS)
    assert path == f"/{TOKEN}/fail"
    assert said.startswith("warning: ")
    assert "% of the disk are in use, more than 0 %" in said


def test_the_address_of_the_ping_is_in_no_log(machine: Machine) -> None:
    written = journal(machine, HEALTH)
    assert "Report this machine's health" in written
    assert TOKEN not in written


def test_the_prune_waits_for_its_hour_and_does_nothing_on_an_empty_disk(machine: Machine) -> None:
    assert f"{PRUNE}.service" in machine.ok("systemctl", "list-timers", "--no-pager")
    configure(machine, "host", DISK_LIMIT=100)
    machine.ok("systemctl", "start", f"{PRUNE}.service")
    assert "no image is removed" in journal(machine, PRUNE)


def test_the_prune_removes_images_as_deploy_when_the_disk_is_full(machine: Machine) -> None:
    machine.shell("tar -c --files-from /dev/null | docker import - unused:1")
    # Ages are compared in whole seconds: it must have one.
    machine.shell(
        "made=$(date --date \"$(docker inspect --format '{{.Created}}' unused:1)\" +%s); "
        'while [ "$(date +%s)" -le "$made" ]; do sleep 0.1; done'
    )
    configure(machine, "host", DISK_LIMIT=0, AGE_HOURS=0)
    machine.ok("systemctl", "start", f"{PRUNE}.service")
    assert "were removed" in journal(machine, PRUNE)
    assert machine.ok("docker", "images", "--quiet") == ""
