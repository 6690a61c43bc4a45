"""What this machine keeps for stacks: configuration files, and files on their way to a machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from operations.engine import stack_file
from stacks.names import LOCAL, PRODUCTION
from stacks.paths import Paths
from stacks.settings import PROJECT


class StackFiles:
    """Files of stacks in a checkout, and beside it.

    Args:
        paths: Where they are.
    """

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def configure(self, stack: str, values: Mapping[str, Any]) -> None:
        """Write the stack's configuration file anew; what is not named falls back to the schema's default."""
        file = self._configuration_file(stack)
        config = {f"{PROJECT}:{key}": value for key, value in values.items() if value not in ("", {})}
        stack_file.write(file, {**stack_file.read(file), "config": config})

    def reconfigure(self, stack: str, values: Mapping[str, Any]) -> None:
        """Change values of the stack's configuration file, where this checkout has one."""
        file = self._configuration_file(stack)
        content = stack_file.read(file)
        if content.get("config"):
            content["config"] |= {f"{PROJECT}:{key}": value for key, value in values.items()}
            stack_file.write(file, content)

    def _configuration_file(self, stack: str) -> Path:
        return self._paths.checkout / f"Pulumi.{stack}.yaml"

    def forget_files(self, stack: str) -> None:
        """Remove what this machine keeps for a stack that is gone: configuration, and files on their way."""
        self._configuration_file(stack).unlink(missing_ok=True)
        shutil.rmtree(self._paths.staged(stack), ignore_errors=True)

    @contextmanager
    def _configuration_kept(self, stack: str) -> Iterator[None]:
        """Put a configuration file that is under version control back as it was.

        The engine writes its salt into it, which belongs to the passphrase of one machine; the state has it too.
        """
        path = self._configuration_file(stack)
        before = path.read_bytes() if path.is_file() and stack in (LOCAL, PRODUCTION) else None
        try:
            yield
        finally:
            # It goes with a stack that is removed.
            if before is not None and not (path.is_file() and path.read_bytes() == before):
                path.write_bytes(before)
