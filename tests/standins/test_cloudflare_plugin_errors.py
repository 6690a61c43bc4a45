"""The Cloudflare plugin when the API refuses, is out of order or is not there, and what becomes of its token."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.equipment.fakes import FakeCloudflare
from tests.standins.cloudflare_records import OFFICIAL_PROLOGUE, Forgetful, calls, records, stack_on
from tests.standins.engine import Stack

pytestmark = pytest.mark.engine

PATH = "dns_records"


@pytest.fixture
def stack(tmp_path: Path, cloudflare: FakeCloudflare) -> Stack:
    return stack_on(cloudflare, tmp_path)


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
    shown = stack.refused("record()\n")
    assert "Cloudflare did not create the DNS record preview-x.pgai.watch (" in shown
    assert "it answered 500 Internal Server Error: Internal server error (10001); try again later" in shown
    assert len(cloudflare.requests) == 3


def test_a_pause_of_a_minute_or_more_is_not_waited_for(stack: Stack, cloudflare: FakeCloudflare) -> None:
    cloudflare.fail_next(429, times=1000, retry_after=600, path=PATH)
    assert "429 Too Many Requests" in stack.refused("record()\n")
    assert len(cloudflare.requests) == 3


def test_a_server_that_does_not_answer_is_one_sentence(stack: Stack) -> None:
    stack.env["CLOUDFLARE_BASE_URL"] = "http://127.0.0.1:1/client/v4"
    shown = stack.refused("record()\n")
    assert "Cloudflare did not create the DNS record" in shown
    assert "connection refused" in shown


def test_a_record_that_an_attempt_made_before_it_seemed_to_fail_is_an_error(
    stack: Stack, cloudflare: Forgetful
) -> None:
    cloudflare.forgot = False
    assert "An identical record already exists (81058)" in stack.refused("record()\n")
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
    assert f"({code})" in stack.refused(f"record({wanted})\n")


def test_a_wrong_token_says_what_to_check_and_is_not_shown(stack: Stack) -> None:
    stack.env["CLOUDFLARE_API_TOKEN"] = "wrong-token-of-forty-characters-0123456789"
    shown = stack.refused("record()\n")
    assert "Invalid access token (9109); check that the API token may edit DNS in this zone" in shown
    assert "wrong-token" not in shown


def test_a_missing_token_says_where_it_comes_from(stack: Stack) -> None:
    stack.env.pop("CLOUDFLARE_API_TOKEN")
    assert "there is no API token: set CLOUDFLARE_API_TOKEN" in stack.refused("record()\n")


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
    assert "ttl must be set to 1 when `proxied` is true" in stack.refused("record(ttl=300)\n")
    assert cloudflare.requests == []
