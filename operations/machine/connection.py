"""A connection to the Docker engine of a base; opened anew where it has broken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import docker
import requests
from docker.errors import DockerException, create_api_error_from_http_exception
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from operations.errors import OperationError
from operations.printable import printable

_TIMEOUT_SECONDS = 60

# The client comes without types.
Client = Any
Api = Any
T = TypeVar("T")


@dataclass(frozen=True)
class Way:
    """A way to a Docker engine.

    Attributes:
        open: Gives an address as ``DOCKER_HOST`` takes it, and makes it answer; anew where it has answered before.
        engine: Which engine it is, as a message goes on after "The Docker engine".
        remedy: What to do where it does not answer.
    """

    open: Callable[[], str]
    engine: str
    remedy: str


def way_on_this_machine(address: str) -> Way:
    """Way to an engine that can be reached as it is, by its address."""
    remedy = "start it, or name a reachable one with DOCKER_HOST and bring the base up again"
    return Way(lambda: address, f"at {address}", remedy)


class Connection:
    """Asks the Docker engine of a base.

    Args:
        way: The way to it.

    Raises:
        OperationError: It does not answer.
    """

    def __init__(self, way: Way) -> None:
        self._way = way
        self._reopening = threading.Lock()
        self._client = self._opened()

    def _opened(self) -> Client:
        try:
            # Once more, over another way: one that has just been opened may break before it is used.
            return Retrying(
                stop=stop_after_attempt(2), retry=retry_if_exception_type((DockerException, OSError)), reraise=True
            )(self._pinged)
        except (DockerException, OSError) as error:
            raise OperationError(
                f"The Docker engine {self._way.engine} does not answer: {self._way.remedy}."
            ) from error

    def _pinged(self) -> Client:
        client = docker.DockerClient(base_url=self._way.open(), timeout=_TIMEOUT_SECONDS)
        client.ping()
        return client

    def _ask(self, what: str, call: Callable[[Api], T]) -> T:
        """Answer of Docker's API; asked once more over a new connection where the old one has broken.

        Raises:
            OperationError: It does not answer, or refuses.
        """
        used = self._client
        try:
            try:
                return call(used.api)
            except requests.ConnectionError:
                return call(self._instead_of(used).api)
        except (DockerException, OSError) as error:
            raise OperationError(
                f"The Docker engine {self._way.engine} does not {what} ({reason_of(error)}): see that it runs, and try "
                "again."
            ) from error

    def _instead_of(self, broken: Client) -> Client:
        # Of many threads that find the same connection broken, one opens a new one: another would break that again.
        with self._reopening:
            if self._client is broken:
                broken.close()
                self._client = self._opened()
            return self._client


def posted(api: Api, path: str, **request: Any) -> requests.Response:
    """The engine's answer to what Docker's client has no method for.

    Args:
        api: Docker's API.
        path: Path of the request, without the API's version.
        request: As ``requests`` takes it.

    Raises:
        docker.errors.APIError: The engine refuses; in its own words, as of the client's methods.
        requests.RequestException: It does not answer.
    """
    answer: requests.Response = api.post(
        f"{api.base_url}/v{api.api_version}{path}", **{"timeout": api.timeout, **request}
    )
    try:
        answer.raise_for_status()
    except requests.HTTPError as error:
        raise create_api_error_from_http_exception(error) from error
    return answer


def reason_of(error: object) -> str:
    """What the client or the engine says of a failure, in the engine's own words where it has some."""
    return printable(str(getattr(error, "explanation", None) or error)).strip().rstrip(".")
