"""What Grafana answers, read without trusting its shape: a branch's dashboards hold whatever somebody wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx

from operations.printable import printable

ANSWER_SECONDS = 15
"""How long a viewer waits for an answer."""
# One after the other, two minutes.
_MOST_UNANSWERED = 8
_LONGEST_REASON = 200
_LONGEST_NUMBER = 300


class RefusedError(Exception):
    """Grafana refused a request, or answered something else than asked for; the message says why, in one line."""


class Asks(Protocol):
    """Whoever can ask Grafana."""

    def ask(self, method: str, path: str, *, json: Any = None) -> httpx.Response:
        """Send one request, whatever the answer."""


class Patient:
    """Takes a question that is not answered in time for refused; many in a row are a Grafana that does not answer.

    Args:
        asks: Who asks Grafana.
    """

    def __init__(self, asks: Asks) -> None:
        self._asks = asks
        self._unanswered = 0

    def ask(self, method: str, path: str, *, json: Any = None) -> httpx.Response:
        """Send one request, whatever the answer.

        Raises:
            RefusedError: It is not answered in time.
            httpx.HTTPError: There is no answer.
        """
        try:
            response = self._asks.ask(method, path, json=json)
        except httpx.ReadTimeout as error:
            self._unanswered += 1
            if self._unanswered >= _MOST_UNANSWERED:
                raise
            raise RefusedError(f"no answer within {ANSWER_SECONDS} s") from error
        self._unanswered = 0
        return response


def fetched(asks: Asks, path: str, parameters: Mapping[str, str] | None = None) -> Any:
    """Body of the answer to a GET.

    Raises:
        RefusedError: It is an error, or no JSON.
        httpx.HTTPError: There is no answer.
    """
    try:
        response = asks.ask("GET", f"{path}?{urlencode(parameters)}" if parameters else path)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise RefusedError(one_line(error)) from error
    body = body_of(response)
    if not response.is_success:
        said = one_line(text(mapping(body).get("message")))
        raise RefusedError(f"HTTP {response.status_code}" + (f", {said}" if said else ""))
    if body is None:
        raise RefusedError("the answer is no JSON")
    return body


def body_of(response: httpx.Response) -> Any:
    """The JSON of an answer; None where it is none."""
    try:
        return response.json(parse_int=_number)
    except (ValueError, RecursionError):
        return None


def _number(digits: str) -> int | float:
    # Python reads no whole number of more than 4,300 digits, and a dashboard may hold one that nobody reads.
    return int(digits) if len(digits) <= _LONGEST_NUMBER else float(digits)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list."""
    return (item for item in listing(value) if isinstance(item, dict))


def text(value: Any) -> str:
    """A string or a number as text, else nothing."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


def one_line(reason: object) -> str:
    """The first line of a reason as far as it can be seen, not too long, without its full stop."""
    lines = str(reason).strip().splitlines() or [""]
    line = printable(lines[0]).rstrip(". ")
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}…"
