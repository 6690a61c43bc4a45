"""What is read of processes, and from control groups of either version."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench.cgroups import Cgroup
from bench.engine_cost import EngineTime, seconds_a_minute
from bench.process_tree import Command, measure
from bench.processes import named, running

V1 = {
    "memory/docker/c/memory.usage_in_bytes": "300",
    "memory/docker/c/memory.max_usage_in_bytes": "400",
    "memory/docker/c/memory.stat": "inactive_file 1\ntotal_inactive_file 100\n",
    "memory/docker/c/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
    "memory/docker/c/memory.limit_in_bytes": "512",
    "cpu/docker/c/cpu.stat": "nr_periods 50\nnr_throttled 5\nthrottled_time 9\n",
    "cpu/docker/c/cpu.cfs_quota_us": "25000",
    "cpu/docker/c/cpu.cfs_period_us": "100000",
    "cpuacct/docker/c/cpuacct.usage": "2500000000",
}
V2 = {
    "docker/c/memory.current": "300",
    "docker/c/memory.peak": "400",
    "docker/c/memory.stat": "anon 5\ninactive_file 100\n",
    "docker/c/memory.events": "low 0\noom 4\noom_kill 3\n",
    "docker/c/memory.max": "512\n",
    "docker/c/cpu.stat": "usage_usec 2500000\nnr_periods 50\nnr_throttled 5\n",
    "docker/c/cpu.max": "25000 100000\n",
}


@pytest.mark.parametrize(
    ("text", "files"),
    [("4:memory:/docker/c\n2:cpu,cpuacct:/docker/c\n0::/\n", V1), ("0::/docker/c\n", V2)],
    ids=["version 1", "version 2"],
)
def test_both_versions_of_control_groups_tell_the_same(text: str, files: dict[str, str], tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    group = Cgroup.at(text, tmp_path)
    reading = group.read()
    assert (reading.usage, reading.recorded_peak, reading.working_set) == (300, 400, 200)
    assert (reading.cpu_seconds, reading.periods, reading.throttled, reading.oom_kills) == (2.5, 50, 5, 3)
    assert group.limits() == (512, 0.25)


def test_the_engine_s_time_is_of_the_processes_that_were_there_at_both_looks() -> None:
    start = EngineTime(moment=0.0, own={1: 10.0, 2: 99.0}, waited={1: 1.0, 2: 0.0})
    end = EngineTime(moment=30.0, own={1: 14.0, 3: 50.0}, waited={1: 2.0, 3: 0.0})
    assert seconds_a_minute(start, end) == {"own": pytest.approx(8.0), "waited": pytest.approx(2.0)}


def test_a_command_is_measured_with_the_processes_that_it_starts(tmp_path: Path) -> None:
    child = "import time; kept = bytes([1]) * 2**26\nwhile time.process_time() < 0.6: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    command = Command(argv=[sys.executable, "-c", parent], cwd=tmp_path, environment={})
    measured = measure(command, tmp_path / "log")
    assert 64 < measured.peak_mib < 128, "both processes, shared pages once"
    assert 0.6 <= measured.cpu_seconds < 5
    assert measured.machine_cpu_seconds >= 0.5
    assert measured.seconds >= 0.6


def test_a_process_is_found_by_the_name_of_its_program_and_the_kernel_s_threads_are_not() -> None:
    processes = running()
    (own,) = (one for one in processes if one.pid == os.getpid())
    assert named([own], own.name()) == [own]
    assert all(2 not in (one.pid, one.ppid()) for one in processes if one.is_running())
    with pytest.raises(RuntimeError, match="no-such-program does not run on this machine"):
        named(processes, "no-such-program")
