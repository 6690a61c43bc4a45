"""What the machine's scripts know of previews that sleep, and of who looks at those that do not."""

from __future__ import annotations

import base64
import io
import os
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from components.host_scripts import script
from operations.life.holders import Holder, _holder, holders
from operations.machine.local import LocalMachine
from operations.machine.shell import run_script
from stacks.outputs import BaseOutputs
from stacks.ssh_options import with_variables
from tests.equipment.recording import LOCAL_OUTPUTS
from tests.equipment.slots import Machine

FULL, REFUSED = 5, 3
CLUSTER = [{"name": "node-1", "docker_host": "unix:///run/node-1.sock"}]
MOMENT = re.compile(r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


@pytest.fixture
def machine(tmp_path: Path, shell: str) -> Machine:
    return Machine.make(tmp_path, shell)


def mark(machine: Machine, branch: str, most: int = 8) -> str:
    done = machine.script("mark_asleep", branch, MAX_ASLEEP=str(most))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_who_sleeps_takes_no_slot_from_the_moment_its_containers_are_stopped(machine: Machine) -> None:
    machine.take("a", LIMIT="1")
    assert MOMENT.match(mark(machine, "a"))
    machine.running("a")
    assert machine.take("b", LIMIT="1").returncode == FULL, "its containers run still"
    machine.running()
    assert machine.take("b", LIMIT="1").returncode == 0


def test_who_sleeps_is_held_to_the_limit_again_and_awake_with_its_slot(machine: Machine) -> None:
    machine.take("a", LIMIT="1")
    mark(machine, "a")
    machine.take("b", LIMIT="1")
    assert machine.take("a", LIMIT="1", KNOWN="1").returncode == FULL
    assert (machine.root / "previews/a/asleep").exists(), "a refusal wakes nobody"
    assert machine.take("a", LIMIT="2", KNOWN="1").returncode == 0
    assert not (machine.root / "previews/a/asleep").exists()
    assert MOMENT.match((machine.root / "previews/a/looked").read_text(encoding="utf-8").strip())


def test_a_preview_put_to_sleep_twice_sleeps_since_the_first_time(machine: Machine) -> None:
    machine.take("a")
    marker = machine.root / "previews/a/asleep"
    mark(machine, "a")
    marker.write_text("2026-01-01T00:00:00Z\n", encoding="utf-8")
    assert mark(machine, "a") == "2026-01-01T00:00:00Z"


def test_no_more_sleep_than_the_base_says(machine: Machine) -> None:
    for branch in ("a", "b", "c"):
        machine.take(branch, LIMIT="3")
    mark(machine, "a", 2)
    mark(machine, "b", 2)
    done = machine.script("mark_asleep", "c", MAX_ASLEEP="2")
    assert done.returncode == REFUSED
    assert "2 of 2 previews sleep already" in done.stderr
    assert not (machine.root / "previews/c/asleep").exists()
    assert mark(machine, "b", 2), "who sleeps already may"
    instead = machine.script("mark_asleep", "c", MAX_ASLEEP="2", WAKING="a")
    assert instead.returncode == 0, "a is woken in its stead"


def test_nobody_is_put_to_sleep_for_another_branch_of_its_slug_or_without_a_slot(machine: Machine) -> None:
    machine.take("feature/a")
    other = machine.script("mark_asleep", "feature_a", MAX_ASLEEP="8")
    assert (other.returncode, "belongs to the preview of branch 'feature/a'" in other.stderr) == (REFUSED, True)
    gone = machine.script("mark_asleep", "b", MAX_ASLEEP="8")
    assert (gone.returncode, "is gone from the machine" in gone.stderr) == (REFUSED, True)
    assert not list(machine.root.rglob("asleep"))


def described(machine: Machine, running: str = "", requests: str = "") -> dict[str, Holder]:
    (machine.root / "requests").write_text(requests, encoding="utf-8")
    machine.program(
        "docker",
        f'case "$1" in ps) printf "%s\\n" {running} ;; logs) [ "$3" = edge ] && cat {machine.root}/requests ;; esac',
    )
    done = machine.script("describe_slots", "x", PREVIEWS=f"{machine.root}/previews", BASE="edge-public")
    assert done.returncode == 0, done.stderr
    return {one.slug: one for one in map(_holder, done.stdout.splitlines())}


def request(moment: str, slug: str, agent: str = "Mozilla/5.0", provider: str = "docker") -> str:
    return (
        f'{moment}.123456789Z {{"RouterName":"preview-{slug}@{provider}","level":"info","msg":"",'
        f'"request_User-Agent":"{agent}","time":"{moment}Z"}}\n'
    )


def test_each_preview_is_described_with_its_state_and_whether_it_is_kept(machine: Machine) -> None:
    for branch in ("feature/a", "b", "c", "d"):
        machine.take(branch, LIMIT="9")
    mark(machine, "c")
    machine.age("d", 60 * 60)
    (machine.root / "previews/b/kept").touch()
    found = described(machine, running="feature-a")
    assert {slug: one.state for slug, one in found.items()} == {
        "feature-a": "running", "b": "starting", "c": "asleep", "d": ""
    }  # fmt: skip
    assert found["feature-a"].branch == "feature/a"
    assert [slug for slug, one in found.items() if one.kept] == ["b"]
    assert MOMENT.match(found["c"].asleep_since)
    assert MOMENT.match(found["c"].taken_at)
    assert [slug for slug, one in found.items() if one.takes_slot] == ["b", "feature-a"]


def test_the_last_request_of_somebody_else_than_this_project_is_when_somebody_last_looked(machine: Machine) -> None:
    for branch in ("a", "b"):
        machine.take(branch)
    requests = (
        request("2026-01-02T10:00:00", "a")
        + request("2026-01-02T11:00:00", "a")
        + request("2026-01-02T12:00:00", "a", "pgai-preview")
        + request("2026-01-02T12:30:00", "a", "Mozilla/5.0 Chrome pgai-preview")
        + '2026-01-02T13:00:00.1Z time=\\"2026\\" level=info msg=\\"Configuration loaded\\"\n'
        + request("2026-01-02T13:00:00", "ab")
    )
    found = described(machine, requests=requests)
    assert found["a"].looked_at == "2026-01-02T11:00:00Z"
    assert found["b"].looked_at == ""


def test_on_a_cluster_a_preview_runs_whose_services_shall_and_looks_are_seen_too(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for branch in ("a", "b"):
        machine.take(branch)
    mark(machine, "b")
    (machine.root / "requests").write_text(request("2026-01-02T10:00:00", "a", provider="swarm"), encoding="utf-8")
    machine.program(
        "docker",
        'case "$1 $2" in "service ls") echo s1; echo s2 ;; "service inspect") echo a 1; echo b 0 ;; '
        f'"logs --timestamps") cat {machine.root}/requests ;; *) exit 1 ;; esac',
    )
    monkeypatch.setenv("PATH", f"{machine.root}/bin:{os.environ['PATH']}")
    outputs: Mapping[str, object] = {**LOCAL_OUTPUTS, "host_directory": str(machine.root), "nodes": CLUSTER}
    found = {one.slug: one for one in holders(LocalMachine(BaseOutputs.of("local", outputs)))}
    assert {slug: one.state for slug, one in found.items()} == {"a": "running", "b": "asleep"}
    assert found["a"].looked_at == "2026-01-02T10:00:00Z"


def test_what_the_proxys_log_has_lost_by_now_is_remembered(machine: Machine) -> None:
    machine.take("a")
    described(machine, requests=request("2026-01-02T11:00:00", "a"))
    assert described(machine)["a"].looked_at == "2026-01-02T11:00:00Z"
    assert described(machine, requests=request("2026-01-02T10:00:00", "a"))["a"].looked_at == "2026-01-02T11:00:00Z"
    assert described(machine, requests=request("2026-01-02T12:00:00", "a"))["a"].looked_at == "2026-01-02T12:00:00Z"


def test_an_update_is_kept_whole_and_replaces_the_one_before(machine: Machine) -> None:
    machine.take("a")
    directory = machine.root / "previews/a"

    def keep(name: str, content: bytes) -> None:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        text = base64.encodebytes(archive.getvalue()).decode().rstrip("\n")
        filled = script("keep_update").replace("@ARCHIVE@", text)
        run_script(["/bin/sh", "-s"], with_variables(filled, {"DIRECTORY": str(directory)}))

    keep("old", b"1")
    # Far more than a line or a pipe holds.
    large = os.urandom(300_000)
    keep("new", large)
    assert [path.name for path in (directory / "update").iterdir()] == ["new"]
    assert (directory / "update/new").read_bytes() == large
    assert not (directory / "update.next").exists()
