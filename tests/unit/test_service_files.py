"""What of a branch's files a cluster keeps, and what it does not take."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.cluster_names import stem_of
from components.service_files import FilesRefusedError, ServiceFile, files_of, require_small
from components.services import SECRETS, SERVICES, by_key


def file(name: str, size: int) -> ServiceFile:
    return ServiceFile(name=name, path=f"/{name}", content=b"x" * size, executable=False)


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    for name in ("config/grafana/dashboards/a.json", "config/prometheus/prometheus.yml", "workload/generate.sh"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return {top: tmp_path / top for top in ("config", "workload")}


def test_a_service_gets_the_files_that_it_reads_and_no_other(folders: dict[str, Path]) -> None:
    found = {key: [one.path for one in files_of(service, folders)] for key, service in by_key().items()}
    assert {key: paths for key, paths in found.items() if paths} == {
        "grafana": ["/postgres_ai_configs/grafana/dashboards/a.json"],
        "victoriametrics": ["/postgres_ai_configs/prometheus/prometheus.yml"],
        "workload": ["/workload/generate.sh"],
    }


def test_what_may_be_run_may_be_run_on_a_cluster_too(folders: dict[str, Path]) -> None:
    (folders["workload"] / "generate.sh").chmod(0o755)
    assert [one.executable for one in files_of(by_key()["workload"], folders)] == [True]
    assert [one.executable for one in files_of(by_key()["grafana"], folders)] == [False]


def test_a_file_without_content_has_the_end_of_a_line_there(folders: dict[str, Path]) -> None:
    (folders["workload"] / "generate.sh").write_text("", encoding="utf-8")
    assert [one.content for one in files_of(by_key()["workload"], folders)] == [b"\n"]


def test_the_same_content_has_the_same_name_wherever_it_is() -> None:
    assert file("config/a", 5).digest == file("workload/b", 5).digest != file("config/a", 6).digest


def test_a_file_that_is_too_large_is_named_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(FilesRefusedError) as refused:
        require_small([file("config/a", 1_000_001), file("config/b", 5)], {"config": tmp_path})
    assert f"1 in {tmp_path} has more: config/a (1.0 MB)" in str(refused.value)
    require_small([file("config/a", 1_000_000)], {"config": tmp_path})


def test_files_that_are_too_large_together_are_refused_naming_the_largest(tmp_path: Path) -> None:
    files = [file(f"config/{number}", 900_000 + number) for number in range(6)]
    with pytest.raises(FilesRefusedError) as refused:
        require_small(files, {"config": tmp_path})
    assert "have 5.0 MB at most" in str(refused.value)
    assert "have 5.4 MB. The largest: config/5 (0.9 MB), config/4 (0.9 MB), config/3 (0.9 MB)." in str(refused.value)


def test_what_several_services_read_is_counted_once(tmp_path: Path) -> None:
    require_small([file("config/a", 900_000)] * 7, {"config": tmp_path})
    require_small([], {"config": tmp_path})


@pytest.mark.parametrize("slug", ["a", "a" * 36, "a" * 54, f"{'a' * 27}-{'b' * 26}"])
def test_names_are_as_long_as_a_swarm_takes_them(slug: str) -> None:
    stem = stem_of(slug)
    assert max(len(f"{stem}-{service.key}") for service in SERVICES) <= 63
    assert max(len(f"{stem}.{secret}") for secret in (*SECRETS, "f" * 16)) <= 64
    assert "--" not in stem


def test_two_long_branches_have_different_names_and_a_short_one_its_own() -> None:
    assert stem_of("feature-a") == "preview-feature-a"
    assert stem_of(f"{'a' * 53}b") != stem_of(f"{'a' * 53}c")
