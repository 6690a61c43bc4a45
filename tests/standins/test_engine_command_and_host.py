"""Engine, language host and command plugin, whichever way set-up had them, keep the official contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.standins.engine import Stack

pytestmark = pytest.mark.engine

PROLOGUE = "import pulumi, pulumi_command as command\nlocal = command.local.Command\n"


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack.make(tmp_path, PROLOGUE)


def test_a_command_runs_with_its_input_environment_interpreter_and_directory(stack: Stack, tmp_path: Path) -> None:
    outputs = stack.outputs(
        "a = local('a', create='cat; echo; echo $X; pwd; echo two >&2', stdin='one', environment={'X': 'x y'},"
        f" dir='{tmp_path}')\n"
        "b = local('b', create='import sys; print(sys.argv)', interpreter=['python3', '-c'])\n"
        "pulumi.export('out', a.stdout)\npulumi.export('err', a.stderr)\npulumi.export('b', b.stdout)\n"
    )
    assert outputs == {"out": f"one\nx y\n{tmp_path}", "err": "two", "b": "['-c']"}


def test_life_of_a_command_from_create_over_update_and_replace_to_delete(stack: Stack, tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = (
        f"a = local('a', create='echo made', update='echo changed after $PULUMI_COMMAND_STDOUT',"
        f" delete='echo deleted after $PULUMI_COMMAND_STDOUT >>{log}', environment={{'V': '%s'}}, triggers=['%s'])\n"
        "pulumi.export('out', a.stdout)\n"
    )
    assert stack.outputs(program % (1, 1)) == {"out": "made"}
    assert "2 unchanged" in stack.up(program % (1, 1)).stdout
    assert stack.outputs(program % (2, 1)) == {"out": "changed after made"}
    assert not log.exists()
    assert stack.outputs(program % (2, 2)) == {"out": "made"}
    assert log.read_text() == "deleted after changed after made\n"
    assert stack.pulumi("destroy", "--yes", "--skip-preview").returncode == 0
    assert log.read_text().splitlines()[1:] == ["deleted after made"]


def test_what_a_command_prints_is_secret_only_where_the_program_says_so(stack: Stack) -> None:
    outputs = stack.outputs(
        "secret = {'S': pulumi.Output.secret('hush-hush')}\n"
        "a = local('a', create='echo $S', environment=secret, logging=command.local.Logging.NONE,"
        " opts=pulumi.ResourceOptions(additional_secret_outputs=['stdout']))\n"
        "b = local('b', create='echo ${#S} characters', environment=secret)\n"
        "pulumi.export('out', a.stdout)\npulumi.export('b', b.stdout)\n"
    )
    assert outputs == {"out": "hush-hush", "b": "9 characters"}
    exported = stack.pulumi("stack", "export").stdout
    assert "9 characters" in exported
    assert "hush-hush" not in exported


def test_a_failing_command_fails_the_update_with_its_complaint_and_is_tried_again(stack: Stack, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    program = f"local('a', create='test -e {marker} || {{ echo no marker here >&2; exit 3; }}')\n"
    failed = stack.up(program)
    assert failed.returncode != 0
    assert "exit status 3" in failed.stdout
    assert "no marker here" in failed.stdout
    marker.touch()
    assert "1 created" in stack.up(program).stdout


def test_configuration_reaches_the_program_and_secrets_stay_secret(stack: Stack) -> None:
    stack.pulumi("config", "set", "plain", "visible")
    stack.pulumi("config", "set", "--secret", "hidden", "hush-hush")
    outputs = stack.outputs(
        "c = pulumi.Config()\npulumi.export('plain', c.require('plain'))\n"
        "pulumi.export('hidden', c.require_secret('hidden'))\n"
        "pulumi.export('where', [pulumi.get_project(), pulumi.get_stack(), pulumi.get_organization()])\n"
    )
    assert outputs == {"plain": "visible", "hidden": "hush-hush", "where": ["contract", "one", "organization"]}
    assert "hush-hush" not in stack.pulumi("stack", "export").stdout


def test_an_exception_shows_the_users_own_frames_only(stack: Stack) -> None:
    failed = stack.up("def f():\n    raise ValueError('boo')\nf()\n")
    assert failed.returncode != 0
    assert "Program failed with an unhandled exception" in failed.stdout
    assert "ValueError: boo" in failed.stdout
    assert "runpy" not in failed.stdout


def test_an_error_meant_for_the_user_comes_without_a_trace(stack: Stack) -> None:
    failed = stack.up("raise pulumi.RunError('one plain sentence')\n")
    assert failed.returncode != 0
    assert "one plain sentence" in failed.stdout
    assert "Traceback" not in failed.stdout


def test_an_exit_code_of_the_program_fails_the_update(stack: Stack) -> None:
    failed = stack.up("import sys\nsys.exit(4)\n")
    assert failed.returncode != 0
    assert "non-zero exit code: 4" in failed.stdout


def test_a_dry_run_runs_no_command(stack: Stack, tmp_path: Path) -> None:
    (stack.directory / "__main__.py").write_text(
        PROLOGUE + f"local('a', create='touch {tmp_path}/ran')\nprint('dry', pulumi.runtime.is_dry_run())\n"
    )
    shown = stack.pulumi("preview")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "dry True" in shown.stdout
    assert not (tmp_path / "ran").exists()
