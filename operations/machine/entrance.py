"""How a viewer gets to previews: which address is dialled, and who vouches for the certificate."""

from __future__ import annotations

import ssl
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """The way to a base's previews.

    Attributes:
        address: Address that every host name leads to, where names need no DNS; None: DNS says.
        port: Public port.
        http_port: Port that redirects to it.
        certified: Whether an authority signs the certificate; else it is the reverse proxy's own.
    """

    address: str | None
    port: int
    http_port: int
    certified: bool

    def server(self, host: str) -> str:
        """What to connect to for a host name."""
        return self.address or host

    def url(self, scheme: str, host: str, port: int) -> str:
        """Address of what to connect to for a host name."""
        server = self.server(host)
        return f"{scheme}://[{server}]:{port}" if ":" in server else f"{scheme}://{server}:{port}"

    def tls(self) -> ssl.SSLContext:
        """What a viewer trusts."""
        context = ssl.create_default_context()
        if not self.certified:
            # Nobody signs names below .localhost; the connection does not leave this machine.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
