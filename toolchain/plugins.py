"""Resource plugins: downloaded by the engine, or built and handed to it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from stacks.paths import Paths
from toolchain import golang
from toolchain.context import VENDOR, Context, Step, go_module
from toolchain.environment import environment
from toolchain.process import run_logged
from toolchain.report import How, Row, SetupError
from toolchain.stamps import Stamp, fingerprint
from toolchain.versions import PLUGINS, Plugin

_DOWNLOAD_SECONDS = 180.0


def binary(paths: Paths, plugin: Plugin) -> Path:
    """Where the engine keeps a plugin."""
    directory = paths.pulumi_home / "plugins" / f"resource-{plugin.name}-v{plugin.version}"
    return directory / f"pulumi-resource-{plugin.name}"


def program(paths: Paths, plugin: Plugin) -> golang.Program:
    """A plugin, as it is built."""
    name = f"pulumi-resource-{plugin.name}"
    module = go_module(paths)
    return golang.Program(
        name=name,
        module=module,
        package=f"./cmd/{name}",
        output=paths.cache / "build" / name,
        settings=(("main.version", plugin.version),),
        patches=golang.patches_in(module / "cmd" / name),
    )


def ensure(context: Context) -> list[Row]:
    """Make sure of every plugin.

    Raises:
        SetupError: One can neither be downloaded nor built.
    """
    return [_ensure(context, plugin) for plugin in PLUGINS]


def _ensure(context: Context, plugin: Plugin) -> Row:
    step = Step(context, f"Plugin {plugin.name}")
    target = binary(context.paths, plugin)
    module = go_module(context.paths)
    key = fingerprint(
        plugin.version, module / "go.mod", module / "go.sum", *(module / source for source in plugin.sources)
    )
    name = f"plugin-{plugin.name}"
    stamp = context.stamps.get(name)
    how: How
    if target.exists() and not target.parent.with_suffix(target.parent.suffix + ".partial").exists():
        if stamp is None or stamp.version != plugin.version:
            # Whoever uses the engine with our home may install plugins with it.
            return step.row(version=plugin.version, how="found", detail=str(target.parent))
        if stamp.how == "downloaded" or (stamp.key == key and not context.originals):
            return step.row(version=plugin.version, how=stamp.how, detail=str(target.parent))
    if not context.reachable(VENDOR):
        context.may_build(step.name)
    shutil.rmtree(target.parent, ignore_errors=True)
    # Stamped before it is there: an interruption in between must not make a stand-in look like somebody else's plugin.
    if context.reachable(VENDOR):
        how = "downloaded"
        context.stamps.put(name, Stamp(key=key, how=how, path=str(target), version=plugin.version))
        if _download(context, step, plugin):
            return step.row(version=plugin.version, how=how, detail=str(target.parent))
    context.may_build(step.name)
    how = "stand-in" if plugin.stand_in else "built from source"
    context.stamps.put(name, Stamp(key=key, how=how, path=str(target), version=plugin.version))
    _build(context, step, plugin)
    return step.row(version=plugin.version, how=how, detail=str(target.parent))


def _install(context: Context, plugin: Plugin, *arguments: str | Path, log: str, deadline: float) -> None:
    run_logged(
        ["pulumi", "plugin", "install", "resource", plugin.name, plugin.version, "--reinstall", *arguments],
        what=f"Installing the {plugin.name} plugin",
        log=context.log(log),
        env={**os.environ, **environment(context.paths)},
        deadline=deadline,
    )


def _download(context: Context, step: Step, plugin: Plugin) -> bool:
    step.progress(None, "downloading")
    try:
        _install(context, plugin, log=f"plugin-{plugin.name}-download", deadline=_DOWNLOAD_SECONDS)
    except SetupError:
        return False
    return binary(context.paths, plugin).exists()


def _build(context: Context, step: Step, plugin: Plugin) -> None:
    built = program(context.paths, plugin)
    step.progress(None, "building")
    golang.build(context, built, step.progress)
    step.progress(None, "installing")
    _install(context, plugin, "--file", built.output, log=built.name, deadline=120)
    built.output.unlink()
