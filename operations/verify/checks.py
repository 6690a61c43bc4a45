"""What a viewer can find out about a preview at any moment, one check each."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from operations.machine.entrance import Entrance
from operations.printable import printable
from operations.verify.answers import ANSWER_SECONDS, RefusedError, one_line
from operations.verify.browsing import page_of, path_of
from operations.verify.viewer import Viewer

_OWN_CERTIFICATE = b"TRAEFIK DEFAULT CERT"
NAMES_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Check:
    """One row of the result.

    Attributes:
        name: What a preview has to be.
        ok: Whether it is; None where that cannot be told.
        detail: What was seen, as it can be shown anywhere.
    """

    name: str
    ok: bool | None
    detail: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", printable(self.detail))


class Address:
    """The public address of a preview.

    Args:
        url: The address.
        entrance: How one gets there.
    """

    def __init__(self, url: str, entrance: Entrance) -> None:
        self._url = url
        self._entrance = entrance
        self._host = urlsplit(url).hostname or ""
        self._server = entrance.server(self._host)

    def resolves(self) -> Check:
        """The host name leads somewhere."""
        name = "the name resolves"
        try:
            rows = socket.getaddrinfo(self._host, self._entrance.port, type=socket.SOCK_STREAM)
        except OSError as error:
            if self._entrance.address:
                detail = "browsers lead names below .localhost to this machine; its resolver does not know them"
                return Check(name=name, ok=True, detail=detail)
            return Check(name=name, ok=False, detail=f"{self._host}: {reason_of(error)}")
        found = sorted({str(row[4][0]) for row in rows})
        return Check(name=name, ok=True, detail=f"{self._host} is {', '.join(found)}")

    def certified(self) -> Check:
        """The certificate is one that a browser trusts; on the local base the reverse proxy's own."""
        name = "the certificate is valid"
        context = self._entrance.tls()
        try:
            with (
                socket.create_connection((self._server, self._entrance.port), ANSWER_SECONDS) as plain,
                context.wrap_socket(plain, server_hostname=self._host) as connection,
            ):
                own = _OWN_CERTIFICATE in (connection.getpeercert(binary_form=True) or b"")
                fields = connection.getpeercert() or {}
                version = connection.version()
        except OSError as error:
            return Check(name=name, ok=False, detail=reason_of(error))
        if not self._entrance.certified:
            whose = "the reverse proxy's own" if own else "not checked"
            detail = f"{whose}: on the local base nobody signs names below .localhost ({version})"
            return Check(name=name, ok=True, detail=detail)
        return Check(name=name, ok=True, detail=f"until {fields.get('notAfter', '?')} ({version})")

    def redirects(self) -> Check:
        """Plain http leads to the same page by https."""
        name = "http leads to https"
        port = self._entrance.http_port
        try:
            answer = httpx.get(
                self._entrance.url("http", self._host, port),
                headers={"Host": self._host if port == 80 else f"{self._host}:{port}"},
                timeout=ANSWER_SECONDS,
                trust_env=self._entrance.certified,
            )
        except httpx.HTTPError as error:
            return Check(name=name, ok=False, detail=f"port {port}: {reason_of(error)}")
        target = answer.headers.get("location", "")
        ok = answer.is_redirect and target.rstrip("/") == self._url.rstrip("/")
        return Check(name=name, ok=ok, detail=f"{answer.status_code} {target}".rstrip())


def may_look(viewer: Viewer) -> Check:
    """Who is not logged in sees dashboards."""
    name = "anyone may look"
    try:
        found = viewer.dashboards()
    except (httpx.HTTPError, RefusedError) as error:
        return Check(name=name, ok=False, detail=reason_of(error))
    return Check(name=name, ok=bool(found), detail=f"{len(found)} dashboards are listed without a login")


def may_not_edit(viewer: Viewer) -> Check:
    """Who is not logged in is refused when saving a dashboard."""
    name = "nobody may edit"
    try:
        shown = viewer.dashboards()
        dashboard = viewer.dashboard(shown[0]["uid"]) if shown else {"title": "none"}
        # Without `overwrite`, and of a dashboard from a file: were it allowed, it would change nothing.
        answer = viewer.ask("POST", "/api/dashboards/db", json={"dashboard": dashboard, "overwrite": False})
    except (httpx.HTTPError, RefusedError, ValueError, RecursionError) as error:
        return Check(name=name, ok=False, detail=reason_of(error))
    detail = f"saving a dashboard without a login is answered with {answer.status_code}"
    return Check(name=name, ok=answer.status_code in (401, 403), detail=detail)


def dashboards_open(viewer: Viewer) -> Check:
    """Every dashboard that is listed opens: its page, and what the page asks for."""
    name = "every dashboard opens"
    closed: list[str] = []
    try:
        found = viewer.dashboards()
        for row in found:
            answers = [viewer.ask("GET", path) for path in (page_of(row["uid"]), path_of(row["uid"]))]
            closed += [f"{row['title']} ({answer.status_code})" for answer in answers if answer.status_code != 200][:1]
    except (httpx.HTTPError, RefusedError, ValueError, RecursionError) as error:
        return Check(name=name, ok=False, detail=reason_of(error))
    opened = f"{len(found) - len(closed)} of {len(found)} open"
    detail = f"{opened}; closed: {listed(closed)}" if closed else opened
    return Check(name=name, ok=bool(found) and not closed, detail=detail)


def listed(names: Sequence[str]) -> str:
    """Names as a sentence takes them, the first ten."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def reason_of(error: Exception) -> str:
    """Why a request failed, in one line."""
    # The text of an HTTP status error ends with a line of advice for programmers.
    return one_line(error) or type(error).__name__


def unanswered(name: str, error: Exception) -> Check:
    """A check that failed because Grafana did not answer as it should."""
    return Check(name=name, ok=False, detail=f"Grafana does not answer as it should: {reason_of(error)}")
