"""The Cloudflare plugin's DNS records, against the stateful fake of the API, keep the official contract."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Response, request

from tests.equipment.fakes import FakeCloudflare
from tests.equipment.fakes.cloudflare.errors import error
from tests.standins.engine import Stack

pytestmark = pytest.mark.engine

# By its type's name, as the product declares it: importing the official package takes seconds of every program.
PROLOGUE = """
import os
from importlib.metadata import version
import pulumi
zone = os.environ["ZONE"]
own = pulumi.ResourceOptions(version=version("pulumi-cloudflare"))
def record(opts=None, **given):
    values = {"zoneId": zone, "name": "preview-x.pgai.watch", "type": "A", "content": "203.0.113.7", "ttl": 1,
              "proxied": True, **given}
    made = pulumi.CustomResource(
        "cloudflare:index/dnsRecord:DnsRecord", "record", values, pulumi.ResourceOptions.merge(own, opts))
    pulumi.export("id", made.id)
"""
OFFICIAL_PROLOGUE = """
import os
import pulumi, pulumi_cloudflare as cloudflare
def record(opts=None, **given):
    values = {"zone_id": os.environ["ZONE"], "name": "preview-x.pgai.watch", "type": "A", "content": "203.0.113.7",
              "ttl": 1, "proxied": True, **given}
    made = cloudflare.DnsRecord("record", opts=opts, **values)
    pulumi.export("id", made.id)
    return made
