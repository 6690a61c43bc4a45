"""Invariants over everything that a preview declares; those of every container hold for a base's too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.services import by_key
from operations.engine.answers import PASSWORDS
from stacks import preview
from tests.equipment.recording import LOCAL_OUTPUTS, Declared, declare
from tests.policy.declared import BRANCH, SLUG, all_containers, containers, labels, preparing


def test_a_preview_is_seven_containers_named_after_its_slug(of_preview: list[Declared]) -> None:
    assert set(containers(of_preview)) == {f"preview-{SLUG}-{key}" for key in by_key()}


def test_who_runs_the_program_can_spare_the_engine_from_reading_the_base() -> None:
    asked: list[str] = []

    def read(stack: str) -> Mapping[str, Any]:
        asked.append(stack)
        return LOCAL_OUTPUTS if stack == "local" else {}

    program = partial(preview.preview, read)
    declared = declare(program, stack=f"preview-{SLUG}", config={"branch": BRANCH}, base_outputs=None)
    assert set(containers(declared)) == {f"preview-{SLUG}-{key}" for key in by_key()}
    assert asked == [f"preview-{SLUG}", "local"]


def test_a_preview_publishes_no_host_port(of_preview: list[Declared]) -> None:
    for name, inputs in containers(of_preview).items():
        assert not inputs.get("ports"), name
        assert not inputs.get("publishAllPorts"), name


def test_only_grafana_joins_the_edge_network_which_is_the_previews_own(of_preview: list[Declared]) -> None:
    for name, inputs in containers(of_preview).items():
        networks = {network["name"] for network in inputs["networksAdvanced"]}
        edge = {f"preview-{SLUG}_edge"} if name.endswith("-grafana") else set()
        assert networks == {f"preview-{SLUG}"} | edge, name


def test_no_network_of_a_preview_has_a_way_out_or_the_machine_in_it(of_preview: list[Declared]) -> None:
    networks = [one.inputs for one in of_preview if one.type.endswith(":Network")]
    assert {network["name"] for network in networks} == {f"preview-{SLUG}", f"preview-{SLUG}_edge"}
    for network in networks:
        assert network["internal"] is True
        assert network["options"] == {"com.docker.network.bridge.inhibit_ipv4": "true"}


def test_the_reverse_proxy_is_brought_to_the_previews_edge_network_alone(of_preview: list[Declared]) -> None:
    (connecting,) = [one.inputs for one in of_preview if one.name.endswith("-connect")]
    assert connecting["environment"]["SLUG"] == SLUG
    assert connecting["environment"]["BASE"] == "traefik-public"


def test_every_container_has_the_limits_of_its_service(of_preview: list[Declared]) -> None:
    for key, service in by_key().items():
        inputs = containers(of_preview)[f"preview-{SLUG}-{key}"]
        assert inputs["memory"] == inputs["memorySwap"] == service.memory_mib
        assert float(inputs["cpus"]) == float(service.cpus)


def test_everything_that_the_engine_keeps_is_labelled_with_the_slug(of_preview: list[Declared]) -> None:
    labelled = [one for one in of_preview if one.type.startswith("docker:")]
    assert len(labelled) == len(["carrier"]) + 2 + 7 + len(["network", "edge"]) + 3 + len(["secrets"])
    for one in labelled:
        assert labels(one.inputs)["pgai.preview"] == "true", one.name
        assert labels(one.inputs)["pgai.preview.slug"] == SLUG, one.name


def test_a_base_ends_by_asking_whether_previews_are_on_it(of_base: list[Declared]) -> None:
    last = of_base[-1]
    assert last.name == "guard"
    assert "cannot be destroyed" in last.inputs["delete"]
    assert last.inputs["environment"]["PREVIEWS"].endswith("/previews")


@pytest.mark.parametrize("stack", ["of_preview", "of_base"])
def test_every_container_is_hardened(stack: str, request: pytest.FixtureRequest) -> None:
    for name, inputs in containers(request.getfixturevalue(stack)).items():
        assert inputs["readOnly"] is True, name
        assert inputs["capabilities"] == {"drops": ["ALL"]}, name
        # label=disable is what the engine itself adds where the host's processes are seen.
        assert inputs["securityOpts"] == ["no-new-privileges", *(["label=disable"] if inputs.get("pidMode") else [])], (
            name
        )
        assert not inputs.get("privileged"), name
        assert any(limit["name"] == "nproc" for limit in inputs["ulimits"]), name


@pytest.mark.parametrize("stack", ["of_preview", "of_base"])
def test_every_container_restarts_and_keeps_little_log(stack: str, request: pytest.FixtureRequest) -> None:
    for name, inputs in containers(request.getfixturevalue(stack)).items():
        assert inputs["restart"] == "unless-stopped", name
        assert inputs["logDriver"] == "json-file", name
        assert inputs["logOpts"] == {"max-size": "10m", "max-file": "3"}, name


def test_every_image_is_looked_at_before_anything_runs_it(of_preview: list[Declared]) -> None:
    (slot,) = [one.inputs for one in of_preview if one.name.endswith("-slot-place")]
    looked_at = slot["environment"]["IMAGES"].split()
    assert set(looked_at) == {inputs["image"] for inputs in all_containers(of_preview).values()}
    assert len(looked_at) == len(set(looked_at))
    assert "require_plain_images" in slot["create"].splitlines()


def test_databases_are_prepared_by_containers_as_hardened_as_their_own_and_without_a_network(
    of_preview: list[Declared],
) -> None:
    assert set(preparing(of_preview)) == {f"preview-{SLUG}-{key}-init" for key in ("sink", "target")}
    for name, inputs in preparing(of_preview).items():
        service = containers(of_preview)[name.removesuffix("-init")]
        for key in ("image", "command", "user", "memory", "memorySwap", "readOnly", "capabilities", "securityOpts"):
            assert inputs[key] == service[key], (name, key)
        assert inputs["networkMode"] == "none", name
        assert inputs["restart"] == "no", name
        assert labels(inputs)["pgai.preview.service"] not in by_key(), "it would be counted as a service"
        assert "networksAdvanced" not in inputs, name


def test_only_databases_and_metrics_may_write_to_a_volume(of_preview: list[Declared]) -> None:
    writable = {
        name.rsplit("-", 1)[-1]: [
            volume["volumeName"] for volume in inputs.get("volumes") or [] if not volume.get("readOnly")
        ]
        for name, inputs in containers(of_preview).items()
    }
    assert {key: volumes for key, volumes in writable.items() if volumes} == {
        key: [f"preview-{SLUG}-{key}"] for key in ("sink", "target", "victoriametrics")
    }


def test_grafana_shows_to_anyone_and_lets_nobody_edit(of_preview: list[Declared]) -> None:
    settings = set(containers(of_preview)[f"preview-{SLUG}-grafana"]["envs"])
    assert {"GF_AUTH_ANONYMOUS_ENABLED=true", "GF_AUTH_ANONYMOUS_ORG_ROLE=Viewer"} <= settings
    assert f"GF_SERVER_ROOT_URL=https://preview-{SLUG}.localhost:8443/" in settings
    assert any(setting.startswith("GF_SECURITY_ADMIN_PASSWORD__FILE=") for setting in settings)


def test_the_reverse_proxy_routes_by_host_name_over_tls_only(of_preview: list[Declared]) -> None:
    found = labels(containers(of_preview)[f"preview-{SLUG}-grafana"])
    router = f"traefik.http.routers.preview-{SLUG}"
    assert found[f"{router}.rule"].startswith(f"Host(`preview-{SLUG}.localhost`) && !PathRegexp(`")
    assert "short-urls" in found[f"{router}.rule"], "a viewer would fill Grafana's database"
    assert found[f"{router}.entrypoints"] == "websecure"
    assert found[f"{router}.tls"] == "true"
    assert found["traefik.docker.network"] == f"preview-{SLUG}_edge"
    assert found["pgai.edge"] == "traefik-public"


def test_plain_pulumi_fills_in_the_commit_and_the_slug_of_a_chosen_image() -> None:
    chosen = json.dumps({"backend": "r.example/backend:{slug}-{commit}"})
    config = {"branch": BRANCH, "commit": "0123abcd", "images": chosen}
    declared = declare(preview.preview, stack=f"preview-{SLUG}", config=config)
    assert containers(declared)[f"preview-{SLUG}-backend"]["image"] == f"r.example/backend:{SLUG}-0123abcd"
    with pytest.raises(pulumi.RunError, match="needs a commit"):
        declare(preview.preview, stack=f"preview-{SLUG}", config={"branch": BRANCH, "images": chosen})


def test_a_changed_dashboard_changes_no_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    dashboard = tmp_path / "config/grafana/dashboards/a.json"
    dashboard.parent.mkdir(parents=True)
    seen = []
    for title in ("one", "two", "two"):
        dashboard.write_text(json.dumps({"title": title, "uid": "a"}), encoding="utf-8")
        config = {"branch": BRANCH, "configDirectory": str(tmp_path / "config")}
        seen.append(declare(preview.preview, stack=f"preview-{SLUG}", config=config))
    # Passwords are generated each time; those of the first are kept.
    one, two, again = ({each.name: each.inputs for each in declared if each.type != PASSWORDS} for declared in seen)
    # The folder, the step that brings it, and that of the copy which is kept of what proved good.
    assert {name for name in one if one[name] != two[name]} == {f"{SLUG}-files-config", f"{SLUG}-good"}
    assert two == again, "a second update finds nothing changed"
    brought = Path(one[f"{SLUG}-files-config"]["environment"]["SOURCE"], "grafana/dashboards/a.json")
    assert json.loads(brought.read_text(encoding="utf-8"))["title"] == "one", "another run may be bringing it just then"


def test_a_stack_that_is_not_its_branchs_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match="is not the one of branch"):
        declare(preview.preview, stack="preview-other", config={"branch": BRANCH})


def test_a_preview_whose_base_was_never_brought_up_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match="bring it up first"):
        declare(preview.preview, stack=f"preview-{SLUG}", config={"branch": BRANCH}, base_outputs=None)


def test_a_base_of_another_version_is_refused_naming_what_is_missing() -> None:
    outputs = {key: value for key, value in LOCAL_OUTPUTS.items() if key not in {"domain", "port"}}
    with pytest.raises(pulumi.RunError, match="does not give domain, port"):
        declare(preview.preview, stack=f"preview-{SLUG}", config={"branch": BRANCH}, base_outputs=outputs)
