"""Container images: already there, pulled, or built from a recipe."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from toolchain import golang, recipes, wheels
from toolchain.context import Context, Step
from toolchain.docker import connect
from toolchain.image_build import archive, count_layers, count_steps
from toolchain.process import is_root
from toolchain.recipes import BASE, RECIPES, Recipe
from toolchain.report import How, Row, SetupError
from toolchain.rootfs import root_file_system
from toolchain.stamps import inputs

if TYPE_CHECKING:
    from docker import APIClient

RECIPE_LABEL = "pgai.recipe"
STAND_IN_LABEL = "pgai.stand-in"

# The engine says something every second while it pulls; one that cannot reach a registry is silent for long.
_PULL_SECONDS = 30.0
_BUILD_SECONDS = 900.0


def ensure(context: Context, references: Sequence[str]) -> list[Row]:
    """Make sure of every image.

    Raises:
        SetupError: One can neither be pulled nor built.
    """
    client = connect(_PULL_SECONDS)
    builder = connect(_BUILD_SECONDS)
    try:
        images = _Images(context, client.api, builder.api)
        return [images.ensure(reference) for reference in dict.fromkeys(references)]
    finally:
        client.close()
        builder.close()


def registry_of(reference: str) -> str:
    """Host of the registry that a reference names."""
    first, slash, _ = reference.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"


class _Images:
    """The images of one engine.

    Args:
        context: Of the run.
        client: Docker API with a short time-out.
        builder: Docker API with a long one: a step of a build may be silent for minutes.
    """

    def __init__(self, context: Context, client: APIClient, builder: APIClient) -> None:
        self._context = context
        self._client = client
        self._builder = builder
        self._checkout = context.paths.checkout
        self._unreachable: dict[str, str] = {}
        self._labels: dict[str, dict[str, str]] = {}
        self._identifiers: dict[str, str] = {}
        for image in client.images():
            for tag in image.get("RepoTags") or ():
                self._labels[tag] = image.get("Labels") or {}
                self._identifiers[tag] = image["Id"]

    def ensure(self, reference: str) -> Row:
        step = Step(self._context, f"Image {reference}")
        name, _, version = reference.rpartition(":")
        version = version if name else ""
        recipe = RECIPES.get(reference)
        labels = self._labels.get(reference)
        built_here = labels is not None and RECIPE_LABEL in labels
        if labels is not None and not built_here:
            return step.row(version=version, how="found", detail="in the engine")
        if built_here and recipe is not None and labels is not None and not self._context.originals:
            if labels[RECIPE_LABEL] == recipes.key(self._checkout, recipe):
                return step.row(version=version, how=_how(recipe), detail=_detail(recipe))
        elif self._pull(step, reference):
            return step.row(version=version, how="downloaded", detail=registry_of(reference))
        if recipe is None:
            reason = self._unreachable.get(registry_of(reference)) or "the registry does not have it"
            raise SetupError(
                f"The image {reference} cannot be pulled ({reason}) and there is no recipe to build it from: "
                "check its name, or pull it by hand."
            )
        self._context.may_build(step.name)
        self._build(step, reference, recipe)
        if built_here:
            self._remove_old(reference)
        return step.row(version=version, how=_how(recipe), detail=_detail(recipe))

    def _pull(self, step: Step, reference: str) -> bool:
        """Pull an image, unless its registry has turned out to be unreachable."""
        import docker
        import requests

        registry = registry_of(reference)
        if registry in self._unreachable:
            return False
        step.progress(None, "pulling")
        try:
            repository, _, tag = reference.rpartition(":")
            layers: dict[str, float] = {}
            for event in self._client.pull(repository, tag=tag, stream=True, decode=True):
                count_layers(step, layers, event)
        except docker.errors.NotFound:
            return False
        except (docker.errors.APIError, requests.RequestException, OSError) as exc:
            text = str(exc).lower()
            if "not found" not in text and "manifest unknown" not in text and "denied" not in text:
                self._unreachable[registry] = f"{registry} cannot be reached"
            return False
        return True

    def _build(self, step: Step, reference: str, recipe: Recipe) -> None:
        self._ensure_base(step)
        folder = recipes.directory(self._checkout, recipe)
        if not (folder / "Dockerfile").exists():
            raise SetupError(
                f"The image {reference} cannot be pulled and its recipe {folder} has no Dockerfile: "
                "check out the whole repository."
            )
        extra = wheels.download(self._context, folder, step.progress)
        program = recipes.program(self._context.paths, recipe)
        if program is not None:
            golang.build(self._context, program, step.progress)
            extra.append((program.output, recipe.folder))
        files = [(path, path.relative_to(folder).as_posix()) for path in inputs(folder) if recipes.is_context(path)]
        labels = {RECIPE_LABEL: recipes.key(self._checkout, recipe)}
        if recipe.stand_in:
            labels[STAND_IN_LABEL] = "true"
        self._run_build(step, reference, recipe, archive([*files, *extra]), labels)

    def _run_build(
        self, step: Step, reference: str, recipe: Recipe, context: io.BytesIO, labels: dict[str, str]
    ) -> None:
        import docker
        import requests

        log = self._context.log(f"image-{recipe.folder}")
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with log.open("a") as sink:
                for event in self._builder.build(
                    fileobj=context,
                    custom_context=True,
                    tag=reference,
                    labels=labels,
                    decode=True,
                    rm=True,
                    forcerm=True,
                ):
                    text = str(event.get("stream") or event.get("error") or "")
                    sink.write(text)
                    if "error" in event:
                        raise SetupError(
                            f"Building the image {reference} failed: {text.strip().rstrip('.')}; see {log}."
                        )
                    count_steps(step, text)
        except (docker.errors.DockerException, requests.RequestException) as exc:
            raise SetupError(f"Building the image {reference} failed: {exc}; see {log}.") from exc

    def _remove_old(self, reference: str) -> None:
        """Remove what a rebuilt image has replaced, unless a container still uses it."""
        import docker

        with contextlib.suppress(docker.errors.APIError):
            self._client.remove_image(self._identifiers[reference])

    def _ensure_base(self, step: Step) -> None:
        key = recipes.base_key(self._checkout)
        if self._labels.get(BASE, {}).get(RECIPE_LABEL) == key:
            return
        if not is_root():
            raise SetupError(
                f"{step.name} cannot be pulled, and building it starts from a Debian system that only root can put "
                "together: make the registry reachable, or run `./preview setup` once as root."
            )
        labels = {RECIPE_LABEL: key}
        with root_file_system(self._context, step) as system:
            changes = [*(f"LABEL {name}={value}" for name, value in labels.items()), 'CMD ["bash"]']
            repository, _, tag = BASE.rpartition(":")
            self._builder.import_image_from_file(str(system), repository=repository, tag=tag, changes=changes)
        self._labels[BASE] = labels


def _how(recipe: Recipe) -> How:
    return "stand-in" if recipe.stand_in else "built from source"


def _detail(recipe: Recipe) -> str:
    return f"offline/images/{recipe.folder}"
