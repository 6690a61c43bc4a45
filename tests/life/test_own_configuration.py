"""A branch's own configuration on a real preview: another layout's credentials, much of it, and broken files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from stacks.names import slug_of, stack_of
from tests.equipment.previews import Ground
from tests.equipment.programs import wait_for
from tests.equipment.viewer import viewer

pytestmark = pytest.mark.engine

_MANY, _EACH = 40, 512 * 1024

_FILES = {
    "target-db/init.sql": "create user monitor with password 'in-the-repository'; grant pg_read_all_stats to monitor;",
    "sink-postgres/init.sql": """
        create role pgwatch with login password 'in-the-repository';
        create database measurements owner pgwatch;
        \\c measurements
        create table own_texts (time timestamptz not null, dbname text not null, data jsonb not null, tag_data jsonb)
            partition by list (dbname);
        alter table own_texts owner to pgwatch;
    """,
    "sink-postgres/hba.sh": "exit 1",
    "pgwatch-postgres/metrics.yml": """
        metrics: {own_texts: {sqls: {11: "select 'words'::text as text, 1::int8 as number"}}}
        presets: {preview: {metrics: {own_texts: 5}}}
    """,
    "grafana/provisioning/grafana.ini": "[users]\nhome_page = /d/many-1/any\n[server]\nhttp_port = 1\n",
}


@pytest.fixture
def product(ground: Ground, tmp_path: Path) -> Path:
    """The default configuration as a product repository has it: its own credentials, no scrape configuration, 20 MB."""
    root = Path(shutil.copytree(ground.clone.path / "config", tmp_path / "product"))
    shutil.rmtree(root / "prometheus")
    sources = root / "pgwatch-prometheus/sources.yml"
    rows = yaml.safe_load(sources.read_text(encoding="utf-8"))
    rows[0]["conn_str"] = "postgresql://monitor:in-the-repository@target-db:5432/target_database"
    sources.write_text(yaml.safe_dump(rows), encoding="utf-8")
    file = root / "grafana/provisioning/datasources/datasources.yml"
    datasources = yaml.safe_load(file.read_text(encoding="utf-8"))
    datasources["datasources"][1].update(user="pgwatch", secureJsonData={"password": "in-the-repository"})
    file.write_text(yaml.safe_dump(datasources), encoding="utf-8")
    for name, content in _FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    for number in range(_MANY):
        dashboard = {"uid": f"many-{number}", "title": f"Many {number}", "panels": [], "description": "x" * _EACH}
        (root / f"grafana/dashboards/many {number}.json").write_text(json.dumps(dashboard), encoding="utf-8")
    return root


def test_a_large_configuration_with_other_credentials_works_and_stays_out_of_the_state(
    ground: Ground, product: Path, gone_afterwards: Callable[[str], str], tmp_path: Path
) -> None:
    branch = gone_afterwards("own")
    done = ground.deploy(branch, "--config-dir", str(product))
    assert "prometheus/prometheus.yml: not in " in done.stderr
    assert "pgwatch-prometheus/sources.yml: given the preview's own credentials" in done.stderr
    with viewer(branch, ground.clone.ports["httpsPort"]) as page:
        found = {row["uid"] for row in page.get("/api/search?type=dash-db&limit=5000").json()}
        assert {f"many-{number}" for number in range(_MANY)} <= found
        for uid in found:
            assert page.get(f"/api/dashboards/uid/{uid}").json()["dashboard"]["uid"] == uid
    # Whoever scrapes gets a sample that nobody has got before, and VictoriaMetrics scrapes too.
    wait_for("a measurement of the target", lambda: "pgwatch_instance_up" in _metrics(ground, branch), 60, 0.5)

    assert "not used by a preview, left out: sink-postgres/hba.sh" in done.stderr
    grafana = dict(row.split("=", 1) for row in ground.containers(branch)["grafana"].attrs["Config"]["Env"])
    assert grafana["GF_PATHS_CONFIG"] == "/postgres_ai_configs/grafana/provisioning/grafana.ini"
    assert grafana["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].endswith("/many 1.json")
    able = "select rolname, rolcanlogin from pg_roles where rolname in ('monitor', 'pgwatch') order by 1"
    assert _asked(ground, branch, "target", "target_database", able) == "monitor|f\npgwatch|t"
    texts = "select data->>'text' from own_texts limit 1"
    wait_for("a row", lambda: _asked(ground, branch, "sink", "measurements", texts) == "words", 60, 1)

    state = tmp_path / "state.json"
    stack = stack_of(slug_of(branch))
    assert ground.clone.pulumi("stack", "export", "--stack", stack, "--file", str(state)).code == 0
    assert state.stat().st_size < 1_000_000
    again = ground.clone.pulumi("up", "--yes", "--skip-preview", "--stack", stack, "--expect-no-changes")
    assert again.code == 0, again.text


def _asked(ground: Ground, branch: str, service: str, database: str, query: str) -> str:
    command = ["psql", "-At", "-U", "postgres", "-d", database, "-c", query]
    output: bytes = ground.containers(branch)[service].exec_run(command).output
    return output.decode().strip()


def _metrics(ground: Ground, branch: str) -> str:
    command = ["wget", "-q", "-O", "-", "http://127.0.0.1:9091/pgwatch"]
    output: bytes = ground.containers(branch)["pgwatch"].exec_run(command).output
    return output.decode()


def test_broken_files_are_refused_with_their_lines_before_anything_is_touched(ground: Ground, product: Path) -> None:
    (product / "grafana/dashboards/activity.json").write_text('{\n"title": "x",\n}', encoding="utf-8")
    branch = ground.branch("broken-files")
    done = ground.clone.preview("deploy", branch, "--config-dir", str(product))
    assert done.code == 2, done.text
    assert f"{product / 'grafana/dashboards/activity.json'}, line 3: not valid JSON" in done.stderr
    ground.require_nothing(branch)
