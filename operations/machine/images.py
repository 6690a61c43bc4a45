"""The images on the machine of a base: looked for, pulled, and kept from its clean-up."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from docker.auth import get_config_header, resolve_repository_name
from docker.errors import APIError, NotFound
from docker.utils import parse_repository_tag

from components.labels import is_reserved
from operations.at_once import at_once
from operations.errors import RefusedError
from operations.machine.connection import Api, Connection, posted, reason_of

KEPT = "pgai-preview"
"""Repository of the names that this project gives to images, others each hour."""

_SHORT_ID = 12
_PULL_SECONDS = 1800
_SILENT_SECONDS = 300
_REMEDY = "remove the reason and try again"


class Images(Connection):
    """Images that previews run."""

    def use_images(self, references: Iterable[str], on_pull: Callable[[str], None]) -> dict[str, str]:
        """Ids of images, those that are not there pulled first.

        Each gets a name that nobody moves, and another one every hour: by the time of its last new name the machine's
        clean-up sees that an image is wanted, and Docker's provider finds none that has lost its last name.

        Args:
            references: The images.
            on_pull: Told of each that is about to be pulled.

        Returns:
            Reference → id.

        Raises:
            RefusedError: An image is neither there nor can it be pulled, or has a label that its container must not
                have.
            OperationError: Docker does not say, or does not get to the end of a pull.
        """
        names = sorted(set(references))
        found = dict(zip(names, at_once(self._image, names), strict=True))
        for reference in [name for name in names if not found[name]]:
            on_pull(reference)
            self._pull(reference)
            found[reference] = self._image(reference)
        used = {reference: image for reference, image in found.items() if image}
        for reference, image in used.items():
            _require_plain(reference, image)
        at_once(self._keep, list({image["Id"]: image for image in used.values()}.values()))
        return {reference: str(image["Id"]) for reference, image in used.items()}

    def _keep(self, image: Mapping[str, Any]) -> None:
        # The same name given again would not count as new: an engine with containerd's store leaves it as it is.
        digest = str(image["Id"]).rpartition(":")[2][:_SHORT_ID]
        name = f"{KEPT}:{digest}-{dt.datetime.now(dt.UTC):%Y%m%d%H}"
        tags = image.get("RepoTags") or []
        if name not in tags:
            former = [tag for tag in tags if tag.startswith(f"{KEPT}:")]
            self._ask(f"tag the image {digest}", partial(_renamed, str(image["Id"]), name, former))

    def image_id(self, reference: str) -> str:
        """Id of an image; empty where it is not there.

        Raises:
            OperationError: Docker does not say.
        """
        return str(self._image(reference).get("Id", ""))

    def _image(self, reference: str) -> Mapping[str, Any]:
        """What Docker says of an image; nothing where it is not there."""

        def inspected(api: Api) -> Mapping[str, Any]:
            with contextlib.suppress(NotFound):
                return dict(api.inspect_image(reference))
            return {}

        return self._ask(f"describe the image {reference}", inspected)

    def _pull(self, reference: str) -> None:
        pulled = partial(_pulled, reference, time.monotonic() + _PULL_SECONDS)
        if refusal := self._ask(f"pull the image {reference}", pulled):
            raise RefusedError(
                f"The image {reference} is not on the machine and cannot be pulled {refusal}, or put the image on the "
                "machine. Nothing was changed."
            )


def _pulled(reference: str, end: float, api: Api) -> str:
    """Pull an image; gives why the engine cannot, and what to do, else nothing."""
    name, _, digest = reference.partition("@")
    repository, tag = parse_repository_tag(name)
    login = get_config_header(api, resolve_repository_name(repository)[0])
    try:
        # Docker's client waits without end, and takes no notice of a pull that fails on its way.
        answer = posted(
            api,
            "/images/create",
            params={"fromImage": repository, "tag": digest or tag or "latest"},
            headers={"X-Registry-Auth": login} if login else {},
            stream=True,
            timeout=_SILENT_SECONDS,
        )
    except NotFound as error:
        return f"({reason_of(error)}): correct its name"
    except APIError as error:
        return f"({reason_of(error)}): {_REMEDY}"
    with answer:
        for line in answer.iter_lines():
            row = json.loads(line or "{}")
            if "error" in row:
                return f"({reason_of(row['error'])}): {_REMEDY}"
            if time.monotonic() > end:
                raise TimeoutError(f"it has not got to the end within {_PULL_SECONDS // 60} min")
    return ""


def _require_plain(reference: str, image: Mapping[str, Any]) -> None:
    # Beside the ones that its container is given, they would route other previews' names, or claim what is not its own.
    for label in (image.get("Config") or {}).get("Labels") or {}:
        if is_reserved(label):
            raise RefusedError(
                f"The image {reference} has the label {label}, and labels that begin with traefik. or pgai. steer the "
                "reverse proxy and say what belongs to whom: build it without. Nothing was changed."
            )


def _renamed(identity: str, name: str, former: Iterable[str], api: Api) -> None:
    # Gone in this very moment: the engine will say so, of the container.
    with contextlib.suppress(NotFound):
        api.tag(identity, *name.split(":"))
    for one in former:
        # One name too many is no reason not to deploy.
        with contextlib.suppress(APIError):
            api.remove_image(one, noprune=True)
