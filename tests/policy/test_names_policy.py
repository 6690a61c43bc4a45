"""Names of what previews have on one engine: those of two branches are never the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_docker as docker
import pytest

from components.cluster_environment import ClusterEnvironment
from components.environment import PreviewEnvironment
from components.environment_args import EnvironmentArgs
from components.grafana_plugins import ClusterPlugins
from components.services import by_key
from stacks.outputs import BaseOutputs
from stacks.targets import LocalHost
from tests.equipment.recording import LOCAL_OUTPUTS, Recorder

# Whatever follows a slug in the name of something that a preview has may be the end of another branch's name.
_ENDS = ("edge", "init", "secrets", "sink-init", "target-init", *by_key())

_RUNTIMES = pytest.mark.parametrize("runtime", ["machine", "cluster"])


class _Earlier(Recorder):
    """An engine on which networks have names that an earlier version has given them."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        identity, state = super().new_resource(args)
        if args.typ.endswith(":Network"):
            state["name"] = f"earlier-{args.name}"
        elif args.name.endswith("-networks"):
            stem = args.name.removesuffix("-networks")
            state["stdout"] = f"earlier-{stem}-network earlier-{stem}-edge"
        return identity, state


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """A preview's files, which have no part in names."""
    made = {top: tmp_path / top for top in ("config", "workload")}
    for folder in made.values():
        folder.mkdir()
    return made


def _declared(slug: str, runtime: str, folders: Mapping[str, Path], engine: Recorder) -> Recorder:
    base = BaseOutputs.of("local", LOCAL_OUTPUTS)
    args = EnvironmentArgs(
        slot=base.slot(slug, slug), url=f"https://{slug}", host_name=slug, host=LocalHost(base.host_directory),
        images={}, folders=folders, home_dashboard="",
    )  # fmt: skip

    def program() -> None:
        if runtime == "machine":
            PreviewEnvironment(slug, args)
        else:
            plugins = ClusterPlugins(volume="", folder="", plugins=())
            ClusterEnvironment(slug, args, encrypt_overlay=False, plugins=plugins)

    pulumi.runtime.set_mocks(engine, stack=f"preview-{slug}", preview=False)
    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return engine


def _names(engine: Recorder) -> set[tuple[str, str]]:
    """Kind and name of all that Docker, the reverse proxy and the machine's disk have of a preview."""
    found = set()
    for one in engine.declared:
        if one.type.startswith("docker:"):
            found.add((one.type, one.inputs["name"]))
        for label in one.inputs.get("labels", ()):
            if label["label"].startswith(("traefik.http.routers.", "traefik.http.services.")):
                found.add(("route", label["label"]))
        found |= {("place", one.inputs.get("environment", {}).get(name, "")) for name in ("DIRECTORY", "DESTINATION")}
    return {(kind, name) for kind, name in found if name}


@_RUNTIMES
def test_previews_of_two_branches_share_no_name(runtime: str, folders: dict[str, Path]) -> None:
    names = _names(_declared("x", runtime, folders, Recorder()))
    assert len(names) > 2 * len(by_key())
    for end in _ENDS:
        others = _names(_declared(f"x-{end}", runtime, folders, Recorder()))
        assert not names & others, end


@_RUNTIMES
def test_a_live_preview_keeps_the_networks_that_it_has_and_is_reached_by_them(
    runtime: str, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {}

    def network(resource: str, opts: pulumi.ResourceOptions, **given: Any) -> docker.Network:
        kept[resource] = opts.ignore_changes
        return original(resource, opts=opts, **given)

    original = docker.Network
    monkeypatch.setattr(docker, "Network", network)
    of_all = {one.name: one.inputs for one in _declared("x", runtime, folders, _Earlier()).declared}
    assert kept == {"x-network": ["name", "options"], "x-edge": ["name", "options"]}, "they are not made anew"
    routing = {label["label"]: label["value"] for label in of_all["x-grafana"]["labels"]}
    provider = "docker" if runtime == "machine" else "swarm"
    assert routing[f"traefik.{provider}.network"] == "earlier-x-edge"
    if runtime == "machine":
        assert [one["name"] for one in of_all["x-grafana"]["networksAdvanced"]] == [
            "earlier-x-network", "earlier-x-edge",
        ]  # fmt: skip
