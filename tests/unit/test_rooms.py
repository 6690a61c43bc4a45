"""Imports point one way, and what is fenced stays behind its fence."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("components", "stacks", "operations", "cli", "toolchain")
MAY_IMPORT = {
    "components": {"components"},
    "stacks": {"components", "stacks"},
    "operations": {"components", "stacks", "operations"},
    "cli": {"components", "stacks", "operations", "cli", "toolchain"},
    "toolchain": {"stacks", "toolchain"},
}
PURE = ("stacks/names.py", "stacks/paths.py", "stacks/moments.py", "components/labels.py", "components/services.py")
PROVIDERS = ("pulumi", "pulumi_docker", "pulumi_command", "pulumi_hcloud", "pulumi_random", "pulumi_cloudflare")


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_that_it_stands_on(room: str) -> None:
    ours = {*ROOMS, "tests", "bench", "offline"}
    found = {(path.name, name) for path in modules(room) for name in imported(path)}
    assert found
    assert not {(file, name) for file, name in found if name.split(".")[0] in ours - MAY_IMPORT[room]}


def test_set_up_stands_on_few_modules_of_the_programs() -> None:
    found = {name for path in modules("toolchain") for name in imported(path) if name.split(".")[0] == "stacks"}
    assert found == {"stacks.paths", "stacks.docker_address", "stacks.proxy"}


@pytest.mark.parametrize("path", PURE)
def test_pure_modules_import_no_provider(path: str) -> None:
    assert not {name for name in imported(ROOT / path) if name.split(".")[0] in PROVIDERS}


def test_only_the_engines_room_imports_the_automation_api() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in modules(room)
        if "from pulumi import automation" in path.read_text(encoding="utf-8")
    }
    assert users
    assert all(user.startswith("operations/engine/") for user in users), users


def test_pulumis_sdk_is_loaded_only_where_an_engine_starts() -> None:
    """It takes a third of a second, which whoever only looks at previews is spared."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for room in ("operations", "cli")
        for path in modules(room)
        if path.name != "__init__.py"
    ]
    names.remove("operations.engine.vendor")
    load = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", load, *names], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert set(names) <= set(loaded)
    assert not [name for name in loaded if name.split(".")[0] in PROVIDERS]


def test_what_the_sdk_keeps_to_itself_is_touched_in_one_module() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in modules(room)
        for name in imported(path)
        if name.startswith("pulumi.") and any(part.startswith("_") for part in name.split("."))
    }
    assert users == {"operations/engine/vendor.py"}


def test_one_module_asks_which_kind_a_base_is() -> None:
    knowing = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in modules(room)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value == "hetzner"
    }
    # The program of that base says what it is; everybody else hands a choice to `BaseOutputs.by_kind`.
    assert knowing == {"stacks/outputs.py", "stacks/production.py"}


def test_only_the_command_prints_and_what_is_run_by_itself() -> None:
    printing = {
        path.relative_to(ROOT).as_posix()
        for room in ("components", "stacks", "operations", "toolchain")
        for path in modules(room)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    }
    assert printing == {"toolchain/cloudflare_ranges.py"}
