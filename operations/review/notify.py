"""One outgoing message for what concerns everybody, in the form that Slack and what is like it take."""

from __future__ import annotations

import json
import shlex
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tenacity import RetryError, Retrying, retry_if_exception_type, retry_if_result, stop_after_attempt, wait_fixed

from operations.errors import OperationError
from operations.happening import Happening, Hears, What, nobody
from operations.redact import sentence_of
from stacks.proxy import usable_proxy

# Takes long to import, which only they pay who have an address.
if TYPE_CHECKING:
    import httpx

VARIABLE = "PREVIEW_NOTIFY_URL"
_SECONDS_IN_SUM = 5.0
_SECONDS_A_TRY = 2.0
_TRIES = 2
_MOST_CHARACTERS = 1000
_BUSY, _BROKEN = 429, 500
_NO_ADDRESS = "it is no address that a message can be sent to"


def notifies(url: str, *, seconds: float = _SECONDS_IN_SUM) -> Hears:
    """Who sends on what concerns everybody.

    Args:
        url: Where to; a secret. Empty: nowhere.
        seconds: How long all messages together may hold an operation up.
    """
    if not url:
        return nobody
    left = seconds

    def hear(happening: Happening) -> None:
        nonlocal left
        text = message(happening)
        if not text:
            return
        began = time.monotonic()
        answered: list[str] = []
        if left > 0:
            client = _client()
            # A server that answers a byte at a time keeps within every limit but this one.
            sending = threading.Thread(target=lambda: answered.append(_sent(client, url, text)), daemon=True)
            sending.start()
            sending.join(left)
        left -= time.monotonic() - began
        fault = answered[0] if answered else "no answer in time"
        if fault:
            raise OperationError(
                f"The message to the address in {VARIABLE} was not delivered ({fault}): see that it is right and that "
                "its server answers."
            )

    return hear


def _client() -> httpx.Client:
    import httpx

    with usable_proxy(f"The message to the address in {VARIABLE} cannot be sent", OperationError):
        return httpx.Client(timeout=_SECONDS_A_TRY)


def _sent(client: httpx.Client, url: str, text: str) -> str:
    """Send a message; says what went wrong, without the address, or nothing."""
    import httpx

    if not url.startswith(("https://", "http://")):
        return _NO_ADDRESS
    try:
        with client:
            answer = Retrying(
                retry=retry_if_exception_type(httpx.TransportError)
                | retry_if_result(lambda status: status == _BUSY or status >= _BROKEN),
                stop=stop_after_attempt(_TRIES),
                wait=wait_fixed(0.5),
            )(_post, client, url, text)
    except RetryError as error:
        failed = error.last_attempt.exception()
        return type(failed).__name__ if failed else f"HTTP status {error.last_attempt.result()}"
    except (httpx.InvalidURL, httpx.HTTPError, ValueError):
        return _NO_ADDRESS
    return "" if answer < 300 else f"HTTP status {answer}"


def _post(client: httpx.Client, url: str, text: str) -> int:
    headers = {"Content-Type": "application/json"}
    return client.post(url, content=json.dumps({"text": text}), headers=headers).status_code


def message(happening: Happening) -> str:
    """What is sent of something; empty where nothing is."""
    branch, command = _text(happening.name.branch), _text(shlex.quote(happening.name.branch))
    why = _text(sentence_of(happening.why))
    because = f": {why}" if why else "."
    said: Mapping[What, str] = {
        "live": f"The preview of *{branch}* is live: <{happening.url}>",
        "failed": f"The preview of *{branch}* did not come up{because}",
        "rolled back": f"The preview of *{branch}* could not be updated, its last good version runs{because}",
        "broken": f"The preview of *{branch}* could not be updated, nor its last good version be put back{because}",
        "ends soon": f"The preview of *{branch}* ends at {happening.expires_at}: <{happening.url}>. "
        f"`./preview extend {command} --hours 24` moves that.",
        "gone": f"The preview of *{branch}* is gone{because}",
    }
    text = said.get(happening.what, "")
    facts = [
        *([f"commit {_text(happening.commit[:12])}"] if happening.commit else []),
        *([f"by {_text(happening.by)}"] if happening.by else []),
    ]
    if not text or not facts:
        return text
    return f"{text} ({', '.join(facts)})"


def _text(text: str) -> str:
    """Text in which Slack finds neither link nor mention."""
    shown = "".join(character for character in text[:_MOST_CHARACTERS] if character.isprintable())
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
