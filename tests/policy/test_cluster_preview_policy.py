"""Invariants over everything that a preview on a cluster declares."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.services import SECRETS, by_key
from stacks import preview
from tests.equipment.recording import LOCAL_OUTPUTS, Declared, declare
from tests.policy.declared import BRANCH, SLUG, container_specs, containers, labels, plain, services

NODES = [
    {"name": f"node-{number}", "docker_host": f"unix:///run/c-{number}.sock", "address": "", "ssh_host_key": ""}
    for number in (1, 2, 3)
]
OUTPUTS = {**LOCAL_OUTPUTS, "nodes": NODES}


@pytest.fixture(scope="module")
def on_cluster() -> list[Declared]:
    return declare(preview.preview, stack=f"preview-{SLUG}", config={"branch": BRANCH}, base_outputs=OUTPUTS)


def test_a_preview_on_a_cluster_is_seven_services_of_one_container_each(on_cluster: list[Declared]) -> None:
    assert set(services(on_cluster)) == set(by_key())
    assert not containers(on_cluster)
    for key, inputs in services(on_cluster).items():
        assert inputs["mode"] == {"replicated": {"replicas": 1}}, key


def test_no_service_publishes_a_port_or_has_an_address_for_several(on_cluster: list[Declared]) -> None:
    for key, inputs in services(on_cluster).items():
        assert inputs["endpointSpec"] == {"mode": "dnsrr"}, key


def test_no_service_sees_a_path_of_a_node_or_leaves_a_volume_on_it(on_cluster: list[Declared]) -> None:
    for key, spec in container_specs(on_cluster).items():
        for mount in spec["mounts"]:
            assert mount["type"] in ("tmpfs", "volume"), key
            assert "source" not in mount, f"{key}: a volume with a name would stay on the node"


def test_every_service_is_as_hardened_as_a_swarm_can_say(on_cluster: list[Declared]) -> None:
    # No new privileges and limits of processes are in the configuration of the nodes' engines.
    for key, spec in container_specs(on_cluster).items():
        assert spec["readOnly"] is True, key
        assert spec["capDrops"] == ["ALL"], key
        assert "capAdds" not in spec, key
    for key, inputs in services(on_cluster).items():
        log = inputs["taskSpec"]["logDriver"]
        assert log == {"name": "json-file", "options": {"max-size": "10m", "max-file": "3"}}, key


def test_what_a_service_may_use_is_kept_free_for_it(on_cluster: list[Declared]) -> None:
    for key, service in by_key().items():
        resources = services(on_cluster)[key]["taskSpec"]["resources"]
        assert resources["limits"] == resources["reservation"], key
        assert resources["limits"]["memoryBytes"] == service.memory_mib * 1024 * 1024, key
        assert resources["limits"]["nanoCpus"] == round(float(service.cpus) * 1e9), key


def test_a_service_runs_what_the_container_of_one_machine_runs(
    on_cluster: list[Declared], of_preview: list[Declared]
) -> None:
    for key, spec in container_specs(on_cluster).items():
        single = containers(of_preview)[f"preview-{SLUG}-{key}"]
        assert spec["image"] == single["image"], key
        assert spec.get("user") == single.get("user"), key
        assert spec.get("commands") == single.get("entrypoints"), key
        assert spec.get("args") == single.get("command"), key
        assert [f"{name}={value}" for name, value in sorted(spec.get("env", {}).items())] == single["envs"], key
        assert spec.get("healthcheck", {}).get("tests") == single.get("healthcheck", {}).get("tests"), key
        assert spec["hostname"] == single["hostname"], key
        networks = services(on_cluster)[key]["taskSpec"]["networksAdvanceds"]
        assert networks[0]["aliases"] == single["networksAdvanced"][0]["aliases"], key
        writable = {mount["target"] for mount in spec["mounts"]}
        data = {one["containerPath"] for one in single.get("volumes", []) if not one.get("readOnly")}
        assert writable == set(single["tmpfs"]) | data, key


def test_no_network_on_a_cluster_has_a_way_out_and_only_the_reverse_proxy_can_be_brought_to_one(
    on_cluster: list[Declared],
) -> None:
    networks = {one.inputs["name"]: one.inputs for one in on_cluster if one.type.endswith(":Network")}
    assert {name: network["attachable"] for name, network in networks.items()} == {
        f"preview-{SLUG}": False,
        f"preview-{SLUG}_edge": True,
    }
    for network in networks.values():
        assert network["driver"] == "overlay"
        assert network["internal"] is True
    joined = {key: len(one["taskSpec"]["networksAdvanceds"]) for key, one in services(on_cluster).items()}
    assert joined == {key: 2 if key == "grafana" else 1 for key in by_key()}


def test_networks_are_encrypted_where_the_base_says_so(on_cluster: list[Declared]) -> None:
    encrypted = declare(
        preview.preview,
        stack=f"preview-{SLUG}",
        config={"branch": BRANCH},
        base_outputs={**OUTPUTS, "encrypt_overlay": True},
    )
    for declared, options in ((on_cluster, None), (encrypted, {"encrypted": ""})):
        found = [one.inputs.get("options") for one in declared if one.type.endswith(":Network")]
        assert found == [options, options]


def test_everything_that_a_swarm_keeps_is_labelled_with_the_slug(on_cluster: list[Declared]) -> None:
    kept = [one for one in on_cluster if one.type.startswith("docker:")]
    assert {one.type.rsplit(":", 1)[-1] for one in kept} == {"Network", "Secret", "Service", "ServiceConfig"}
    for one in kept:
        for found in (labels(one.inputs), *([labels(_spec(one))] if one.type.endswith(":Service") else [])):
            assert found["pgai.preview"] == "true", one.name
            assert found["pgai.preview.slug"] == SLUG, one.name
            assert found["pgai.preview.base"] == "traefik-public", one.name


def _spec(service: Declared) -> Mapping[str, Any]:
    found: Mapping[str, Any] = service.inputs["taskSpec"]["containerSpec"]
    return found


def test_a_service_reads_its_secrets_as_its_user_alone_and_no_other(on_cluster: list[Declared]) -> None:
    for key, service in by_key().items():
        user, _, group = (service.user or "0").partition(":")
        mounted = container_specs(on_cluster)[key].get("secrets", [])
        assert {one["secretName"] for one in mounted} == {f"preview-{SLUG}.{name}" for name in service.secrets}, key
        for one in mounted:
            assert one["secretName"] == f"preview-{SLUG}.{one['fileName']}"
            assert (one["fileUid"], one["fileGid"], one["fileMode"]) == (user, group or "0", 0o400), key


def test_passwords_reach_the_swarm_as_secrets_and_nothing_else(on_cluster: list[Declared]) -> None:
    kept = [one for one in on_cluster if one.type.endswith("/secret:Secret")]
    assert len(kept) > len(SECRETS)
    assert all(b"generated-" in base64.b64decode(plain(one.inputs["data"])) for one in kept)
    for one in on_cluster:
        if one not in kept:
            assert "generated-" not in json.dumps(one.inputs), one.name


def test_routes_are_on_the_service_and_not_on_its_containers(on_cluster: list[Declared]) -> None:
    for key, inputs in services(on_cluster).items():
        routed = {name: value for name, value in labels(inputs).items() if name.startswith("traefik.")}
        assert bool(routed) == (key == "grafana"), key
        assert not [name for name in labels(inputs["taskSpec"]["containerSpec"]) if name.startswith("traefik.")], key
    found = labels(services(on_cluster)["grafana"])
    assert found["traefik.swarm.network"] == f"preview-{SLUG}_edge"
    rule = found[f"traefik.http.routers.preview-{SLUG}.rule"]
    assert rule.startswith(f"Host(`preview-{SLUG}.localhost`) && !PathRegexp(`")
    assert "short-urls" in rule, "a viewer would fill Grafana's database"
    assert found["pgai.edge"] == "traefik-public"


def test_a_container_that_ends_is_started_again_and_two_never_need_the_room_of_two(on_cluster: list[Declared]) -> None:
    for key, inputs in services(on_cluster).items():
        # Engines stop first where nothing else is said.
        assert "order" not in inputs.get("updateConfig", {}), key
        assert inputs["taskSpec"]["restartPolicy"]["condition"] == "any", key
        assert inputs["taskSpec"]["restartPolicy"]["maxAttempts"] == 0, key


def _awaited(declared: list[Declared]) -> list[str]:
    (found,) = [one.inputs["triggers"] for one in declared if one.name.endswith("-good")]
    return [str(one) for one in found]


def test_whatever_runs_anew_is_waited_for_though_its_service_stays_the_same(on_cluster: list[Declared]) -> None:
    # The provider does not wait, whose looks are five seconds apart.
    assert not [key for key, inputs in services(on_cluster).items() if "convergeConfig" in inputs]
    changed = {
        image: declare(
            preview.preview,
            stack=f"preview-{SLUG}",
            config={"branch": BRANCH, "images": json.dumps({service: image})},
            base_outputs=OUTPUTS,
        )
        for service, image in (("sink", "postgres:15.1"), ("grafana", "grafana/grafana:12.0.3"))
    }
    everything = _awaited(on_cluster)
    assert len(everything) == 7
    for image, other in changed.items():
        assert len(set(_awaited(other)) - set(everything)) == 1, image


def test_a_preview_on_a_cluster_asks_its_manager_for_a_slot_and_not_for_memory(on_cluster: list[Declared]) -> None:
    (slot,) = [one.inputs for one in on_cluster if one.name.endswith("-slot-place")]
    assert slot["environment"]["RUNTIME"] == "services"
    assert slot["environment"]["MEMORY_GB"] == "0"
    used = {inputs["taskSpec"]["containerSpec"]["image"] for inputs in services(on_cluster).values()}
    assert set(slot["environment"]["IMAGES"].split()) == used, "each is looked at first"


def test_a_changed_dashboard_changes_the_service_of_grafana_alone(on_cluster: list[Declared], tmp_path: Path) -> None:
    dashboards = tmp_path / "grafana/dashboards"
    dashboards.mkdir(parents=True)
    changed = json.loads((preview._CHECKOUT / "config/grafana/dashboards/preview.json").read_text(encoding="utf-8"))
    changed["title"] = "changed"
    (dashboards / "preview.json").write_text(json.dumps(changed), encoding="utf-8")
    for file in (preview._CHECKOUT / "config/grafana/dashboards").glob("*.json"):
        if file.name != "preview.json":
            (dashboards / file.name).write_bytes(file.read_bytes())
    other = declare(
        preview.preview,
        stack=f"preview-{SLUG}",
        config={"branch": BRANCH, "configDirectory": str(tmp_path)},
        base_outputs=OUTPUTS,
    )
    differ = [key for key, inputs in services(other).items() if inputs != services(on_cluster)[key]]
    assert differ == ["grafana"]


def test_an_engines_own_id_of_an_image_is_of_no_use_on_other_nodes() -> None:
    own, known = f"sha256:{'a' * 64}", f"grafana/grafana@sha256:{'b' * 64}"
    ids = {"postgres:15": own, "grafana/grafana:12.0.2": known}
    declared = declare(
        preview.preview,
        stack=f"preview-{SLUG}",
        config={"branch": BRANCH, "imageIds": json.dumps(ids)},
        base_outputs=OUTPUTS,
    )
    specs = container_specs(declared)
    assert specs["sink"]["image"] == "postgres:15"
    assert specs["grafana"]["image"] == known


def test_files_that_a_cluster_does_not_take_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    dashboard = tmp_path / "grafana/dashboards/large.json"
    dashboard.parent.mkdir(parents=True)
    dashboard.write_text(json.dumps({"title": "large", "uid": "large", "description": "x" * 1_100_000}))
    with pytest.raises(pulumi.RunError, match=r"a file of a preview has 1\.0 MB at most.*large\.json \(1\.1 MB\)"):
        declare(
            preview.preview,
            stack=f"preview-{SLUG}",
            config={"branch": BRANCH, "configDirectory": str(tmp_path)},
            base_outputs=OUTPUTS,
        )
