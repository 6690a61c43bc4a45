"""The Cloudflare plugin's DNS records, against the stateful fake of the API, keep the official contract."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.equipment.fakes import FakeCloudflare
from tests.standins.cloudflare_records import OFFICIAL_PROLOGUE, PROLOGUE, calls, records, stack_on
from tests.standins.engine import Stack

pytestmark = pytest.mark.engine


@pytest.fixture
def stack(tmp_path: Path, cloudflare: FakeCloudflare) -> Stack:
    return stack_on(cloudflare, tmp_path)


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


def test_a_dry_run_sends_nothing(stack: Stack, cloudflare: FakeCloudflare) -> None:
    (stack.directory / "__main__.py").write_text(PROLOGUE + "record()\n")
    shown = stack.pulumi("preview")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert cloudflare.requests == []


def test_the_plugin_says_that_it_is_a_stand_in(stack: Stack) -> None:
    plugin = Path(stack.env["PULUMI_HOME"], "plugins", "resource-cloudflare-v6.23.1", "pulumi-resource-cloudflare")
    said = subprocess.run([str(plugin), "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    assert "stand-in" in said or said.strip().startswith("6.23.1")
