"""Grafana's plugins, installed once for a base and lent to the Grafana of each preview."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_docker as docker

from components.files import digest_of
from components.hardening import hardened
from components.host_scripts import script
from components.labels import FILES, PART_OF_BASE, PREPARING
from components.machine import Host
from components.plugin import Plugin
from components.service_spec import PLUGINS_MOUNT
from components.services import GRAFANA

_FILES = "/plugin-files"
_CATALOGUE = "catalogue"
_SECONDS_EACH = 60
_RESULT = re.compile(r"^(installed|missing) (\S+?)(?:: ([^\r\n]*))?\r?$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class GrafanaPluginsArgs:
    """What is installed, and where.

    Attributes:
        host: The machine.
        name_prefix: Put before the names of the volume and of the container.
        plugins: The plugins; at least one.
        files: Folder on this machine with the archives of those that are given as files.
        node: Name of the machine in a cluster; empty where there is one alone.
    """

    host: Host
    name_prefix: str
    plugins: Sequence[Plugin]
    files: Path | None
    node: str = ""


class GrafanaPlugins(pulumi.ComponentResource):
    """A volume of plugins, filled by a container that runs to its end once.

    One that cannot be had is left out: a base without it can do all but show the panels that need it.

    Attributes:
        volume: Name of the volume.
        installed: ``ID@VERSION`` of the plugins that are on it.
        missing: ``ID@VERSION`` of the others, each with the reason.
    """

    volume: pulumi.Output[str]
    installed: pulumi.Output[list[str]]
    missing: pulumi.Output[list[str]]

    def __init__(self, name: str, args: GrafanaPluginsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("preview:grafana_plugins:GrafanaPlugins", name, None, opts)
        volume = docker.Volume(
            f"{name}-volume",
            name=f"{args.name_prefix}grafana-plugins",
            labels=[docker.VolumeLabelArgs(label=PART_OF_BASE, value="true")],
            # On a node that lost its disk, a Grafana that the Swarm puts there first has Docker make the volume, bare.
            # It is as good, and in use, so that it cannot be replaced.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["labels"]),
        )
        volumes = [docker.ContainerVolumeArgs(container_path=PLUGINS_MOUNT, volume_name=volume.name)]
        labels, placed = {PART_OF_BASE: "true"}, []
        if args.files:
            digest = digest_of({"plugins": args.files})
            of_node = f"-{args.node}" if args.node else ""
            directory = f"{args.host.directory}/{args.name_prefix}grafana-plugin-files{of_node}"
            child = pulumi.ResourceOptions(parent=self)
            placed = [
                args.host.copy(f"{name}-files", source=args.files, destination=directory, digest=digest, opts=child)
            ]
            volumes.append(docker.ContainerVolumeArgs(container_path=_FILES, host_path=directory, read_only=True))
            labels[FILES] = digest
        installer = docker.Container(
            f"{name}-init",
            name=f"{args.name_prefix}grafana-plugins{PREPARING}",
            image=GRAFANA.image,
            entrypoints=["/bin/sh", "-c", script("install_plugins"), "install_plugins"],
            command=[part for plugin in args.plugins for part in (plugin.id, plugin.version, _source(plugin))],
            envs=[
                f"PLUGINS={PLUGINS_MOUNT}",
                f"SECONDS_EACH={_SECONDS_EACH}",
                f"TOGETHER={together(args.plugins) if args.node else ''}",
            ],
            # Whose is what the image has at that path, and so the volume.
            user=GRAFANA.user,
            # The only network that every engine has; the vendor is out there.
            network_mode="bridge",
            tmpfs={"/tmp": "size=16m"},  # noqa: S108
            volumes=volumes,
            # Its end is waited for, and what it says is what there is.
            attach=True,
            logs=True,
            must_run=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=placed, delete_before_replace=True),
            **hardened(labels=labels, memory_mib=GRAFANA.memory_mib, cpus="1", restart="no"),
        )
        results = installer.container_logs.apply(results_of)
        self.volume = volume.name
        self.installed = results.apply(lambda rows: [plugin for word, plugin, _ in rows if word == "installed"])
        self.missing = results.apply(
            lambda rows: [f"{plugin}: {why}" for word, plugin, why in rows if word == "missing"]
        )
        self.missing.apply(lambda rows: _warn(rows, args.node, installer))
        self.register_outputs({})


def results_of(log: str | None) -> list[tuple[str, str, str]]:
    """What came of each plugin: ``installed`` or ``missing``, ``ID@VERSION``, and the reason."""
    return _RESULT.findall(log or "")


def _source(plugin: Plugin) -> str:
    # Docker's provider refuses an argument that is empty.
    return f"{_FILES}/{plugin.archive}" if plugin.is_file else plugin.source or _CATALOGUE


def _warn(missing: Iterable[str], node: str, resource: pulumi.Resource) -> None:
    for plugin in missing:
        pulumi.log.warn(
            f"{node or 'This base'} comes up without Grafana's plugin {plugin}. Panels that need it stay empty. To try "
            "again, remove the container that installs it and run pulumi up --refresh.",
            resource,
        )


def together(plugins: Iterable[Plugin]) -> str:
    """Folder with these plugins side by side, on the volume of each machine of a cluster.

    A service of a Swarm can have a volume as a whole alone, and that has plugins of former settings too.
    """
    names = " ".join(sorted(str(plugin) for plugin in plugins))
    return f"{PLUGINS_MOUNT}/together/{hashlib.sha256(names.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, kw_only=True)
class ClusterPlugins:
    """Plugins that each machine of a cluster has, as a preview's Grafana is told of them.

    Attributes:
        volume: Name of the volume on each machine.
        folder: Where they are side by side on it, as a container sees it; empty where there are none.
        plugins: ``ID@VERSION`` of those that every machine has.
    """

    volume: str
    folder: str
    plugins: Sequence[str]

    def mounts(self) -> list[docker.ServiceTaskSpecContainerSpecMountArgs]:
        """What Grafana sees of them, and cannot write."""
        if not self.plugins:
            return []
        return [
            docker.ServiceTaskSpecContainerSpecMountArgs(
                type="volume", source=self.volume, target=PLUGINS_MOUNT, read_only=True
            )
        ]

    def environment(self) -> dict[str, str]:
        """Where Grafana finds them; its container is made anew when, and only when, they are others."""
        if not self.plugins:
            return {}
        return {"GF_PATHS_PLUGINS": self.folder, "PREVIEW_PLUGINS": " ".join(sorted(self.plugins))}


def plugin_mounts(volume: str, plugins: Iterable[str]) -> list[docker.ContainerMountArgs]:
    """What the Grafana of a preview sees of a base's plugins, and cannot write.

    Each is mounted by itself, so that a Grafana is made anew when, and only when, one of its plugins is another.

    Args:
        volume: Name of the base's volume.
        plugins: ``ID@VERSION`` of those that are on it.
    """
    return [
        docker.ContainerMountArgs(
            type="volume",
            source=volume,
            target=f"{PLUGINS_MOUNT}/{plugin.partition('@')[0]}",
            read_only=True,
            volume_options=docker.ContainerMountVolumeOptionsArgs(subpath=f"{plugin}/{plugin.partition('@')[0]}"),
        )
        for plugin in sorted(plugins)
    ]
