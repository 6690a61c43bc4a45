"""What operations ask of that which runs previews: one machine's Docker engine, or a Swarm of several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from operations.machine.docker_state import Belonging, ContainerEvent, ContainerState
from operations.machine.streams import Streams
from operations.machine.usage import Usage

LOG_LINES = 50


class Runtime(Protocol):
    """Runs the services of previews: each is one container, wherever that is.

    Every method raises :class:`operations.errors.OperationError` where Docker does not answer, or refuses.
    """

    def previews(self) -> list[ContainerState]:
        """Every service of every preview, running or not, in the order of their names."""
        ...

    def of_slug(self, slug: str) -> list[ContainerState]:
        """Services of one preview; see :meth:`previews`."""
        ...

    def failed(self, slug: str) -> list[ContainerState]:
        """Services of one preview that are not well, with what has failed to prepare their data."""
        ...

    def unwell(self, slug: str, give_up: Callable[[], bool] = lambda: False) -> list[ContainerState]:
        """Services of one preview that are not well, once those on their way have had their time to become it.

        Args:
            slug: The preview.
            give_up: Says whether to stop waiting.
        """
        ...

    def remove_broken(self, slug: str) -> list[ContainerState]:
        """Remove services of one preview that are broken, for an update to make anew; returns them as they were."""
        ...

    def shortage(self, slug: str, ahead: Callable[[], Iterable[str]]) -> str:
        """Why there is no room for those services of a preview that do not run yet; empty where there is.

        Args:
            slug: The preview.
            ahead: Gives the previews that have taken their slot before, and whose services go first.
        """
        ...

    def start(self, state: ContainerState) -> None:
        """Start a service that is stopped; one that runs is left alone."""
        ...

    def limit_cpus(self, state: ContainerState, cpus: float) -> None:
        """Give the container of a service that share of processors, if it has another; it may be gone."""
        ...

    def stop_all(self, slug: str) -> bool:
        """Stop all services of one preview at once, each within its own time; says whether one ran."""
        ...

    def remove_container(self, state: ContainerState) -> None:
        """Remove a service; it may be gone already."""
        ...

    def events(self, slug: str) -> AbstractContextManager[Iterator[ContainerEvent]]:
        """What happens to containers of one preview, until the block ends or the connection breaks."""
        ...

    def belongings(self, labels: Mapping[str, str]) -> list[Belonging]:
        """All that Docker holds and that carries all the labels, in the order in which it can be removed."""
        ...

    def remove(self, belonging: Belonging) -> None:
        """Remove something; it may be gone already."""
        ...

    def follow(self, container: str) -> Iterator[str]:
        """Lines of a service's log as they come, from the last ones on, until it ends."""
        ...

    def last_lines(self, container: str, lines: int = LOG_LINES) -> str:
        """Last lines of a service's log; empty where it has none, is gone, or Docker does not answer."""
        ...

    def execute(self, container: str, command: Sequence[str], streams: Streams) -> int:
        """Run a program in the container of a service that runs, and wait for its end.

        Args:
            container: Name of the service's container.
            command: Program and arguments. Docker tells them to whoever may ask it.
            streams: What the program reads and writes.

        Returns:
            Its exit code.

        Raises:
            BrokenPipeError: Nobody reads the output any more.
        """
        ...

    def usage(self, state: ContainerState) -> Usage | None:
        """What a service uses; None where it is gone."""
        ...

    def use_images(self, references: Iterable[str], on_pull: Callable[[str], None]) -> dict[str, str]:
        """Names that nobody moves of images, by their references; those that are not there are pulled first.

        The machine's clean-up spares them.

        Args:
            references: The images.
            on_pull: Told of each that is about to be pulled.

        Raises:
            RefusedError: An image is neither there nor can it be pulled.
        """
        ...

    def image_id(self, reference: str) -> str:
        """Id of an image; empty where it is not there."""
        ...
