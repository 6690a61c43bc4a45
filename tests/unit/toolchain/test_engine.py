"""Which engine is taken, and in which order the ways are tried."""

from __future__ import annotations

import pytest

from tests.unit.toolchain.conftest import Machine
from toolchain import engine
from toolchain.report import SetupError

WRITES_AN_ENGINE = (
    "import os, sys; d = sys.argv[1] + '/bin'; os.makedirs(d, exist_ok=True); open(d + '/pulumi', 'w').write('x')"
)


def with_engine_on_path(machine: Machine, version: str) -> None:
    machine.install("pulumi", machine.engine_text(version))
    machine.install("pulumi-language-python", "#!/bin/sh\n")


def test_a_new_enough_engine_on_path_is_used_and_nothing_is_built(machine: Machine) -> None:
    machine.install_go()
    with_engine_on_path(machine, "3.221.4")
    rows = engine.ensure(machine.context())
    assert [(row.how, row.version, row.detail) for row in rows] == [("found", "3.221.4", str(machine.bin / "pulumi"))]
    assert machine.builds() == []
    assert machine.probes == []


def test_an_engine_on_path_is_asked_for_its_version_only_once(machine: Machine) -> None:
    with_engine_on_path(machine, "3.220.0")
    engine.ensure(machine.context())
    engine.ensure(machine.context())
    assert machine.calls("engine-calls") == ["version"]


@pytest.mark.parametrize("version", ["3.219.9", "2.999.0", "nonsense"])
def test_an_engine_on_path_that_is_too_old_is_not_used(machine: Machine, version: str) -> None:
    machine.install_go()
    with_engine_on_path(machine, version)
    rows = engine.ensure(machine.context())
    assert rows[0].how == "built from source"
    assert rows[0].version == "3.220.0"


def test_an_engine_without_a_python_language_host_is_not_used(machine: Machine) -> None:
    machine.install_go()
    machine.install("pulumi", machine.engine_text("3.230.0"))
    assert engine.ensure(machine.context())[0].how == "built from source"


def test_the_official_installer_comes_before_building(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.install_go()
    machine.online = True
    monkeypatch.setattr(engine, "_INSTALL", WRITES_AN_ENGINE)
    rows = engine.ensure(machine.context())
    assert [(row.name, row.how) for row in rows] == [("Pulumi engine", "downloaded")]
    assert machine.builds() == []


def test_an_installer_that_fails_leads_to_building(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.install_go()
    machine.online = True
    monkeypatch.setattr(engine, "_INSTALL", "raise SystemExit('no such release')")
    assert [row.how for row in engine.ensure(machine.context())] == ["built from source", "stand-in"]


def test_an_installer_that_hangs_is_given_up(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.install_go()
    machine.online = True
    monkeypatch.setattr(engine, "_INSTALL", "import time; time.sleep(60)")
    monkeypatch.setattr(engine, "_INSTALL_SECONDS", 0.3)
    assert engine.ensure(machine.context())[0].how == "built from source"


def test_offline_the_installer_is_not_even_started(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.install_go()
    monkeypatch.setattr(engine, "_INSTALL", WRITES_AN_ENGINE)
    assert engine.ensure(machine.context())[0].how == "built from source"
    assert not machine.context().log("engine-download").exists()


def test_a_built_engine_comes_with_language_host_and_its_script(machine: Machine) -> None:
    machine.install_go()
    rows = engine.ensure(machine.context())
    assert rows[1].name == "Python language host"
    script = machine.paths.bin_dir / "pulumi-language-python-exec"
    assert script.read_text() == "#!/usr/bin/env python\n"
    assert script.stat().st_mode & 0o111


def test_nothing_is_built_twice(machine: Machine) -> None:
    machine.install_go()
    first = engine.ensure(machine.context())
    built = machine.builds()
    second = engine.ensure(machine.context())
    assert len(built) == 2
    assert machine.builds() == built
    assert [(row.name, row.how) for row in second] == [(row.name, row.how) for row in first]


def test_changed_sources_are_built_again(machine: Machine) -> None:
    machine.install_go()
    engine.ensure(machine.context())
    (machine.paths.checkout / "offline" / "go" / "internal" / "pythonhost" / "host.go").write_text(
        "package pythonhost\n"
    )
    engine.ensure(machine.context())
    assert machine.builds()[2:] == ["./cmd/pulumi-language-python"]


def test_an_engine_that_somebody_deleted_is_built_again(machine: Machine) -> None:
    machine.install_go()
    engine.ensure(machine.context())
    (machine.paths.bin_dir / "pulumi").unlink()
    engine.ensure(machine.context())
    assert len(machine.builds()) == 3


def test_a_failing_build_names_cause_and_log_and_leaves_no_engine(machine: Machine) -> None:
    machine.install_go()
    (machine.root / "broken").touch()
    with pytest.raises(SetupError) as caught:
        engine.ensure(machine.context())
    log = machine.paths.logs / "pulumi.log"
    assert "syntax error" in str(caught.value)
    assert str(log) in str(caught.value)
    assert "exiting now" in log.read_text()
    assert not (machine.paths.bin_dir / "pulumi").exists()


def test_without_go_one_sentence_says_what_to_do(machine: Machine) -> None:
    with pytest.raises(SetupError, match=r"^Go 1\.21 or newer is needed .* https://go\.dev/dl and run this again\.$"):
        engine.ensure(machine.context())
