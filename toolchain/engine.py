"""The Pulumi engine with its Python language host: found, downloaded or built."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from stacks.paths import Paths
from toolchain import golang
from toolchain.context import VENDOR, Context, Step, go_module
from toolchain.process import output_of, run_logged
from toolchain.report import Row, SetupError
from toolchain.stamps import Stamp, fingerprint
from toolchain.versions import ENGINE, at_least

STAMP = "engine"
_HOST = "pulumi-language-python"
_HOST_STAMP = "language-host"
_SDK = "github.com/pulumi/pulumi/sdk/v3"

# The vendor's Automation API downloads and runs the official installer. It knows no time limit, so it runs apart.
_INSTALL = (
    "import sys; from pulumi.automation import PulumiCommand; from semver import VersionInfo; "
    "PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]), skip_version_check=True)"
)
_INSTALL_SECONDS = 300.0


def ensure(context: Context) -> list[Row]:
    """Make sure of engine and language host.

    Raises:
        SetupError: Neither way works.
    """
    step = Step(context, "Pulumi engine")
    on_path = _on_path(context)
    if on_path is not None:
        context.stamps.put(STAMP, on_path)
        return [step.row(version=on_path.version, how="found", detail=on_path.path)]
    target = context.paths.bin_dir / "pulumi"
    key = fingerprint(ENGINE, go_module(context.paths) / "go.mod", go_module(context.paths) / "go.sum")
    ours = context.stamps.get("engine-ours")
    if (
        ours is not None
        and target.exists()
        and (ours.how == "downloaded" or (ours.key == key and not context.originals))
    ):
        stamp = ours
    elif _download(context, step):
        stamp = Stamp(key=key, how="downloaded", path=str(target), version=ENGINE)
    else:
        context.may_build(step.name)
        _build(context, step)
        stamp = Stamp(key=key, how="built from source", path=str(target), version=ENGINE)
    context.stamps.put("engine-ours", stamp)
    context.stamps.put(STAMP, stamp)
    rows = [step.row(version=ENGINE, how=stamp.how, detail=str(target))]
    if stamp.how == "built from source":
        rows.append(_language_host(context))
    return rows


def _on_path(context: Context) -> Stamp | None:
    """An engine that the machine has anyway: new enough, and with a language host beside it or on PATH."""
    ours = context.paths.bin_dir.resolve()
    search = os.pathsep.join(
        part for part in os.environ.get("PATH", "").split(os.pathsep) if part and Path(part).resolve() != ours
    )
    found = shutil.which("pulumi", path=search)
    if found is None:
        return None
    path = Path(found)
    if not (path.resolve().with_name(_HOST).exists() or shutil.which(_HOST, path=search)):
        return None
    status = path.stat()
    key = fingerprint(found, str(status.st_mtime_ns), str(status.st_size))
    known = context.stamps.get("engine-on-path")
    if known is None or known.key != key:
        version = output_of([found, "version"], env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}).lstrip("v")
        known = Stamp(key=key, how="found", path=found, version=version)
        context.stamps.put("engine-on-path", known)
    return known if at_least(known.version, ENGINE) else None


def _download(context: Context, step: Step) -> bool:
    if not context.reachable(VENDOR):
        return False
    step.progress(None, "downloading")
    try:
        run_logged(
            [sys.executable, "-P", "-c", _INSTALL, context.paths.cache, ENGINE],
            what="Installing the Pulumi engine",
            log=context.log("engine-download"),
            deadline=_INSTALL_SECONDS,
        )
    except SetupError:
        return False
    return (context.paths.bin_dir / "pulumi").exists()


def program(paths: Paths) -> golang.Program:
    """The engine, as it is built."""
    return golang.Program(
        name="pulumi",
        module=go_module(paths),
        package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        output=paths.bin_dir / "pulumi",
        settings=((f"{_SDK}/go/common/version.Version", ENGINE),),
    )


def _build(context: Context, step: Step) -> None:
    step.progress(None, "building: the vendor's site cannot be reached")
    golang.build(context, program(context.paths), step.progress)


def _language_host(context: Context) -> Row:
    """The stand-in that goes with a built engine, and the SDK's script that it runs."""
    step = Step(context, "Python language host")
    target = context.paths.bin_dir / _HOST
    script = target.with_name(f"{_HOST}-exec")
    module = go_module(context.paths)
    key = fingerprint(
        ENGINE, module / "go.mod", module / "go.sum", module / "cmd" / _HOST, module / "internal" / "pythonhost"
    )
    stamp = context.stamps.get(_HOST_STAMP)
    if stamp is None or stamp.key != key or not target.exists() or not script.exists():
        program = golang.Program(
            name=_HOST, module=module, package=f"./cmd/{_HOST}", output=target, settings=(("main.version", ENGINE),)
        )
        golang.build(context, program, step.progress)
        go = golang.find_go(context, step.progress)
        sdk = output_of([go, "-C", module, "list", "-m", "-f", "{{.Dir}}", _SDK])
        try:
            partial = script.with_name(f".{script.name}.partial")
            partial.write_bytes(Path(sdk, "python", "cmd", script.name).read_bytes())
            partial.chmod(0o755)
            partial.replace(script)
        except OSError as exc:
            raise SetupError(
                f"The language host's script {script.name} is not in the module cache ({exc.strerror}): "
                "run `go clean -modcache` and try again."
            ) from exc
        context.stamps.put(_HOST_STAMP, Stamp(key=key, how="stand-in", path=str(target), version=ENGINE))
    return step.row(version=ENGINE, how="stand-in", detail=str(target))
