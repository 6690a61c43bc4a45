"""Every command returns one kind of result, and one printer shows it."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import pytest
import typer

from cli import __main__ as command_line
from cli.app import app
from cli.result import Result, show
from operations.errors import NotFulfilledError

REPORTING = {
    "deploy", "update", "destroy", "extend", "sleep", "wake", "reap", "list", "status", "logs", "credentials", "verify",
    "lock", "webhook", "setup", "demo", "slug", "stats", "keep", "unkeep", "history",
}  # fmt: skip
# What they print is another program's.
PASSING_ON = {"exec", "psql"}
WAITING = {"deploy", "update", "destroy", "extend", "keep", "unkeep", "sleep", "wake"}
FILTERING = {"list", "status", "logs", "credentials", "verify", "extend", "exec", "psql", "stats"}


def options() -> dict[str, dict[str, list[str]]]:
    """Command → parameter → its names, as a user types them."""
    group = typer.main.get_command(app)
    assert command_line.app is app
    commands: dict[str, object] = group.commands  # type: ignore[attr-defined]
    return {
        name: {parameter.name: parameter.opts for parameter in command.params}  # type: ignore[attr-defined]
        for name, command in commands.items()
    }


def test_every_command_that_reports_takes_json() -> None:
    found = options()
    assert set(found) == {*REPORTING, "env", *PASSING_ON}
    assert {name for name, parameters in found.items() if "as_json" in parameters} == REPORTING


def test_every_command_that_waits_for_a_lock_says_how_long() -> None:
    assert {name for name, parameters in options().items() if "wait" in parameters} == WAITING


def test_a_base_that_is_named_is_used() -> None:
    for registered in app.registered_commands:
        function = registered.callback
        assert function is not None
        if "base" in inspect.signature(function).parameters:
            assert "del base" not in inspect.getsource(inspect.unwrap(function))


@pytest.mark.parametrize("name", sorted(FILTERING))
def test_without_a_base_all_previews_are_meant_where_it_filters(name: str) -> None:
    (registered,) = [one for one in app.registered_commands if (one.name or one.callback.__name__) == name]  # type: ignore[union-attr]
    assert registered.callback is not None
    assert inspect.signature(registered.callback).parameters["base"].default == ""


def test_json_takes_the_place_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    show(Result(text="seen", data={"seen": True}, note="said"), as_json=True)
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"seen": True}
    assert printed.err == "said\n"


def test_text_for_scripts_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show(Result(text="https://preview-[a].localhost:8443"), as_json=False)
    assert capsys.readouterr().out == "https://preview-[a].localhost:8443\n"


def test_a_result_that_failed_is_shown_before_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotFulfilledError):
        show(Result(text="a table", failure=NotFulfilledError("not all is well")), as_json=False)
    assert capsys.readouterr().out == "a table\n"


def test_a_command_that_needs_no_engine_loads_none() -> None:
    heavy = "{'pulumi', 'docker', 'httpx', 'gitlab', 'botocore'}"
    program = f"import sys, cli.__main__; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
