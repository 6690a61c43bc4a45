"""The ranges that the firewall lets in are those that Cloudflare publishes, and no answer opens it to all."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from toolchain.cloudflare_ranges import FILE, UnusableRangesError, renew

PUBLISHED = json.loads(FILE.read_text(encoding="utf-8"))["ranges"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return Path(shutil.copy(FILE, tmp_path))


@pytest.fixture
def publish(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let Cloudflare answer this."""

    def answer(content: Any, status: int = 200) -> None:
        def get(_: httpx.Client, address: str) -> httpx.Response:
            return httpx.Response(status, json=content, request=httpx.Request("GET", address))

        monkeypatch.setattr(httpx.Client, "get", get)

    return answer


def published(*ranges: str) -> dict[str, Any]:
    return {
        "result": {
            "ipv4_cidrs": [one for one in ranges if ":" not in one],
            "ipv6_cidrs": [one for one in ranges if ":" in one],
        }
    }


def test_the_kept_ranges_are_dated_networks_of_both_kinds() -> None:
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    assert dt.date.fromisoformat(kept["read_on"])
    assert {ipaddress.ip_network(one).version for one in kept["ranges"]} == {4, 6}
    assert len(kept["ranges"]) <= 100, "Hetzner takes no more in one rule"


def test_renewing_writes_what_is_published_and_says_what_is_new(file: Path, publish: Callable[..., None]) -> None:
    publish(published("198.51.100.0/24", *PUBLISHED[1:]))
    assert renew(file) == f"New: 198.51.100.0/24. Gone: {PUBLISHED[0]}. Apply with pulumi up --stack base."
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert set(kept["ranges"]) == {"198.51.100.0/24", *PUBLISHED[1:]}
    assert kept["read_on"] == dt.datetime.now(dt.UTC).date().isoformat()
    assert renew(file) == f"Cloudflare's {len(PUBLISHED)} ranges are as they were."


def test_a_proxy_that_cannot_be_used_is_one_sentence(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(UnusableRangesError, match=r"through the proxy .* or unset them\.$"):
        renew(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (published("0.0.0.0/0", *PUBLISHED), 200),
        (published("::/0", *PUBLISHED), 200),
        (published("not a network", *PUBLISHED), 200),
        (published(*(one for one in PUBLISHED if ":" not in one)), 200),
        (published(), 200),
        ([], 200),
        (published(*PUBLISHED), 503),
    ],
)
def test_an_answer_that_is_no_list_of_theirs_changes_nothing(
    file: Path, publish: Callable[..., None], content: Any, status: int
) -> None:
    before = file.read_bytes()
    publish(content, status)
    with pytest.raises(UnusableRangesError, match="nothing was changed"):
        renew(file)
    assert file.read_bytes() == before
