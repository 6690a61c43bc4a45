"""Real previews on a real engine: side by side, seen by a viewer, unchanged by a second update."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from components.services import by_key
from stacks.names import slug_of
from tests.engine.world import World
from tests.equipment.checkout import ok
from tests.equipment.docker import events_of, run_once, service_ids, services
from tests.equipment.outside import ADDRESS, PORT, server_outside

pytestmark = pytest.mark.engine


def test_demo_ends_with_the_address_how_to_log_in_and_the_time_of_each_phase(world: World) -> None:
    assert world.demo.stdout.strip() == f"{world.url(world.first)}/?from=now-30m&to=now"
    for expected in ("set-up", "local base", "preview, all healthy", "data in all", "total", "./preview credentials"):
        assert expected in world.demo.stderr, expected
    assert "Traceback" not in world.demo.text


def test_demo_leaves_files_under_version_control_as_they_were(world: World) -> None:
    assert world.configuration_kept


def test_demo_puts_back_what_was_removed_or_stopped_of_the_base(world: World, engine: Any) -> None:
    removed, stopped = (f"{world.clone.prefix}{name}" for name in ("node-exporter", "page"))
    engine.containers.get(removed).remove(force=True)
    engine.containers.get(stopped).stop(timeout=1)
    ok(world.clone.preview("demo", "--branch", world.first))
    assert {removed, stopped} <= {container.name for container in engine.containers.list(ignore_removed=True)}


def test_two_previews_run_side_by_side_with_the_same_ports_inside(world: World, engine: Any) -> None:
    for branch in (world.first, world.second):
        containers = services(engine, branch)
        assert set(containers) == set(by_key())
        for key, container in containers.items():
            health = container.attrs["State"].get("Health", {}).get("Status")
            assert health == ("healthy" if by_key()[key].health else None), key
            assert not any(container.attrs["NetworkSettings"]["Ports"].values()), key


def test_limits_and_labels_are_what_the_engine_enforces(world: World, engine: Any) -> None:
    for key, container in services(engine, world.first).items():
        host = container.attrs["HostConfig"]
        service = by_key()[key]
        assert host["Memory"] == host["MemorySwap"] == service.memory_mib * 2**20
        assert host["NanoCpus"] == round(float(service.cpus) * 1e9)
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
        assert container.labels["pgai.preview"] == "true"


def own_shares(engine: Any, branch: str) -> bool:
    """Whether each container may use as much of the processors as its service may."""
    return all(
        container.attrs["HostConfig"]["NanoCpus"] == round(float(by_key()[key].cpus) * 1e9)
        for key, container in services(engine, branch).items()
    )


def test_a_share_that_a_killed_command_has_left_larger_is_its_own_after_the_next(world: World, engine: Any) -> None:
    backend = services(engine, world.second)["backend"].name
    subprocess.run(["docker", "update", "--cpus=1", backend], check=True, capture_output=True)
    assert not own_shares(engine, world.second)
    ok(world.clone.preview("deploy", world.second, "--commit", world.commit))
    assert own_shares(engine, world.second)


def test_a_previews_containers_have_no_way_out(world: World, engine: Any, token: str) -> None:
    connect = f"timeout 3 bash -c '</dev/tcp/{ADDRESS}/{PORT}'"
    with server_outside(token):
        elsewhere = run_once(engine, connect)
        assert elsewhere == b"", "a container with a way out gets there: else the refusals below would prove nothing"
        for key in ("target", "sink", "workload"):
            refused = services(engine, world.first)[key].exec_run(["bash", "-c", connect])
            assert refused.exit_code != 0, key


def test_list_shows_both_previews(world: World) -> None:
    rows = {row["branch"]: row for row in world.clone.json("list", "--json")}
    assert set(rows) == {world.first, world.second}
    row = rows[world.second]
    assert row["slug"] == slug_of(world.second)
    assert row["stack"] == f"preview-{row['slug']}"
    assert row["url"] == world.url(world.second)
    assert row["commit"] == world.commit
    assert row["state"] == "live"
    assert row["health"] == "7/7 healthy"
    assert row["deployed_at"].endswith("Z")
    assert row["expires_at"] > row["deployed_at"]


def test_a_second_update_by_hand_changes_nothing(world: World) -> None:
    done = world.clone.pulumi("up", "--yes", "--stack", f"preview-{slug_of(world.second)}", "--expect-no-changes")
    assert done.code == 0, done.text
    base = world.clone.pulumi("up", "--yes", "--stack", "local", "--expect-no-changes")
    assert base.code == 0, base.text


def test_pulumi_preview_works_plainly_on_every_stack(world: World) -> None:
    for stack in ("local", f"preview-{slug_of(world.first)}"):
        done = world.clone.pulumi("preview", "--json", "--stack", stack)
        assert done.code == 0, done.text
        assert set(json.loads(done.stdout)["changeSummary"]) == {"same"}


def test_a_dashboard_change_restarts_nothing_and_a_pgwatch_change_pgwatch_alone(world: World, engine: Any) -> None:
    before = service_ids(engine, world.second)
    dashboard = world.clone.path / "config/grafana/dashboards/added.json"
    dashboard.write_text(
        json.dumps({"uid": "added", "title": "Added", "panels": [], "schemaVersion": 41}), encoding="utf-8"
    )
    done = world.clone.preview("deploy", world.second)
    assert done.code == 0, done.text
    assert service_ids(engine, world.second) == before
    seen = services(engine, world.second)["grafana"].exec_run(
        ["cat", "/postgres_ai_configs/grafana/dashboards/added.json"]
    )
    assert seen.exit_code == 0

    dashboard.unlink()
    sources = world.clone.path / "config/pgwatch-prometheus/sources.yml"
    sources.write_text(sources.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    with events_of(engine, world.second, "update") as updated:
        done = world.clone.preview("deploy", world.second)
    assert done.code == 0, done.text
    after = service_ids(engine, world.second)
    assert {key for key in after if after[key] != before[key]} == {"pgwatch"}
    # It starts with more of the processors than it may use when it is well; then its processes are limited.
    assert updated == ["pgwatch", "pgwatch", "pgwatch"]
    assert own_shares(engine, world.second)


def test_a_preview_does_not_change_because_the_checkout_does(world: World, engine: Any) -> None:
    dashboard = world.clone.path / "config/grafana/dashboards/other.json"
    dashboard.write_text("{}", encoding="utf-8")
    seen = services(engine, world.first)["grafana"].exec_run(["ls", "/postgres_ai_configs/grafana/dashboards"])
    dashboard.unlink()
    assert b"other.json" not in seen.output
    assert b"activity.json" in seen.output