"""
PATH = "dns_records"


class Forgetful(FakeCloudflare):
    """Makes the first record and then answers as if it had not."""

    forgot = False

    def _after(self, response: Response) -> Response:
        response = super()._after(response)
        if request.method == "POST" and not self.forgot:
            self.forgot = True
            return error(500, 10001, "Internal server error")
        return response


@pytest.fixture
def cloudflare() -> Iterator[FakeCloudflare]:
    with Forgetful(("pgai.watch", "example.org"), private_targets=True) as fake:
        fake.forgot = True
        yield fake


@pytest.fixture
def stack(tmp_path: Path, cloudflare: FakeCloudflare) -> Stack:
    return Stack.make(
        tmp_path,
        PROLOGUE,
        CLOUDFLARE_API_TOKEN=cloudflare.token,
        CLOUDFLARE_BASE_URL=cloudflare.url,
        ZONE=cloudflare.zone_id("pgai.watch"),
    )


def records(cloudflare: FakeCloudflare, zone: str = "pgai.watch") -> list[dict[str, Any]]:
    return list(cloudflare.state.records[cloudflare.zone_id(zone)].values())


def calls(cloudflare: FakeCloudflare) -> list[str]:
    return [f"{request.method} {request.status}" for request in cloudflare.requests]


def refused(stack: Stack, program: str) -> str:
    """What the engine shows of an update that must fail, on one line."""
    done = stack.up(program)
    assert done.returncode != 0, done.stdout
    assert "panic" not in done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


def test_life_of_a_record_of_the_official_package_from_create_over_update_in_place_to_delete(
    stack: Stack, cloudflare: FakeCloudflare
) -> None:
    stack.prologue = OFFICIAL_PROLOGUE
    first = stack.outputs("r = record(comment='one', tags=['a:b'])\npulumi.export('meta', r.meta)\n"
                          "pulumi.export('proxiable', r.proxiable)\npulumi.export('made', r.created_on)\n")  # fmt: skip
    (made,) = records(cloudflare)
    assert (made["name"], made["content"], made["proxied"], made["ttl"], made["comment"]) == (
        "preview-x.pgai.watch",
        "203.0.113.7",
        True,
        1,
        "one",
    )
    assert (first["id"], first["proxiable"], first["made"]) == (made["id"], True, made["created_on"])
    stack.prologue = PROLOGUE
    assert "2 unchanged" in stack.up("record(comment='one', tags=['a:b'])\n").stdout
    second = stack.outputs("record(name='preview-y.pgai.watch', content='203.0.113.8', proxied=False, ttl=300)\n")
    (changed,) = records(cloudflare)
    assert second["id"] == changed["id"] == made["id"]
    assert (changed["name"], changed["content"], changed["proxied"], changed["ttl"]) == (
        "preview-y.pgai.watch",
        "203.0.113.8",
        False,
        300,
    )
    assert not changed["comment"]
    assert stack.destroy().returncode == 0
    assert records(cloudflare) == []
    assert calls(cloudflare) == ["POST 200", "PUT 200", "DELETE 200"]


def test_another_zone_replaces_the_record(stack: Stack, cloudflare: FakeCloudflare) -> None:
    stack.outputs("record()\n")
    stack.env["ZONE"] = cloudflare.zone_id("example.org")
    stack.outputs("record(name='preview-x.example.org')\n")
    assert records(cloudflare) == []
    assert [record["name"] for record in records(cloudflare, "example.org")] == ["preview-x.example.org"]


def test_a_name_without_its_zone_shows_no_change(stack: Stack, cloudflare: FakeCloudflare) -> None:
    stack.outputs("record(name='preview-x')\n")
    assert records(cloudflare)[0]["name"] == "preview-x.pgai.watch"
    assert stack.pulumi("refresh", "--yes", "--skip-preview").returncode == 0
    assert "2 unchanged" in stack.up("record(name='preview-x')\n").stdout


def test_a_refresh_notices_changes_by_hand_and_an_update_mends_them(stack: Stack, cloudflare: FakeCloudflare) -> None:
    stack.outputs("record()\n")
    with cloudflare.edit() as state:
        (record,) = state.records[cloudflare.zone_id("pgai.watch")].values()
        record["content"] = "203.0.113.99"
    assert "1 updated" in stack.pulumi("refresh", "--yes", "--skip-preview").stdout
    assert "1 updated" in stack.up("record()\n").stdout
    assert records(cloudflare)[0]["content"] == "203.0.113.7"


def test_a_refresh_forgets_a_record_that_is_gone_and_an_update_makes_it_again(
    stack: Stack, cloudflare: FakeCloudflare
) -> None:
    stack.outputs("record()\n")
    with cloudflare.edit() as state:
        state.records[cloudflare.zone_id("pgai.watch")].clear()
    assert "1 deleted" in stack.pulumi("refresh", "--yes", "--skip-preview").stdout
    assert "1 created" in stack.up("record()\n").stdout
    assert len(records(cloudflare)) == 1


def test_deleting_a_record_that_is_gone_is_an_error_until_a_refresh(stack: Stack, cloudflare: FakeCloudflare) -> None:
    stack.outputs("record()\n")
    with cloudflare.edit() as state:
        state.records[cloudflare.zone_id("pgai.watch")].clear()
    failed = stack.destroy()
    assert failed.returncode != 0
    assert "Record does not exist (81044)" in failed.stdout
    done = stack.pulumi("destroy", "--yes", "--skip-preview", "--refresh")
    assert done.returncode == 0, done.stdout
    assert calls(cloudflare)[-1] == "GET 404"


def test_a_record_is_imported_as_zone_and_id(stack: Stack, cloudflare: FakeCloudflare) -> None:
    first = stack.outputs("record(opts=pulumi.ResourceOptions(retain_on_delete=True))\n")
    stack.outputs("")
    identity = f"{stack.env['ZONE']}/{first['id']}"
    imported = stack.outputs(f"record(opts=pulumi.ResourceOptions(import_={identity!r}))\n")
    assert imported["id"] == first["id"]
    assert "2 unchanged" in stack.up("record()\n").stdout
    assert len(records(cloudflare)) == 1


@pytest.mark.parametrize(("status", "pause"), [(429, 1), (500, None), (503, None)])
def test_errors_that_pass_are_waited_out(
    stack: Stack, cloudflare: FakeCloudflare, status: int, pause: float | None
) -> None:
    cloudflare.fail_next(status, times=2, retry_after=pause, path=PATH)
    stack.outputs("record()\n")
    assert calls(cloudflare) == [f"POST {status}", f"POST {status}", "POST 200"]
    cloudflare.fail_next(status, times=2, retry_after=pause, path=PATH)
    assert stack.destroy().returncode == 0
    assert records(cloudflare) == []


def test_an_error_that_stays_is_one_sentence_with_cloudflares_own_words(
    stack: Stack, cloudflare: FakeCloudflare
) -> None:
    cloudflare.fail_next(500, times=1000, path=PATH)
    shown = refused(stack, "record()\n")
    assert "Cloudflare did not create the DNS record preview-x.pgai.watch (" in shown
    assert "it answered 500 Internal Server Error: Internal server error (10001); try again later" in shown
    assert len(cloudflare.requests) == 3


def test_a_pause_of_a_minute_or_more_is_not_waited_for(stack: Stack, cloudflare: FakeCloudflare) -> None:
    cloudflare.fail_next(429, times=1000, retry_after=600, path=PATH)
    assert "429 Too Many Requests" in refused(stack, "record()\n")
    assert len(cloudflare.requests) == 3


def test_a_server_that_does_not_answer_is_one_sentence(stack: Stack) -> None:
    stack.env["CLOUDFLARE_BASE_URL"] = "http://127.0.0.1:1/client/v4"
    shown = refused(stack, "record()\n")
    assert "Cloudflare did not create the DNS record" in shown
    assert "connection refused" in shown


def test_a_record_that_an_attempt_made_before_it_seemed_to_fail_is_an_error(
    stack: Stack, cloudflare: Forgetful
) -> None:
    cloudflare.forgot = False
    assert "An identical record already exists (81058)" in refused(stack, "record()\n")
    assert calls(cloudflare) == ["POST 200", "POST 400"]


@pytest.mark.parametrize(
    ("there", "wanted", "code"),
    [
        ("type='CNAME', content='example.org'", "", 81054),
        ("", "type='CNAME', content='example.org'", 81053),
        ("", "", 81058),
    ],
)
def test_a_record_of_somebody_else_is_not_taken(stack: Stack, there: str, wanted: str, code: int) -> None:
    stack.outputs(f"record({', '.join(filter(None, [there, 'opts=pulumi.ResourceOptions(retain_on_delete=True)']))})\n")
    stack.outputs("")
    assert f"({code})" in refused(stack, f"record({wanted})\n")


def test_a_wrong_token_says_what_to_check_and_is_not_shown(stack: Stack) -> None:
    stack.env["CLOUDFLARE_API_TOKEN"] = "wrong-token-of-forty-characters-0123456789"
    shown = refused(stack, "record()\n")
    assert "Invalid access token (9109); check that the API token may edit DNS in this zone" in shown
    assert "wrong-token" not in shown


def test_a_missing_token_says_where_it_comes_from(stack: Stack) -> None:
    stack.env.pop("CLOUDFLARE_API_TOKEN")
    assert "there is no API token: set CLOUDFLARE_API_TOKEN" in refused(stack, "record()\n")


def test_a_token_in_the_programs_provider_is_used_and_kept_secret(stack: Stack, cloudflare: FakeCloudflare) -> None:
    for name in ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_BASE_URL"):
        stack.env.pop(name)
    stack.env |= {"TOKEN": cloudflare.token, "URL": cloudflare.url}
    stack.prologue = OFFICIAL_PROLOGUE
    stack.outputs(
        "p = cloudflare.Provider('p', api_token=os.environ['TOKEN'], base_url=os.environ['URL'])\n"
        "record(opts=pulumi.ResourceOptions(provider=p))\n"
    )
    assert len(records(cloudflare)) == 1
    assert cloudflare.token not in stack.pulumi("stack", "export").stdout


def test_a_token_of_the_environment_is_not_in_the_state(stack: Stack, cloudflare: FakeCloudflare) -> None:
    stack.outputs("record()\n")
    assert cloudflare.token not in stack.pulumi("stack", "export", "--show-secrets").stdout


def test_a_proxied_record_with_a_time_of_its_own_is_refused_before_anything_is_sent(
    stack: Stack, cloudflare: FakeCloudflare
) -> None:
    assert "ttl must be set to 1 when `proxied` is true" in refused(stack, "record(ttl=300)\n")
    assert cloudflare.requests == []


def test_a_dry_run_sends_nothing(stack: Stack, cloudflare: FakeCloudflare) -> None:
    (stack.directory / "__main__.py").write_text(PROLOGUE + "record()\n")
    shown = stack.pulumi("preview")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert cloudflare.requests == []


def test_the_plugin_says_that_it_is_a_stand_in(stack: Stack) -> None:
    plugin = Path(stack.env["PULUMI_HOME"], "plugins", "resource-cloudflare-v6.23.1", "pulumi-resource-cloudflare")
    said = subprocess.run([str(plugin), "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    assert "stand-in" in said or said.strip().startswith("6.23.1")
