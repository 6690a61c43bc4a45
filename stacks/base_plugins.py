"""Plugins of Grafana on a base, as its configuration names them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi

from components.grafana_plugins import GrafanaPlugins, GrafanaPluginsArgs, together
from components.machine import Host
from stacks.paths import Paths
from stacks.plugins import bring_together, plugins_of
from stacks.settings import BaseSettings


class BasePlugins:
    """The plugins of a base, on each of its machines.

    Args:
        settings: The base's configuration.

    Raises:
        pulumi.RunError: An archive that is given as a file cannot be read.
    """

    def __init__(self, settings: BaseSettings) -> None:
        self._prefix = settings.name_prefix
        self._plugins = plugins_of(settings.grafana_plugins)
        paths = Paths.default()
        try:
            self._files = bring_together(self._plugins, paths.checkout, paths.staged(pulumi.get_stack()) / "plugins")
        except ValueError as error:
            raise pulumi.RunError(f"{error}: correct grafanaPlugins.") from None
        self._nodes: dict[str, GrafanaPlugins] = {}

    def install(self, host: Host, opts: pulumi.ResourceOptions, node: str = "") -> list[pulumi.Resource]:
        """Install them on a machine; gives what stands for that, which is nothing where the base is to have none.

        Args:
            host: The machine.
            opts: Provider of its Docker engine.
            node: Its name in a cluster; empty where there is one machine alone.
        """
        if not self._plugins:
            return []
        args = GrafanaPluginsArgs(
            host=host, name_prefix=self._prefix, plugins=self._plugins, files=self._files, node=node
        )
        # The first machine's was the only one before there were others.
        name = f"grafana-plugins-{node}" if self._nodes else "grafana-plugins"
        self._nodes[node] = GrafanaPlugins(name, args, opts=opts)
        return [self._nodes[node]]

    def outputs(self) -> dict[str, pulumi.Input[Any]]:
        """What the base tells its previews of them: one is there where every machine has it."""
        if not self._nodes:
            return {}
        each = list(self._nodes.values())
        found: dict[str, pulumi.Input[Any]] = {
            "plugins": pulumi.Output.all(*(one.installed for one in each)).apply(_in_all),
            "plugins_volume": each[0].volume,
            "missing_plugins": pulumi.Output.all(*(one.missing for one in each)).apply(self._named),
        }
        return {**found, "plugins_folder": together(self._plugins)} if "" not in self._nodes else found

    def _named(self, each: Sequence[Sequence[str]]) -> list[str]:
        """What is missing, and on which machine where there are several."""
        return [
            f"{why} (on {node})" if node else why for node, rows in zip(self._nodes, each, strict=True) for why in rows
        ]


def _in_all(each: Sequence[Sequence[str]]) -> list[str]:
    first, *others = each
    return [plugin for plugin in first if all(plugin in rows for rows in others)]
