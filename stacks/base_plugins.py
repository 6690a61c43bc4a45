"""Plugins of Grafana on a base, as its configuration names them."""

from __future__ import annotations

from typing import Any

import pulumi

from components.grafana_plugins import GrafanaPlugins, GrafanaPluginsArgs
from components.machine import Host
from stacks.paths import Paths
from stacks.plugins import bring_together, plugins_of
from stacks.settings import BaseSettings


def base_plugins(settings: BaseSettings, host: Host, opts: pulumi.ResourceOptions) -> GrafanaPlugins | None:
    """Install them; None where the base is to have none.

    Raises:
        pulumi.RunError: An archive that is given as a file cannot be read.
    """
    plugins = plugins_of(settings.grafana_plugins)
    if not plugins:
        return None
    paths = Paths.default()
    try:
        files = bring_together(plugins, paths.checkout, paths.staged(pulumi.get_stack()) / "plugins")
    except ValueError as error:
        raise pulumi.RunError(f"{error}: correct grafanaPlugins.") from None
    return GrafanaPlugins(
        "grafana-plugins",
        GrafanaPluginsArgs(host=host, name_prefix=settings.name_prefix, plugins=plugins, files=files),
        opts=opts,
    )


def outputs_of(plugins: GrafanaPlugins | None) -> dict[str, pulumi.Input[Any]]:
    """What the base tells its previews of them."""
    if plugins is None:
        return {}
    return {
        "plugins": plugins.installed,
        "plugins_volume": plugins.volume,
        "missing_plugins": plugins.missing,
    }
