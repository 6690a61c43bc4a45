"""Which dashboards the Grafana stand-in shows, and which it refuses to save: what Grafana refuses it must refuse."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.equipment.programs import wait_for
from tests.standins.grafana import PROVIDER, Grafana, PrometheusStandIn

NOT_SAVING = "Not saving new dashboard due to restricted database access"


@pytest.fixture(scope="module")
def grafana(
    grafana_binary: Path, prometheus: PrometheusStandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Grafana]:
    """One provider of all dashboards."""
    running = Grafana(grafana_binary, tmp_path_factory.mktemp("grafana"), prometheus=prometheus.url)
    yield running
    running.program.kill()


@contextmanager
def started(binary: Path, folder: Path, providers: str, dashboards: dict[str, str]) -> Iterator[Grafana]:
    """A Grafana with these providers, and with dashboards (name of the file → content) beside its first one."""
    (folder / "dashboards").mkdir()
    for name, content in dashboards.items():
        path = folder / "dashboards" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    running = Grafana(binary, folder, prometheus="http://127.0.0.1:1", providers=providers)
    try:
        yield running
    finally:
        running.program.kill()


def test_dashboards_appear_change_and_go_without_a_restart(grafana: Grafana) -> None:
    visitor = grafana.visitor()

    def title() -> str | None:
        answer = visitor.get("/api/dashboards/uid/later")
        return answer.json()["dashboard"]["title"] if answer.status_code == 200 else None

    path = grafana.write_dashboard("later", "Added")
    wait_for("the new dashboard", lambda: title() == "Added", 5)
    path.write_text('{"uid": "later", "title": broken')
    wait_for("the broken file to be noticed", lambda: "failed to load dashboard" in grafana.program.output, 5)
    assert title() == "Added"
    grafana.write_dashboard("later", "Repaired")
    wait_for("the repaired dashboard", lambda: title() == "Repaired", 5)
    path.unlink()
    wait_for("the removal", lambda: title() is None, 5)


def test_two_providers_show_their_dashboards_in_their_own_folders(grafana_binary: Path, tmp_path: Path) -> None:
    providers = """
apiVersion: 1
providers:
  - {name: one, folder: One, folderUid: one, options: {path: DASHBOARDS/a}}
  - {name: two, options: {path: DASHBOARDS/b, foldersFromFilesStructure: true}}
"""
    files = {"a/x.json": '{"uid": "x", "title": "Same"}', "b/Deep inside/y.json": '{"uid": "y", "title": "Same"}'}
    with started(grafana_binary, tmp_path, providers, files) as grafana:
        assert grafana.shown() == {"x": "One", "y": "Deep inside"}
        folders = {folder["title"]: folder["uid"] for folder in grafana.visitor().get("/api/folders").json()}
        assert folders["One"] == "one"
        assert folders["Deep inside"] != "deep-inside", "a uid that nobody gave cannot be guessed"


def test_a_dashboard_whose_uid_is_a_folders_is_not_saved(grafana_binary: Path, tmp_path: Path) -> None:
    providers = PROVIDER.replace("name: all", "name: all, folder: Preview, folderUid: pgai-preview")
    files = {"health.json": '{"uid": "pgai-preview", "title": "Preview health"}'}
    with started(grafana_binary, tmp_path, providers, files) as grafana:
        assert grafana.shown() == {"first": "Preview"}
        assert "Dashboard cannot be changed to a folder" in grafana.program.output


def test_two_providers_of_the_same_files_save_none_and_both_say_so(grafana_binary: Path, tmp_path: Path) -> None:
    providers = """
apiVersion: 1
providers:
  - {name: one, options: {path: DASHBOARDS}}
  - {name: two, folder: Two, options: {path: DASHBOARDS}}
"""
    with started(grafana_binary, tmp_path, providers, {}) as grafana:
        assert grafana.shown() == {}
        for name in ("one", "two"):
            assert re.search(f'{NOT_SAVING}" provider={name}', grafana.program.output)


def test_a_uid_that_two_files_share_takes_their_provider_the_right_to_save(
    grafana_binary: Path, tmp_path: Path
) -> None:
    files = {"one.json": '{"uid": "same", "title": "One"}', "two.json": '{"uid": "same", "title": "Two"}'}
    with started(grafana_binary, tmp_path, PROVIDER, files) as grafana:
        assert grafana.shown() == {}
        assert "the same UID is used more than once" in grafana.program.output
        (grafana.dashboards / "two.json").unlink()
        wait_for("the rest to be saved", lambda: set(grafana.shown()) == {"first", "same"}, 5)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"uid": "bad", "title": "Not JSON", "value": NaN}', "invalid character"),
        ('\ufeff{"uid": "bad", "title": "A byte-order mark"}', "invalid character"),
        ('{"dashboard": {"uid": "bad", "title": "An export"}, "meta": {}}', "Dashboard title cannot be empty"),
        ('{"uid": "not a uid", "title": "Spaces"}', "uid contains illegal characters"),
    ],
)
def test_a_dashboard_that_grafana_cannot_read_is_left_out_with_the_reason(
    grafana_binary: Path, tmp_path: Path, content: str, said: str
) -> None:
    with started(grafana_binary, tmp_path, PROVIDER, {"bad.json": content}) as grafana:
        assert set(grafana.shown()) == {"first"}
        assert said in grafana.program.output


def test_yaml_as_people_write_it_is_taken(grafana_binary: Path, tmp_path: Path) -> None:
    providers = "\ufeff" + PROVIDER + "---\napiVersion: 1\nproviders: [{name: second document}]\n"
    (tmp_path / "provisioning" / "dashboards").mkdir(parents=True)
    (tmp_path / "provisioning" / "dashboards" / "comments.yml").write_text("# providers: [{name: none}]\n")
    with started(grafana_binary, tmp_path, providers, {}) as grafana:
        assert set(grafana.shown()) == {"first"}


@pytest.mark.parametrize(
    ("providers", "said"),
    [
        ("apiVersion: 1\nproviders: [{name: a}]", "path param is not a string"),
        ("providers: [{name: a, options: {path: /a}}]", "cannot unmarshal"),
        ("apiVersion: 1\nproviders: [{name: a, type: git, options: {path: /a}}]", "type git is not supported"),
        ("apiVersion: 1\nproviders: [", "all.yml"),
    ],
)
def test_a_provider_file_that_ends_grafana_ends_it_in_one_sentence(
    grafana_binary: Path, tmp_path: Path, providers: str, said: str
) -> None:
    folder = tmp_path / "provisioning" / "dashboards"
    folder.mkdir(parents=True)
    (folder / "all.yml").write_text(providers)
    env = {"GF_PATHS_PROVISIONING": str(tmp_path / "provisioning"), "GF_PATHS_DATA": str(tmp_path)}
    ended = subprocess.run(
        [grafana_binary],
        env={**env, "GF_PATHS_PLUGINS": str(tmp_path / "plugins")},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert ended.returncode == 1
    assert said in ended.stderr
