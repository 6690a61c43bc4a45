"""What a preview relies on in Grafana, checked on the stand-in: who may do what, data sources, the page's parts."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.standins.grafana import PASSWORD, SINK_PASSWORD, Grafana, PrometheusStandIn


@pytest.fixture(scope="module")
def grafana(
    grafana_binary: Path, prometheus: PrometheusStandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Grafana]:
    """Anonymous visitors are viewers, as in a preview."""
    running = Grafana(grafana_binary, tmp_path_factory.mktemp("grafana"), prometheus=prometheus.url)
    yield running
    running.program.kill()


def test_it_says_that_it_is_a_stand_in(grafana: Grafana, grafana_binary: Path) -> None:
    health = grafana.visitor().get("/api/health").json()
    assert health["database"] == "ok"
    assert health["version"] == "12.0.2"
    printed = subprocess.run(
        [grafana_binary, "--version"], capture_output=True, text=True, timeout=10, check=True
    ).stdout
    for text in (health["standIn"], grafana.program.output.splitlines()[0], printed):
        assert "stand-in" in text


def test_a_visitor_reads_but_changes_nothing(grafana: Grafana) -> None:
    visitor = grafana.visitor()
    found = visitor.get("/api/search", params={"query": "first", "tag": "pgai", "type": "dash-db"}).json()
    assert [(entry["uid"], entry["url"]) for entry in found] == [("first", "/d/first/first-dashboard")]
    shown = visitor.get("/api/dashboards/uid/first").json()
    assert shown["dashboard"]["title"] == "First dashboard"
    assert (shown["meta"]["provisioned"], shown["meta"]["canSave"]) == (True, False)
    assert visitor.get("/api/dashboards/uid/none").json()["message"] == "Dashboard not found"
    assert visitor.get("/api/org").status_code == 200
    assert visitor.get("/api/user").status_code == 401
    for method, path in [
        ("POST", "/api/dashboards/db"),
        ("DELETE", "/api/dashboards/uid/first"),
        ("POST", "/api/datasources"),
        ("POST", "/api/annotations"),
        ("GET", "/api/datasources"),
        ("GET", "/api/datasources/uid/P031DD592934B2F1F"),
    ]:
        answer = visitor.request(method, path, json={} if method == "POST" else None)
        assert (answer.status_code, answer.json()["title"]) == (403, "Access denied"), path


@pytest.mark.parametrize("path", ["/api/short-urls", "/api/short-urls/", "/api/short%2Durls", "/%61pi/short-urls"])
def test_a_visitor_makes_short_links_to_whatever_he_likes(grafana: Grafana, path: str) -> None:
    made = grafana.visitor().post(path, json={"path": "d/first?" + "x" * 100_000})
    assert made.status_code == 200
    assert made.json()["url"].endswith(f"/goto/{made.json()['uid']}?orgId=1")
    assert grafana.visitor().post(path, json={"path": "/d/first"}).status_code == 400, "Grafana wants it relative"


def test_each_id_that_a_visitors_request_gives_its_device_is_kept(grafana: Grafana) -> None:
    ids = {"one", "two", "x" * 50_000}
    for name in ids:
        for path in ("/api/search", "/api/nothing-here"):
            grafana.visitor().get(path, headers={"x-grafana-device-id": name, "User-Agent": "a viewer"})
    grafana.admin().get("/api/search", headers={"X-Grafana-Device-Id": "of somebody who is known"})
    kept = grafana.admin().get("/api/anonymous/devices").json()
    assert {row["deviceId"] for row in kept} == ids
    assert {(row["clientIp"], row["userAgent"]) for row in kept} == {("127.0.0.1", "a viewer")}
    assert grafana.visitor().get("/api/anonymous/devices").status_code == 403


def test_login_gives_a_session_and_logout_ends_it(grafana: Grafana) -> None:
    client = grafana.visitor()
    refused = client.post("/login", json={"user": "admin", "password": "wrong"})
    assert (refused.status_code, refused.json()["message"]) == (401, "Invalid username or password")
    welcome = client.post("/login", json={"user": "admin", "password": PASSWORD})
    assert welcome.json()["message"] == "Logged in"
    assert "HttpOnly; SameSite=Lax" in welcome.headers["set-cookie"]
    assert client.get("/api/user").json()["login"] == "admin"
    assert client.post("/api/dashboards/db", json={}, headers={"Origin": "https://evil.test"}).status_code == 403
    assert client.post("/api/dashboards/db", json={}).status_code == 501
    session = client.cookies["grafana_session"]
    assert client.get("/logout").headers["location"] == "/login"
    client.cookies.set("grafana_session", session)
    assert client.get("/api/user").status_code == 401


def test_a_wrong_password_is_refused_even_where_visitors_are_welcome(grafana: Grafana) -> None:
    assert grafana.admin().get("/api/user").json()["isGrafanaAdmin"] is True
    assert grafana.visitor().get("/api/search", auth=("admin", "wrong")).status_code == 401


def test_without_anonymous_access_everything_asks_for_a_login(
    grafana_binary: Path, prometheus: PrometheusStandIn, tmp_path: Path
) -> None:
    closed = Grafana(grafana_binary, tmp_path, prometheus=prometheus.url, env={"GF_AUTH_ANONYMOUS_ENABLED": "false"})
    visitor = closed.visitor()
    for path in ("/api/search", "/api/dashboards/uid/first", "/api/org"):
        answer = visitor.get(path)
        assert (answer.status_code, answer.json()["messageId"]) == (401, "auth.unauthorized")
    assert visitor.get("/d/first/x").headers["location"] == "/login"
    assert visitor.get("/login").status_code == 200
    assert visitor.get("/api/health").status_code == 200
    assert closed.admin().get("/api/search").status_code == 200
    code, seconds = closed.program.terminate()
    assert code == 0
    assert seconds < 3


def test_data_sources_are_expanded_and_their_secrets_stay_inside(
    grafana: Grafana, prometheus: PrometheusStandIn
) -> None:
    admin = grafana.admin()
    listed = {source["uid"]: source for source in admin.get("/api/datasources").json()}
    assert listed["P7A0D6631BB10B34F"]["url"] == prometheus.url
    assert listed["P031DD592934B2F1F"]["secureJsonFields"] == {"password": True}
    for path in ("/api/datasources", "/api/datasources/uid/P031DD592934B2F1F", "/api/frontend/settings", "/metrics"):
        assert SINK_PASSWORD not in admin.get(path).text
    unreachable = admin.get("/api/datasources/uid/P031DD592934B2F1F/health")
    assert (unreachable.status_code, unreachable.json()["status"]) == (400, "ERROR")
    for text in (unreachable.text, grafana.program.output):
        assert SINK_PASSWORD not in text
        assert PASSWORD not in text


def test_the_page_loads_nothing_from_elsewhere_and_all_its_parts_exist(grafana: Grafana) -> None:
    visitor = grafana.visitor()
    page = visitor.get("/d/first/first-dashboard")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    waiting = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        assert path.startswith("/public/"), path
        part = visitor.get(path)
        assert part.status_code == 200, path
        waiting += [str(part.url.join(found).path) for found in re.findall(r'from "(\.[^"]+)"', part.text)]
    assert sum(path.endswith(".js") for path in seen) > 20
    assert visitor.get("/public/").status_code == 404


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("GF_SECURITY_ADMIN_PASSWORD__FILE", "/does/not/exist", "cannot be read"),
        ("GF_SERVER_HTTP_PORT", "many", "whole number"),
        ("GF_AUTH_ANONYMOUS_ORG_ROLE", "King", "Viewer, Editor or Admin"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_a_failure(grafana_binary: Path, name: str, value: str, said: str) -> None:
    ended = subprocess.run([grafana_binary], env={name: value}, capture_output=True, text=True, timeout=10, check=False)
    assert ended.returncode == 1
    assert name in ended.stderr
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
