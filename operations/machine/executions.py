"""Runs programs in containers."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from docker.errors import APIError
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from operations.errors import OperationError
from operations.machine.connection import Connection
from operations.machine.streams import Streams

_ENDED_WITHIN_SECONDS = 10
# By default Ctrl-P waits for Ctrl-Q to detach, and shells use it.
_DETACH = "ctrl-@,ctrl-]"


class Executions(Connection):
    """Programs that are run in containers beside the containers' own."""

    def execute(self, container: str, command: Sequence[str], streams: Streams) -> int:
        """Run a program in a container that runs, and wait for its end.

        Args:
            container: Name of the container.
            command: Program and arguments. Docker tells them to whoever may ask it.
            streams: What the program reads and writes.

        Returns:
            Its exit code.

        Raises:
            OperationError: Docker refuses, or the connection breaks.
            BrokenPipeError: Nobody reads the output any more.
        """
        terminal = streams.interactive
        what = f"run {command[0]} in the container {container}"
        identity = self._ask(
            what,
            lambda api: api.exec_create(container, list(command), stdin=True, tty=terminal, detach_keys=_DETACH)["Id"],
        )
        raw = self._ask(what, lambda api: api.exec_start(identity, tty=terminal, socket=True))
        connection: socket.socket = raw._sock  # the client hands out only a reader of it
        connection.setblocking(False)

        def resized(columns: int, lines: int) -> bool:
            with contextlib.suppress(APIError):
                # Refused until the program has begun.
                self._client.api.exec_resize(identity, height=lines, width=columns)
                return True
            return False

        try:
            # What came together with the head of the answer is in the client's buffer.
            streams.carry(connection, raw._response.raw._fp.fp.peek(), resized)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OperationError(
                f"The connection to the container {container} broke ({error}): see that it runs, and try again."
            ) from error
        finally:
            connection.close()
        return self._exit_code(identity, container)

    def _exit_code(self, identity: str, container: str) -> int:
        def inspected() -> Mapping[str, Any]:
            row: Mapping[str, Any] = self._ask("say how a program ended", lambda api: api.exec_inspect(identity))
            return row

        try:
            ended = Retrying(
                stop=stop_after_delay(_ENDED_WITHIN_SECONDS),
                wait=wait_fixed(0.05),
                retry=retry_if_result(lambda row: row["Running"]),
            )(inspected)
        except RetryError as error:
            raise OperationError(f"The program in the container {container} goes on without this command.") from error
        return int(ended["ExitCode"])
