"""Where things live outside the checkout, after the XDG base directory specification."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

APPLICATION = "pgai-preview"


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Every directory outside the checkout that the project writes to.

    Attributes:
        checkout: Root of this project's working tree.
        cache: Things that can be made again: engine, plugins, build stamps, logs.
        data: Things that cannot: state of the local base, its passphrase, files of previews.
    """

    checkout: Path
    cache: Path
    data: Path

    @classmethod
    def default(cls) -> Paths:
        """Directories of the current user, honouring ``XDG_CACHE_HOME`` and ``XDG_DATA_HOME``."""
        home = Path.home()
        cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
        data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
        return cls(
            checkout=Path(__file__).resolve().parents[1],
            cache=cache / APPLICATION,
            data=data / APPLICATION,
        )

    @property
    def pulumi_home(self) -> Path:
        """The engine's home (plugins); apart from ``~/.pulumi`` because it may hold stand-ins."""
        return self.cache / "pulumi-home"

    @property
    def bin_dir(self) -> Path:
        """Programs that set-up installed; comes first on the engine's PATH."""
        return self.cache / "bin"

    @property
    def logs(self) -> Path:
        return self.cache / "logs"

    @property
    def state_dir(self) -> Path:
        """Root of the local base's state backend."""
        return self.data / "state"

    @property
    def backend_url(self) -> str:
        return f"file://{self.state_dir}"

    @property
    def passphrase_file(self) -> Path:
        """Generated passphrase (mode 0600) that encrypts secrets in the local base's state."""
        return self.data / "passphrase"

    def staged(self, stack: str) -> Path:
        """Where the files of a preview are put together before they go to the host."""
        return self.data / "staged" / stack

    @property
    def host_dir(self) -> Path:
        """Directory of the local base that plays the part of ``/opt/postgres-ai-previews``."""
        return self.data / "host"
