"""Python packages of an image are downloaded with this machine's pip settings, and only those that its recipe names."""

from __future__ import annotations

import hashlib
import platform
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.unit.toolchain.conftest import Machine
from toolchain import wheels
from toolchain.image_build import archive
from toolchain.report import SetupError

WHEEL = "thing-1.0-cp311-cp311-manylinux_2_28_{machine}.whl"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index in a folder, named by pip's own settings, with one package for the images' Python."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / WHEEL.format(machine=platform.machine()), "w") as wheel:
        wheel.writestr("thing.py", "")
        wheel.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        wheel.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_28_x86_64\n")
        wheel.writestr("thing-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def recipe(folder: Path, index: Path, option: str | None = None) -> Path:
    [wheel] = index.iterdir()
    path = folder / "flask-backend"
    path.mkdir()
    if option is None:
        option = f"--hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"
    (path / "requirements.txt").write_text(f"thing==1.0 {option}\n")
    return path


def download(machine: Machine, folder: Path) -> list[tuple[Path, str]]:
    return wheels.download(machine.context(), folder, lambda _share, _what: None)


def test_the_packages_go_into_the_builds_context(machine: Machine, tmp_path: Path, index: Path) -> None:
    files = download(machine, recipe(tmp_path, index))
    with tarfile.open(fileobj=archive(files)) as context:
        assert context.getnames() == [f"wheels/{WHEEL.format(machine=platform.machine())}"]


def test_a_recipe_without_packages_downloads_nothing(machine: Machine, tmp_path: Path) -> None:
    assert download(machine, tmp_path) == []


@pytest.mark.parametrize("option", [f"--hash=sha256:{'0' * 64}", ""], ids=["another content", "no hash"])
def test_a_package_whose_content_is_not_the_locked_one_is_refused_in_one_sentence(
    option: str, machine: Machine, tmp_path: Path, index: Path
) -> None:
    with pytest.raises(SetupError, match=r"^Downloading the Python packages of flask-backend failed: .*see .*\.$"):
        download(machine, recipe(tmp_path, index, option))


def test_packages_of_an_older_recipe_are_not_sent_along(machine: Machine, tmp_path: Path, index: Path) -> None:
    folder = recipe(tmp_path, index)
    [(path, _)] = download(machine, folder)
    (path.parent / "older-1.0-py3-none-any.whl").write_bytes(b"")
    assert [name for _, name in download(machine, folder)] == [f"wheels/{path.name}"]
