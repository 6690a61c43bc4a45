"""Grafana's files: what it would refuse is refused, what it would take is taken, and a preview decides its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stacks.configuration import home_of
from tests.unit.configuration.trees import accepted, dashboard, read, refused, tree

DATASOURCES = "grafana/provisioning/datasources/x.yml"
PROVIDERS = "grafana/provisioning/dashboards/x.yml"
INI = "grafana/provisioning/grafana.ini"
A = "name: a, options: {path: /d/a}"
PASSWORD = "$__file{/run/secrets/sink_grafana}"


def datasources(*rows: str) -> str:
    return "apiVersion: 1\ndatasources:\n" + "".join(f"  - {{{row}}}\n" for row in rows)


def providers(*rows: str) -> str:
    return "apiVersion: 1\nproviders:\n" + "".join(f"  - {{type: file, {row}}}\n" for row in rows)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (datasources("name: a"), 3, "datasources.0.type is missing"),
        (datasources("name: '', type: x"), 3, "datasources.0.name must not be empty"),
        (datasources("name: a, type: [x]"), 3, "datasources.0.type must be text"),
        (datasources("name: a, type: x, isDefault: maybe"), 3, "datasources.0.isDefault must be true or false"),
        (datasources("name: a, type: x, jsonData: text"), 3, "datasources.0.jsonData must be a mapping"),
        (datasources("name: a, type: x, secureJsonData: {p: []}"), 3, "datasources.0.secureJsonData.p must be text"),
        (datasources("name: a, type: x, uid: a/b"), 3, "datasources.0.uid must be at most 40"),
        (datasources("name: a, type: x", "name: a, type: x"), 4, "has the name 'a' of a data source in"),
        (datasources("name: a, type: x, uid: u", "name: b, type: x, uid: u"), 4, "has the uid 'u' of a data source in"),
        (datasources("name: a, type: x, isDefault: true", "name: b, type: x, isDefault: 1"), 4, "has the mark as def"),
        ("datasources: [{name: a, type: x}]", 1, "must say apiVersion: 1"),
        (datasources("name: a, type: x, orgId: 2"), 3, "datasources.0.orgId must be 1"),
        ("apiVersion: one", 1, "apiVersion must be a whole number"),
        ("apiVersion: 1\ndatasources: {}", 2, "datasources must be a list"),
    ],
)  # fmt: skip
def test_data_sources_that_grafana_would_not_take_are_refused(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    message = refused(tree(tmp_path, {DATASOURCES: text}))
    assert message.startswith(f"{tmp_path / DATASOURCES}, line {line}: ")
    assert reason in message


def test_a_data_source_that_has_no_answers_in_a_preview_is_said(tmp_path: Path) -> None:
    text = datasources(
        "name: a, type: prometheus, url: 'https://u:p@prom.example:443/x'",
        "name: b, type: postgres, url: 'target-db:5432'",
        "name: c, type: prometheus, url: 'http://sink-prometheus:9090'",
        "name: d, type: prometheus, url: '$URL'",
    )
    found, _ = accepted(tree(tmp_path / "branch", {DATASOURCES: text}), tmp_path / "written")
    assert [note for note in found.notes if "the data source" in note] == [
        f"{DATASOURCES}: the data source 'a' asks prom.example, which a preview does not have",
        f"{DATASOURCES}: the data source 'b' asks target-db, where viewers of a preview have no role",
    ]


def test_every_word_that_need_not_change_keeps_its_text(tmp_path: Path) -> None:
    words = ["0042", "00123456", "1e3", "0o17", "1_000", "2026-11-28", "yes", "0x1F", "~x", "08", ".5", "On"]
    text = (
        "apiVersion: 1\ndatasources:\n  - name: sink\n    type: postgres\n    url: sink-postgres:5432\n"
        "    database: 1:30\n"
        f"    jsonData: {{plain: [{', '.join(words)}], quoted: ['0042', \"yes\"]}}\n"
    )
    _, directory = accepted(tree(tmp_path / "branch", {DATASOURCES: text}), tmp_path / "written")
    content = (directory / DATASOURCES).read_text(encoding="utf-8")
    assert PASSWORD in content, "it was rewritten"
    assert "database: 1:30\n" in content
    assert f"plain: [{', '.join(words)}], quoted: ['0042', \"yes\"]" in content


def test_what_an_alias_shares_is_changed_only_where_it_must_be(tmp_path: Path) -> None:
    text = (
        "apiVersion: 1\ndatasources:\n"
        "  - &one {name: a, type: postgres, url: sink-postgres:5432, secureJsonData: &s {password: theirs}}\n"
        "  - {<<: *one, name: b, url: 'elsewhere:5432'}\n"
    )
    _, directory = accepted(tree(tmp_path / "branch", {DATASOURCES: text}), tmp_path / "written")
    first, second = read(directory, DATASOURCES)["datasources"]
    assert first["secureJsonData"] == {"password": PASSWORD}
    assert second == {
        "name": "b", "type": "postgres", "url": "elsewhere:5432", "secureJsonData": {"password": "theirs"}
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/var/lib/grafana/dashboards", "grafana/dashboards"),
        ("/etc/dashboards/", "grafana/dashboards"),
        ("/opt/anything", "grafana/dashboards"),
        ("/opt/team/deep", "grafana/dashboards/team/deep"),
        ("/postgres_ai_configs/grafana/dashboards/team", "grafana/dashboards/team"),
        ("dashboards/team", "grafana/dashboards/team"),
        ("$DASHBOARDS", "grafana/dashboards"),
    ],
)
def test_a_provider_reads_the_folder_that_its_path_ends_with(tmp_path: Path, path: str, folder: str) -> None:
    files = {
        "grafana/dashboards/team/deep/x.json": dashboard("x"),
        PROVIDERS: providers(f"name: a, options: {{path: {path}}}"),
    }
    _, directory = accepted(tree(tmp_path / "branch", files), tmp_path / "written")
    assert read(directory, PROVIDERS)["providers"][0]["options"]["path"] == f"/postgres_ai_configs/{folder}"


def test_dashboards_that_no_provider_shows_are_named_and_left_out(tmp_path: Path) -> None:
    files = {
        "grafana/dashboards/a/x.json": dashboard("x"),
        "grafana/dashboards/y.json": dashboard("x"),
        PROVIDERS: providers("name: a, options: {path: /dashboards/a}"),
    }
    found, directory = accepted(tree(tmp_path / "branch", files), tmp_path / "written")
    assert "no provider shows, so left out: grafana/dashboards/y.json" in found.notes
    assert [path.name for path in directory.rglob("*.json")] == ["x.json"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([A, "name: b, options: {path: /e/a}"], "Grafana would save the dashboards of neither"),
        (["name: a, options: {path: /dashboards}", "name: b, options: {path: /e/a}"], "the dashboards of neither"),
        ([A, "name: b, options: {path: /nowhere}"], "shows /nowhere, and the branch has no dashboards for it"),
        ([f"folderUid: x, {A}"], "has the uid 'x', which "),
        (
            [f"folder: A, folderUid: f, {A}", "name: b, folder: B, folderUid: f, options: {path: b}"],
            "the folderUid 'f'",
        ),
        (
            ["name: a, folder: A, folderUid: f, options: {foldersFromFilesStructure: true, path: a}"],
            "goes with neither",
        ),
        (["name: a, options: {path: [a]}"], "options.path must say where"),
        (["name: a, options: {}"], "options.path must say where"),
        (["options: {path: a}"], "providers.0.name is missing"),
        ([f"orgId: 2, {A}"], "providers.0.orgId must be 1"),
    ],
)
def test_providers_of_which_grafana_would_show_nothing_are_refused(
    tmp_path: Path, rows: list[str], reason: str
) -> None:
    boards = {f"grafana/dashboards/{folder}/x.json": dashboard(uid) for folder, uid in (("a", "x"), ("b", "y"))}
    assert reason in refused(tree(tmp_path, {**boards, PROVIDERS: providers(*rows)}))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("apiVersion: 1\nproviders: [{name: a, type: git, options: {path: a}}]", "the type of a provider must be file"),
        ("providers: [{name: a, options: {path: a}}]", "must say apiVersion: 1"),
        ("{}", "must say apiVersion: 1"),
        ("[]", "must be a mapping, not list"),
    ],
)
def test_provider_files_that_grafana_would_not_start_with_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    message = refused(tree(tmp_path, {PROVIDERS: text}))
    assert message.startswith(f"{tmp_path / PROVIDERS}, line ")
    assert reason in message


def test_a_provider_of_no_type_reads_files(tmp_path: Path) -> None:
    files = {"grafana/dashboards/x.json": dashboard("x"), PROVIDERS: "apiVersion: 1\nproviders: [{" + A + "}]"}
    accepted(tree(tmp_path / "branch", files), tmp_path / "written")


@pytest.mark.parametrize("text", ["apiVersion: 1\nproviders: []", "apiVersion: 1"])
def test_providers_that_show_no_dashboard_are_refused(tmp_path: Path, text: str) -> None:
    files = {"grafana/dashboards/x.json": dashboard("x"), PROVIDERS: text}
    assert "shows none of the dashboards" in refused(tree(tmp_path, files))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"title": "  "}, "a dashboard must have a title"),
        ({"title": 5}, "a dashboard must have a title"),
        ({"title": "x", "uid": "a b"}, "the uid must be at most 40"),
        ({"title": "x", "uid": "u" * 41}, "the uid must be at most 40"),
        ({"title": "x", "uid": 7}, "the uid must be at most 40"),
    ],
)
def test_a_dashboard_that_grafana_would_not_save_is_refused(tmp_path: Path, content: Any, reason: str) -> None:
    assert reason in refused(tree(tmp_path, {"grafana/dashboards/x.json": content}))


def test_settings_of_the_branch_stand_beside_the_previews_own(tmp_path: Path) -> None:
    text = (
        "app_mode = development\n[server]\nroot_url = https://grafana.example\n; a comment\n"
        "[users]\nhome_page = /d/b/any\nallow_sign_up = true\n"
        "[security]\nadmin_password = theirs\nallow_embedding = true\n[auth.proxy]\nenabled = true\n"
        '[auth.generic_oauth]\nscopes = """a\nb"""\nname = one \\\n  two\n'
    )
    files = {f"grafana/dashboards/{uid}.json": dashboard(uid) for uid in "ab"}
    found, directory = accepted(tree(tmp_path / "branch", {**files, INI: text}), tmp_path / "written")
    own = "server.root_url, users.allow_sign_up, security.admin_password, auth.proxy.enabled"
    assert f"{INI}: a preview decides itself, so left out: {own}" in found.notes
    content = (directory / INI).read_text(encoding="utf-8")
    assert "home_page = /d/b/any" in content
    assert 'scopes = """a\nb"""\nname = one \\\n  two\n' in content
    assert "theirs" not in content
    assert home_of(directory) == "grafana/dashboards/b.json"


@pytest.mark.parametrize(("text", "line"), [("[users]\nhome_page\n", 2), ("[users\n", 1), ('[a]\nb = """c\n', 2)])
def test_settings_that_grafana_would_not_read_are_refused(tmp_path: Path, text: str, line: int) -> None:
    assert f"{tmp_path / INI}, line {line}: not valid settings" in refused(tree(tmp_path, {INI: text}))
