"""Renews the addresses that Cloudflare publishes as its own: ``python -m toolchain.cloudflare_ranges``."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import sys
from pathlib import Path
from typing import Any

import httpx

from stacks.proxy import usable_proxy

FILE = Path(__file__).resolve().parents[1] / "components/cloudflare_ranges.json"
# Who is let in by a list that is not one would be anybody, or nobody.
_FEWEST, _WIDEST = 10, {4: 12, 6: 29}


class UnusableRangesError(Exception):
    """What was published is no list of Cloudflare's ranges; the message says why."""


def renew(file: Path = FILE) -> str:
    """Write what is published now into the file.

    Returns:
        What has changed, in a sentence.

    Raises:
        UnusableRangesError: The file stays as it was.
    """
    known = json.loads(file.read_text(encoding="utf-8"))
    try:
        with usable_proxy("Cloudflare's ranges cannot be read", UnusableRangesError):
            client = httpx.Client(timeout=20, follow_redirects=True)
        with client:
            ranges = _ranges(client.get(known["source"]).raise_for_status().json())
    except (httpx.HTTPError, ValueError) as error:
        raise UnusableRangesError(
            f"Cloudflare's ranges cannot be read from {known['source']} ({error}): nothing was changed. Try again, or "
            f"write them into {file.name} by hand."
        ) from error
    today = dt.datetime.now(dt.UTC).date().isoformat()
    file.write_text(json.dumps({**known, "read_on": today, "ranges": ranges}, indent=2) + "\n", encoding="utf-8")
    come, gone = sorted(set(ranges) - set(known["ranges"])), sorted(set(known["ranges"]) - set(ranges))
    if not come and not gone:
        return f"Cloudflare's {len(ranges)} ranges are as they were."
    return f"New: {', '.join(come) or 'none'}. Gone: {', '.join(gone) or 'none'}. Apply with pulumi up --stack base."


def _ranges(answer: Any) -> list[str]:
    result = answer.get("result") if isinstance(answer, dict) else None
    given = [text for key in ("ipv4_cidrs", "ipv6_cidrs") for text in (result or {}).get(key) or []]
    networks = [ipaddress.ip_network(text) for text in given]
    if len(networks) < _FEWEST or {network.version for network in networks} != {4, 6}:
        raise ValueError("the answer has too few of them")
    for network in networks:
        if network.prefixlen < _WIDEST[network.version]:
            raise ValueError(f"{network} is wider than anything of theirs")
    return sorted(map(str, networks), key=lambda text: (":" in text, text))


if __name__ == "__main__":
    try:
        print(renew())  # noqa: T201
    except UnusableRangesError as error:
        sys.exit(f"Error: {error}")
