"""The Python environment is made from the lock file, however this machine gets to packages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.equipment.checkout import ORIGIN

LOCK = """\
botocore==1.43.57 \\
    --hash=sha256:aa
    # via -r requirements.in
uv==0.13.9 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
    # via -r requirements.in
werkzeug==3.1.9 \\
    --hash=sha256:dd
"""

# Stands for Python, pip and uv, and writes down what they are asked for.
_PROGRAM = """#!{python}
import json, os, pathlib, shutil, sys
root, name, args = pathlib.Path({root!r}), pathlib.Path(sys.argv[0]).name, sys.argv[1:]
if name != "uv" and args.pop(0) != "-P":
    sys.exit("what lies where the caller stands comes before what is installed")
me, here = pathlib.Path(__file__), root / "checkout/.venv/bin"
if args[:2] == ["-m", "venv"]:
    if "--clear" in args:
        shutil.rmtree(here.parent, ignore_errors=True)
    here.mkdir(parents=True, exist_ok=True)
    (here.parent / "lib" / me.resolve().name).mkdir(parents=True, exist_ok=True)
    (here / "uv").write_text(me.read_text())
    (here / "uv").chmod(0o755)
    # As the vendor's does: what is there stays, wherever it leads.
    if not (here / "python").is_symlink():
        (here / "python").symlink_to(me)
elif args[:4] == ["-m", "pip", "config", "list"]:
    print((root / "pip.settings").read_text(), end="")
elif name == "uv" or args[:3] == ["-m", "pip", "install"]:
    packages = pathlib.Path(args[args.index("-r") + 1]).read_text()
    told = {{key: value for key, value in os.environ.items() if key.startswith(("UV_", "SSL_CERT", "ALL_PROXY"))}}
    by = "uv" if name == "uv" else "pip"
    with (root / "installed").open("a") as file:
        file.write(json.dumps([by, packages, told, args]) + "\\n")
    if by in os.environ["BROKEN"].split():
        sys.exit("error: " + by + " cannot")
elif args[:2] == ["-m", "cli"]:
    if not (here.parent / "lib" / me.resolve().name).is_dir():
        sys.exit("No module named typer")
    print("cli", *args[2:])
