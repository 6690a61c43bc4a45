"""Two previews that live through all tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from stacks.names import slug_of
from tests.equipment.checkout import Clone, Finished
from tests.equipment.viewer import viewer


@dataclass(frozen=True)
class World:
    """What the tests of this folder share.

    Attributes:
        clone: The user's clone.
        first: Branch that ``demo`` was told to show.
        second: Branch that ``deploy`` brought up beside it.
        commit: The commit that it was told.
        configuration_kept: Whether ``demo`` left the files under version control as they were.
        demo: How ``demo`` ended.
    """

    clone: Clone
    first: str
    second: str
    commit: str
    configuration_kept: bool
    demo: Finished

    def url(self, branch: str) -> str:
        """Public address of a preview."""
        return f"https://preview-{slug_of(branch)}.localhost:{self.clone.ports['httpsPort']}"

    def viewer(self, branch: str) -> httpx.Client:
        """An anonymous viewer: by host name, through the reverse proxy, over https."""
        return viewer(branch, self.clone.ports["httpsPort"])
