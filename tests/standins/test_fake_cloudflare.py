"""The vendor's own Python client cannot tell the fake Cloudflare API from the vendor's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import cloudflare
import httpx
import pytest
from cloudflare import Cloudflare

from tests.equipment.fakes import FakeCloudflare

ZONE = "pgai.watch"


class Account:
    """A fake with two zones, and the vendor's client of it."""

    def __init__(self) -> None:
        self.fake = FakeCloudflare((ZONE, "example.org"))

    def client(self, token: str | None = None, retries: int = 2) -> Any:
        return Cloudflare(api_token=token or self.fake.token, base_url=self.fake.url, max_retries=retries)

    @property
    def records(self) -> Any:
        return self.client().dns.records

    @property
    def zone(self) -> str:
        return self.fake.zone_id(ZONE)

    def create(self, name: str, content: str = "8.8.8.8", kind: str = "A", **more: Any) -> Any:
        return self.records.create(
            **{"zone_id": self.zone, "type": kind, "name": name, "content": content, "ttl": 1, **more}
        )


@pytest.fixture
def account() -> Iterator[Account]:
    account = Account()
    with account.fake:
        yield account


def refused(attempt: Callable[[], object], kind: type[cloudflare.APIStatusError] = cloudflare.BadRequestError) -> int:
    """The vendor's code of the error with which the client ends an attempt."""
    with pytest.raises(kind) as caught:
        attempt()
    body: Any = caught.value.body
    assert (body["success"], body["result"]) == (False, None)
    return int(body["errors"][0]["code"])


def test_a_zone_is_found_by_its_name(account: Account) -> None:
    found = list(account.client().zones.list(name=ZONE))
    assert [(zone.id, zone.name, zone.status) for zone in found] == [(account.zone, ZONE, "active")]
    assert account.client().zones.get(zone_id=account.zone).name == ZONE
    assert list(account.client().zones.list(name="unknown.test")) == []
    assert len(list(account.client().zones.list(per_page=1))) == 2


def test_a_proxied_address_lives_from_create_to_delete(account: Account) -> None:
    made = account.create("preview-one.pgai.watch", proxied=True, comment="made by a test")
    assert (made.name, made.content, made.proxied, made.proxiable, made.ttl) == (
        "preview-one.pgai.watch",
        "8.8.8.8",
        True,
        True,
        1,
    )
    assert len(made.id) == 32
    assert made.created_on <= made.modified_on
    where = {"dns_record_id": made.id, "zone_id": account.zone}
    assert account.records.get(**where).id == made.id
    patched = account.records.edit(**where, type="A", name="preview-one", ttl=1, content="9.9.9.9")
    assert (patched.content, patched.proxied, patched.comment) == ("9.9.9.9", True, "made by a test")
    written = account.records.update(**where, type="A", name="preview-one", ttl=120, content="1.1.1.1")
    assert (written.content, written.proxied, written.ttl, written.comment) == ("1.1.1.1", False, 120, None)
    assert (written.id, written.created_on) == (made.id, made.created_on)
    assert account.records.delete(**where).id == made.id
    assert refused(partial(account.records.get, **where), cloudflare.NotFoundError) == 81044
    assert refused(partial(account.records.delete, **where), cloudflare.NotFoundError) == 81044
    assert account.fake.state.all_records() == []


def test_lists_are_paged_and_filtered(account: Account) -> None:
    for number in range(23):
        account.create(f"preview-{number:02}", f"8.8.8.{number}")
    account.create("_acme-challenge", '"one"', "TXT")
    records, zone = account.records, account.zone
    page = records.list(zone_id=zone, per_page=10, page=2)
    assert (len(page.result), page.result_info.total_count, page.result_info.total_pages) == (10, 24, 3)
    assert len(list(records.list(zone_id=zone, per_page=5))) == 24
    for filters, count in (
        ({"type": "TXT"}, 1),
        ({"name": {"exact": "preview-07.pgai.watch"}}, 1),
        ({"name": {"startswith": "preview-1"}}, 10),
        ({"name": {"contains": "acme"}, "type": "A"}, 0),
        ({"name": {"contains": "acme"}, "type": "A", "match": "any"}, 24),
        ({"content": {"exact": "8.8.8.3"}}, 1),
        ({"name": {"exact": "preview-07"}}, 0),
    ):
        assert len(list(records.list(zone_id=zone, **filters))) == count, filters


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"content": "not.an.address"}, 9005),
        ({"content": "2001:db8::1"}, 9005),
        ({"kind": "AAAA"}, 9006),
        ({"ttl": 30}, 9021),
        ({"name": "a..b"}, 9000),
        ({"name": f"{'x' * 64}.pgai.watch"}, 9000),
        ({"content": "10.0.0.1", "proxied": True}, 9003),
        ({"kind": "TXT", "content": '"x"', "proxied": True}, 9004),
    ],
)
def test_wrong_input_is_refused_with_the_vendors_code(account: Account, wrong: dict[str, Any], code: int) -> None:
    assert refused(partial(account.create, **{"name": "preview-one", **wrong})) == code
    assert account.fake.state.all_records() == []


