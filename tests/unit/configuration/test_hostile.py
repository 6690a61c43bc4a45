"""Files that would hang, exhaust or betray whoever reads them are refused by name."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.configuration.trees import accepted, dashboard, refused, tree

DATASOURCES = "grafana/provisioning/datasources/x.yml"
DASHBOARD = "grafana/dashboards/x.json"
SCRAPE = "prometheus/prometheus.yml"
BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 40))


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        # A socket's path must be short.
        short = Path(tempfile.mkdtemp()) / "s"
        listening.bind(str(short))
        short.rename(path)
        short.parent.rmdir()


@pytest.mark.parametrize("make", [os.mkfifo, _socket], ids=["pipe", "socket"])
@pytest.mark.parametrize("name", [DASHBOARD, SCRAPE, "grafana/any"])
def test_what_is_no_file_is_refused_by_name(tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
    branch = tree(tmp_path, {"grafana/dashboards/y.json": dashboard("y")})
    (branch / name).parent.mkdir(parents=True, exist_ok=True)
    make(branch / name)
    assert f"{branch / name}: is neither a file nor a folder" in refused(branch)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../outside.json", "/dev/zero"])
def test_a_link_that_leads_out_is_refused_and_not_read(tmp_path: Path, target: str) -> None:
    (tmp_path / "outside.json").write_text('{"title": "secret"', encoding="utf-8")
    branch = tree(tmp_path / "branch", {"grafana/dashboards/y.json": dashboard("y")})
    (branch / DASHBOARD).symlink_to(target)
    assert (
        refused(branch)
        == f"{branch / DASHBOARD}: is a link that leads out of the directory: put the file in its place."
    )


def test_a_folder_that_is_a_link_out_is_refused(tmp_path: Path) -> None:
    tree(tmp_path / "outside", {"x.json": dashboard("x")})
    branch = tree(tmp_path / "branch", {"grafana/any.txt": ""})
    (branch / "grafana/dashboards").symlink_to("../../outside")
    assert "is a link that leads out of the directory" in refused(branch)


def test_a_link_that_leads_in_circles_is_refused(tmp_path: Path) -> None:
    branch = tree(tmp_path, {DASHBOARD: dashboard("x")})
    (branch / "grafana/dashboards/again").symlink_to("..")
    assert "is a link that leads back to a folder that it is in" in refused(branch)


def test_mounted_configuration_with_its_links_is_taken_once(tmp_path: Path) -> None:
    """Kubernetes mounts files as links into a hidden folder."""
    branch = tree(tmp_path / "branch", {"grafana/dashboards/..2026/x.json": dashboard("x")})
    (branch / "grafana/dashboards/..data").symlink_to("..2026")
    (branch / DASHBOARD).symlink_to("..data/x.json")
    _, directory = accepted(branch, tmp_path / "written")
    assert [path.name for path in (directory / "grafana/dashboards").iterdir()] == ["x.json"]
    assert not (directory / DASHBOARD).is_symlink()


def test_hidden_entries_are_left_out(tmp_path: Path) -> None:
    files = {DASHBOARD: dashboard("x"), "grafana/dashboards/.git/y.json": "{", "grafana/.z": b"\xff"}
    found, directory = accepted(tree(tmp_path / "branch", files), tmp_path / "written")
    assert [path.name for path in directory.rglob("*.json")] == ["x.json"]
    assert not [note for note in found.notes if ".git" in note]


def test_a_file_of_more_than_20_mb_is_refused_unread(tmp_path: Path) -> None:
    branch = tree(tmp_path, {DASHBOARD: ""})
    os.truncate(branch / DASHBOARD, 20 * 1024**2 + 1)
    assert refused(branch) == f"{branch / DASHBOARD}: is larger than 20 MB."


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (SCRAPE, BOMB, "has more than 200000 values, each alias counted as what it stands for"),
        (SCRAPE, "a: &a [*a]", "line 1: *a refers to what it is itself a part of"),
        (SCRAPE, "a: " + "[" * 100_000, "line 1: is nested more than 64 deep"),
        (SCRAPE, "- " * 100_000, "line 1: is nested more than 64 deep"),
        (SCRAPE, "[" + "a," * 300_000 + "]", "has more than 200000 values"),
        (SCRAPE, "a: 1\nb: \0", "line 2: not valid text (it has a NUL character)"),
        (SCRAPE, b"a: 1\nb: \xff", "line 2: not valid text (not UTF-8"),
        (SCRAPE, "a: 1\nb: 2\na: 3", "line 3: has the key 'a' twice"),
        (SCRAPE, "a:\n  ? [b]\n  : c", "line 2: a key must be text"),
        (SCRAPE, "a: *b", "line 1: not valid YAML (found undefined alias)"),
        (DATASOURCES, "<<: 5", "what << merges must be a mapping"),
        (DASHBOARD, "[" * 200_000, "is nested too deeply"),
        (DASHBOARD, '{"title": "NaN",\n"a": NaN}', "line 2: not valid JSON (NaN is no number in JSON)"),
        (DASHBOARD, "", "line 1: not valid JSON"),
        (DASHBOARD, b'{"title": "\xe9"}', "line 1: not valid text (not UTF-8"),
        ("target-db/x.sql", b"select '\xe9'", "line 1: not valid text (not UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_would_do_harm_is_refused_with_its_line(
    tmp_path: Path, name: str, content: str | bytes, reason: str
) -> None:
    branch = tree(tmp_path, {name: content})
    message = refused(branch)
    assert message.startswith(str(branch / name))
    assert reason in message


def test_a_number_of_any_length_is_taken(tmp_path: Path) -> None:
    accepted(tree(tmp_path / "branch", {DASHBOARD: f'{{"title": "x", "a": {"9" * 9000}}}'}), tmp_path / "written")


def test_a_name_that_cannot_be_printed_is_refused(tmp_path: Path) -> None:
    branch = tree(tmp_path, {DASHBOARD: dashboard("x")})
    for name in (b"a\nb.json", b"\xff.json"):
        (branch / "grafana/dashboards" / os.fsdecode(name)).touch()
    message = refused(branch)
    assert message.count("has a name that is not printable UTF-8") == 2
    message.encode()


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    branch = tree(tmp_path, {DASHBOARD: dashboard("x")})

    def forbidden(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    assert f"{branch / DASHBOARD}: cannot be read (Permission denied)." in refused(branch)


def test_a_directory_of_far_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stacks.configuration.layout._MOST_ENTRIES", 3)
    branch = tree(tmp_path, {f"grafana/dashboards/{n}.json": dashboard(str(n)) for n in range(5)})
    assert "has more than 3 files" in refused(branch)
