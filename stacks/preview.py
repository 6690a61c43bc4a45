"""Program of a preview's stack."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pulumi

from components.cluster_environment import ClusterEnvironment
from components.environment import PreviewEnvironment
from components.environment_args import EnvironmentArgs
from components.grafana_plugins import ClusterPlugins
from components.service_files import FilesRefusedError
from components.services import SERVICES
from stacks.configuration import ConfigurationError, gather, home_of, lacking
from stacks.exchange import ReadOutputs, export_when, read_outputs, read_settings
from stacks.names import PreviewName
from stacks.outputs import BaseOutputs, OutputsError
from stacks.paths import Paths
from stacks.preview_settings import PreviewSettings
from stacks.staging import stage
from stacks.targets import target_of
from stacks.validation import SettingsError

_Environment = PreviewEnvironment | ClusterEnvironment
_CHECKOUT = Path(__file__).resolve().parents[1]


def preview(read_outputs: ReadOutputs = read_outputs, earlier_passwords: Mapping[str, str] | None = None) -> None:
    """One branch's preview.

    Args:
        read_outputs: Reads its base's outputs, and its own of before.
        earlier_passwords: See :func:`components.passwords.kept_passwords`.

    Raises:
        pulumi.RunError: The configuration, the branch's files or the base cannot be used.
    """
    stack = pulumi.get_stack()
    try:
        settings = read_settings(PreviewSettings, stack)
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None
    name = PreviewName(settings.branch)
    if stack != name.stack:
        raise pulumi.RunError(
            f"The stack {stack!r} is not the one of branch {name.branch!r}, whose slug is {name.slug!r}: "
            f"select the stack {name.stack} or correct the branch."
        )
    _require_awake(name, read_outputs)
    base = _base(settings.base, read_outputs)
    target = target_of(base)
    folders = _folders(settings, base)
    args = EnvironmentArgs(
        slot=base.slot(name.slug, name.branch),
        url=name.url(base),
        host_name=name.host(base.domain),
        host=target.host,
        images=_images(settings, base),
        folders=folders,
        home_dashboard=home_of(folders["config"]),
        record=target.record,
        earlier_passwords=earlier_passwords or {},
    )
    opts = pulumi.ResourceOptions(providers=target.providers)
    environment = base.by_runtime(
        containers=lambda: _on_machine(name, args, base, opts), services=lambda: _on_cluster(name, args, base, opts)
    )
    # A failed update changes neither the owner nor the expiry.
    export_when(environment.ready, {**settings.recorded(base).by_program(), "credentials": environment.credentials})


def _on_machine(
    name: PreviewName, args: EnvironmentArgs, base: BaseOutputs, opts: pulumi.ResourceOptions
) -> _Environment:
    return PreviewEnvironment(name.slug, args, plugins_volume=base.plugins_volume, plugins=base.plugins, opts=opts)


def _on_cluster(
    name: PreviewName, args: EnvironmentArgs, base: BaseOutputs, opts: pulumi.ResourceOptions
) -> _Environment:
    plugins = ClusterPlugins(volume=base.plugins_volume, folder=base.plugins_folder, plugins=base.plugins)
    try:
        return ClusterEnvironment(name.slug, args, encrypt_overlay=base.encrypt_overlay, plugins=plugins, opts=opts)
    except FilesRefusedError as error:
        raise pulumi.RunError(str(error)) from None


def _require_awake(name: PreviewName, read_outputs: ReadOutputs) -> None:
    """Touch nothing of a preview that sleeps: what an update replaces would run, and the rest would not."""
    # A stack that was never updated has no outputs to be read.
    with suppress(OutputsError):
        if since := read_outputs(name.stack).get("asleep_since"):
            raise pulumi.RunError(
                f"The preview of {name.branch!r} is asleep since {since}, and nothing was changed: wake it first "
                f"(./preview wake {shlex.quote(name.branch)}), or destroy it (pulumi destroy --stack {name.stack})."
            )


def _base(name: str, read_outputs: ReadOutputs) -> BaseOutputs:
    try:
        return BaseOutputs.of(name, read_outputs(name))
    except OutputsError as error:
        raise pulumi.RunError(str(error)) from None


def _images(settings: PreviewSettings, base: BaseOutputs) -> dict[str, str]:
    references = {service.key: settings.image(service) for service in SERVICES}
    # An engine's own id of an image means nothing to the other nodes of a cluster.
    ids = base.by_runtime(
        containers=lambda: settings.image_ids,
        services=lambda: {name: image for name, image in settings.image_ids.items() if "@" in image},
    )
    return {key: ids.get(reference, reference) for key, reference in references.items()}


def _folders(settings: PreviewSettings, base: BaseOutputs) -> dict[str, Path]:
    if settings.restore_directory:
        earlier = Path(settings.restore_directory)
        return {"config": earlier / "config", "workload": earlier / "workload"}
    return {"config": _configuration(settings, base), "workload": _CHECKOUT / "workload"}


def _configuration(settings: PreviewSettings, base: BaseOutputs) -> Path:
    """The branch's own files, completed."""
    try:
        found = gather((_CHECKOUT / settings.config_directory).resolve(), _CHECKOUT / "config")
    except ConfigurationError as error:
        raise pulumi.RunError(str(error)) from None
    for note in lacking(found.files, base.plugins):
        pulumi.log.warn(note)
    return stage(found, Paths.default().staged(pulumi.get_stack()))