def test_records_that_contradict_each_other_are_refused(account: Account) -> None:
    account.create("one")
    account.create("one", "9.9.9.9")
    account.create("alias", "one.pgai.watch", "CNAME")
    assert refused(partial(account.create, "one", proxied=True)) == 81058
    assert refused(partial(account.create, "one", "two.pgai.watch", "CNAME")) == 81053
    assert refused(partial(account.create, "alias", "two.pgai.watch", "CNAME")) == 81053
    assert refused(partial(account.create, "alias")) == 81054
    account.create("one", '"text"', "TXT")
    assert len(account.fake.state.named("one.pgai.watch")) == 3


def test_traps_of_the_vendor_are_there_too(account: Account) -> None:
    assert account.create("slow", proxied=True, ttl=300).ttl == 1, "a proxied record's TTL is automatic, silently"
    assert account.create("preview.example.org").name == "preview.example.org.pgai.watch", "a foreign zone is a prefix"
    assert account.create("@").name == ZONE
    with account.fake.edit() as state:
        state.records_limit = 3
    assert refused(partial(account.create, "more")) == 81045


def test_tokens_are_checked(account: Account) -> None:
    account.fake.add_token("reader", [ZONE], edit=False)
    account.fake.add_token("stranger", ["example.org"])
    assert account.client().user.tokens.verify().status == "active"
    denied = cloudflare.PermissionDeniedError
    verify = account.client("wrong").user.tokens.verify
    assert refused(verify, cloudflare.AuthenticationError) == 1000
    assert refused(partial(account.client("wrong").zones.get, zone_id=account.zone), denied) == 9109
    assert refused(partial(account.client("stranger").dns.records.list, zone_id=account.zone), denied) == 10000
    assert [zone.name for zone in account.client("stranger").zones.list()] == ["example.org"]
    reader = account.client("reader").dns.records
    assert list(reader.list(zone_id=account.zone)) == []
    attempt = partial(reader.create, zone_id=account.zone, type="A", name="x", content="8.8.8.8", ttl=1)
    assert refused(attempt, denied) == 10000
    assert refused(partial(account.client().zones.get, zone_id="short"), cloudflare.NotFoundError) == 7003
    assert refused(partial(account.client().zones.get, zone_id="0" * 32), denied) == 10000
    reply = httpx.get(f"{account.fake.url}/zones")
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, 9106)
    assert account.fake.token not in repr(account.fake.requests)


def test_a_rate_limit_and_broken_servers_are_waited_out_by_the_client(account: Account) -> None:
    account.fake.fail_next(429, retry_after=0.1, method="POST")
    account.fake.fail_next(500, method="POST")
    account.create("one")
    assert [one.status for one in account.fake.requests if one.method == "POST"] == [429, 500, 200]
    account.fake.fail_next(502, times=5)
    with pytest.raises(cloudflare.InternalServerError):
        account.client(retries=0).zones.get(zone_id=account.zone)
    account.fake.clear_faults()
    account.fake.rate_limit(1, per_seconds=60)
    account.client().zones.get(zone_id=account.zone)
    attempt = partial(account.client(retries=0).zones.get, zone_id=account.zone)
    with pytest.raises(cloudflare.RateLimitError):
        attempt()
    account.fake.rate_limit(None)
    assert attempt().name == ZONE


def test_many_clients_at_once_get_each_their_own(account: Account) -> None:
    def work(number: int) -> None:
        for turn in range(5):
            account.create(f"preview-{number}-{turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len({record["id"] for record in account.fake.state.all_records()}) == 30
