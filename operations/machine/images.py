"""The images on the machine of a base: looked for, pulled, and kept from its clean-up."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from docker.errors import DockerException, NotFound

from operations.at_once import at_once
from operations.errors import RefusedError
from operations.machine.connection import Api, Connection, reason_of

_KEPT = "pgai-preview"  # repository of the names that this project gives to images
_SHORT_ID = 12
_PULL_TIMEOUT_SECONDS = 300


class Images(Connection):
    """Images that previews run."""

    def require_images(self, references: Iterable[str]) -> Iterator[str]:
        """Make sure that images are there, pulling those that are not.

        Yields:
            Each reference that is about to be pulled.

        Raises:
            RefusedError: An image is neither there nor can it be pulled.
            OperationError: Docker does not say.
        """
        for reference, identity in _of_each(references, self.image_id).items():
            if not identity:
                yield reference
                self._pull(reference)

    def use_images(self, references: Iterable[str]) -> dict[str, str]:
        """Ids of images that are there; each is tagged anew, by which the machine's clean-up sees that it is wanted.

        Each also gets a name that nobody moves: Docker's provider finds no image that has lost its last one.

        Returns:
            Reference → id, of those that are there.

        Raises:
            OperationError: Docker does not say.
        """
        found = _of_each(references, self._use)
        return {reference: identity for reference, identity in found.items() if identity}

    def _use(self, reference: str) -> str:
        if identity := self.image_id(reference):
            self._tag(identity, f"{_KEPT}:{identity.rpartition(':')[2][:_SHORT_ID]}")
            # A digest is no name that could be given.
            if "@" not in reference and not reference.startswith("sha256:"):
                self._tag(identity, reference)
        return identity

    def _tag(self, identity: str, reference: str) -> None:
        repository, _, tag = _split_tag(reference)
        self._ask(f"tag the image {reference}", partial(_tagged, identity, repository, tag or "latest"))

    def image_id(self, reference: str) -> str:
        """Id of an image; empty where it is not there.

        Raises:
            OperationError: Docker does not say.
        """

        def inspected(api: Api) -> str:
            with contextlib.suppress(NotFound):
                return str(api.inspect_image(reference)["Id"])
            return ""

        return self._ask(f"describe the image {reference}", inspected)

    def _pull(self, reference: str) -> None:
        repository, _, tag = reference.partition("@") if "@" in reference else _split_tag(reference)
        try:
            self._client.api.timeout = _PULL_TIMEOUT_SECONDS
            self._client.images.pull(repository, tag=tag or "latest")
        except (DockerException, OSError) as error:
            raise RefusedError(
                f"The image {reference} is not on the machine and cannot be pulled ({reason_of(error)}): "
                "correct its name, or put the image on the machine. Nothing was changed."
            ) from error


def _of_each(references: Iterable[str], ask: Callable[[str], str]) -> dict[str, str]:
    """Answer for each."""
    names = sorted(set(references))
    return dict(zip(names, at_once(ask, names), strict=True))


def _tagged(identity: str, repository: str, tag: str, api: Api) -> None:
    # Gone in this very moment: the engine will say so, of the container.
    with contextlib.suppress(NotFound):
        api.tag(identity, repository, tag)


def _split_tag(reference: str) -> tuple[str, str, str]:
    head, slash, last = reference.rpartition("/")
    name, colon, tag = last.partition(":")
    return f"{head}{slash}{name}", colon, tag