"""


class Checkout:
    """A checkout whose programs are stand-ins."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "checkout"
        self.path.mkdir()
        shutil.copy(ORIGIN / "preview", self.path)
        (self.path / "requirements.lock").write_text(LOCK, encoding="utf-8")
        (root / "pip.settings").write_text("", encoding="utf-8")
        self.programs = root / "programs"
        self.install("python3.11")

    def install(self, version: str) -> None:
        """Let the machine have this Python as its `python3`."""
        self.programs.mkdir(exist_ok=True)
        program = self.programs / version
        program.write_text(_PROGRAM.format(python=sys.executable, root=str(self.root)), encoding="utf-8")
        program.chmod(0o755)
        (self.programs / "python3").unlink(missing_ok=True)
        (self.programs / "python3").symlink_to(version)

    def preview(self, *, broken: str = "") -> subprocess.CompletedProcess[str]:
        """Run `./preview list`; `broken` are the programs that cannot install everything."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("UV_", "PIP_", "SSL_"))}
        environment |= {"PATH": f"{self.programs}:{os.environ['PATH']}", "BROKEN": broken}
        command = [str(self.path / "preview"), "list"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    def installed(self) -> list[tuple[str, str, dict[str, str], list[str]]]:
        """Each installation: by what, which packages, what its environment said, arguments."""
        lines = (self.root / "installed").read_text(encoding="utf-8").splitlines()
        return [(by, packages, told, args) for by, packages, told, args in map(json.loads, lines)]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_uv_installs_everything_and_is_itself_installed_from_the_lock_file(checkout: Checkout) -> None:
    done = checkout.preview()
    assert (done.returncode, done.stdout) == (0, "cli list\n"), done.stderr
    (first, uv, *_), (second, everything, told, args) = checkout.installed()
    assert (first, uv) == ("pip", "uv==0.13.9 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n")
    assert (second, everything, told) == ("uv", LOCK, {})
    assert "--require-hashes" in args
    assert checkout.preview().returncode == 0
    assert len(checkout.installed()) == 2, "what is there is installed again"


def test_what_pip_has_been_told_of_this_machine_uv_is_told_too(checkout: Checkout) -> None:
    # As `pip config list` puts them: what the environment says comes first, and counts.
    (checkout.root / "pip.settings").write_text(
        ":env:.index-url='http://mirror.test/simple?a=b'\n"
        "global.cert='/etc/own certificates.pem'\n"
        "global.extra-index-url='http://other.test/simple'\n"
        "global.index-url='http://another.test/simple'\n"
        "global.proxy='http://proxy.test:3128'\n"
        "global.timeout='180'\n"
        "install.find-links='/opt/wheels'\n"
        "install.no-index='true'\n",
        encoding="utf-8",
    )
    assert checkout.preview().returncode == 0
    assert checkout.installed()[1][2] == {
        "UV_DEFAULT_INDEX": "http://mirror.test/simple?a=b",
        "UV_INDEX": "http://other.test/simple",
        "UV_FIND_LINKS": "/opt/wheels",
        "UV_NO_INDEX": "true",
        "SSL_CERT_FILE": "/etc/own certificates.pem",
        "ALL_PROXY": "http://proxy.test:3128",
    }


def test_where_uv_cannot_pip_installs_what_it_would_have(checkout: Checkout) -> None:
    done = checkout.preview(broken="uv")
    assert (done.returncode, done.stdout) == (0, "cli list\n"), done.stderr
    assert [(by, packages) for by, packages, *_ in checkout.installed()[1:]] == [("uv", LOCK), ("pip", LOCK)]


@pytest.mark.parametrize("stays", [True, False])
def test_a_system_that_has_another_python_now_gets_its_environment_anew(checkout: Checkout, stays: bool) -> None:
    assert checkout.preview().returncode == 0
    if not stays:
        (checkout.programs / "python3.11").unlink()
    checkout.install("python3.13")
    done = checkout.preview()
    assert (done.returncode, done.stdout) == (0, "cli list\n"), done.stderr
    assert [path.name for path in (checkout.path / ".venv/lib").iterdir()] == ["python3.13"]
    before = len(checkout.installed())
    assert checkout.preview().stdout == "cli list\n"
    assert len(checkout.installed()) == before, "what is there is installed again"


def test_a_python_that_is_not_there_any_more_is_replaced_by_the_one_that_is(checkout: Checkout) -> None:
    assert checkout.preview().returncode == 0
    shutil.rmtree(checkout.programs)
    checkout.programs = checkout.root / "other-programs"
    checkout.install("python3.11")
    done = checkout.preview()
    assert (done.returncode, done.stdout) == (0, "cli list\n"), done.stderr


def test_a_lock_file_that_has_changed_leaves_the_environment_there_while_it_is_brought_up_to_date(
    checkout: Checkout,
) -> None:
    assert checkout.preview().returncode == 0
    kept = checkout.path / ".venv/lib/python3.11/in-use"
    kept.touch()
    (checkout.path / "requirements.lock").write_text(LOCK.replace("1.43.57", "1.43.58"), encoding="utf-8")
    assert checkout.preview().stdout == "cli list\n"
    assert len(checkout.installed()) == 4
    assert kept.exists()


def test_an_environment_that_cannot_be_made_is_one_sentence_and_made_anew_the_next_time(checkout: Checkout) -> None:
    done = checkout.preview(broken="uv pip")
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == [
        f"Error: The Python environment could not be made: error: pip cannot (all of it in {checkout.path}/.venv.log); "
        "check the network and run this again."
    ]
    assert checkout.preview().stdout == "cli list\n"


@pytest.mark.parametrize("path", [None, "", ".", ":", "here"])
def test_the_command_runs_no_code_that_lies_where_the_caller_stands(tmp_path: Path, path: str | None) -> None:
    trap = "import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n"
    for module in (
        "typing_extensions.py",
        "typer.py",
        "signal.py",
        "sitecustomize.py",
        "cli/__init__.py",
        "cli/__main__.py",
    ):
        (tmp_path / module).parent.mkdir(exist_ok=True)
        (tmp_path / module).write_text(trap, encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if path is not None:
        environment["PYTHONPATH"] = str(tmp_path) if path == "here" else path
    command = [str(ORIGIN / "preview"), "slug", "feature/a"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, "feature-a\n"), done.stderr
    assert not list(tmp_path.rglob("ran"))


@pytest.mark.parametrize("ends", [True, False])
def test_who_waits_for_another_command_to_make_the_environment_is_told_so_and_does_not_wait_for_ever(
    checkout: Checkout, ends: bool
) -> None:
    flock = checkout.programs / "flock"
    flock.write_text(f'#!/bin/sh\n[ "$*" = "-w 600 9" ] && {str(ends).lower()}\n', encoding="utf-8")
    flock.chmod(0o755)
    done = checkout.preview()
    said = done.stderr.splitlines()
    assert said[0] == "Python environment: waiting for another command that makes it"
    assert done.returncode == (0 if ends else 1)
    if not ends:
        assert said[1:] == [
            "Error: Another command has been making the Python environment for more than 10 min "
            f"(fuser {checkout.path}/.venv.lock names it): end it and run this again."
        ]
