"""What is assumed of the parts of Pulumi's SDK that it keeps to itself.

A new version that fails here needs a look at ``operations/engine/vendor.py`` before it is used.
"""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation, log
from pulumi.automation import _stack
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError, create_command_error
from pulumi.runtime import resource

from operations.engine.process import EngineProcess
from operations.engine.vendor import Command, DestroyWorkspace, Stack, Workspace, mute_debug

SDK = f"pulumi {metadata.version('pulumi')}"


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def source(function: Callable[..., Any]) -> str:
    return inspect.getsource(function)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Command.run, automation.PulumiCommand.run),
        (Workspace.select_stack, automation.LocalWorkspace.select_stack),
        (DestroyWorkspace.serialize_args_for_op, automation.LocalWorkspace.serialize_args_for_op),
        (Stack._setup_event_log, automation.Stack._setup_event_log),
        (Stack.outputs, automation.Stack.outputs),
        (Stack.info, automation.Stack.info),
    ],
)
def test_an_override_takes_what_the_sdk_hands_over(ours: Callable[..., Any], theirs: Callable[..., Any]) -> None:
    assert parameters(ours) == parameters(theirs), f"{SDK} hands other arguments to {theirs.__qualname__}"


def test_a_muted_program_tells_the_engine_nothing_for_debugging(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = log.debug
    assert "log.debug(" in source(resource.register_resource), f"{SDK} tells for debugging in another way"
    monkeypatch.setattr(log, "debug", theirs)  # put back at the end
    monkeypatch.setattr(log, "get_engine", lambda: pytest.fail("the engine is told"))
    mute_debug()
    log.debug("registering resource", None)
    assert parameters(log.debug) == parameters(theirs), f"{SDK} tells other things for debugging"


def test_the_engines_process_has_all_that_the_sdk_keeps_of_it() -> None:
    kept = set(re.findall(r"self\.(\w+)\b[^=\n]*=[^=]", source(automation.PulumiCommand.__init__)))
    assert kept == {"command", "version"}, f"{SDK} keeps other things of its process: {sorted(kept)}"
    assert kept <= set(vars(Command(EngineProcess("3.220.0"))))


def test_a_stack_is_selected_without_a_run_of_the_engine() -> None:
    assert "workspace.select_stack(name)" in source(_stack.Stack.__init__), f"{SDK} selects a stack in another way"
    assert _stack.StackInitMode.SELECT


@pytest.mark.parametrize("operation", [automation.Stack.up, automation.Stack.destroy])
def test_an_operation_reads_its_result_by_the_methods_that_are_overridden(operation: Callable[..., Any]) -> None:
    text = source(operation)
    assert "self.info(" in text, f"{SDK} reads the summary of {operation.__name__} in another way"
    runs = source(automation.Stack._run_pulumi_cmd_sync)
    assert "self.workspace.serialize_args_for_op(" in runs, f"{SDK} asks for further arguments in another way"


def test_the_summary_that_is_made_here_is_one_that_the_sdk_would_make() -> None:
    summary = Stack.info(object.__new__(Stack))
    assert summary.result == "succeeded"
    wanted = ["kind", "start_time", "message", "environment", "config", "result"]
    assert parameters(automation.UpdateSummary)[: len(wanted)] == wanted, f"{SDK} makes another summary"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("error: no stack named 'a' found", StackNotFoundError),
        ("error: the stack is currently locked by 1 lock(s)", ConcurrentUpdateError),
        ("error: something else", CommandError),
    ],
)
def test_failures_are_told_apart_by_the_engines_words(said: str, error: type[CommandError]) -> None:
    result = automation.CommandResult(stdout="", stderr=said, code=255)
    assert type(create_command_error(result)) is error, f"{SDK} no longer knows {said!r}"


def test_events_are_followed_and_those_for_debugging_left_out() -> None:
    heard: list[automation.EngineEvent] = []
    came = threading.Event()

    def hear(event: automation.EngineEvent) -> None:
        heard.append(event)
        came.set()

    path, thread, over, folder, server = Stack._setup_event_log(object.__new__(Stack), "up", hear, "3.220.0")
    assert (thread, over, server) == (None, None, None), "the SDK would wait for them"
    stamp = '"sequence":1,"timestamp":1'
    diagnostic = '"diagnosticEvent":{"message":"\\"severity\\":\\"debug\\"","color":"raw","severity":"%s"}'
    debug, error = (f"{{{stamp},{diagnostic % severity}}}\n" for severity in ("debug", "error"))
    with Path(path).open("a", encoding="utf-8") as engine:
        engine.write(debug + error[:20])
        engine.flush()
        engine.write(error[20:])
        engine.flush()
        assert came.wait(9), "it is heard while the engine runs"
        assert not Path(path).parent.exists(), "a command that is killed leaves nothing"
        engine.write(f'{{{stamp},"cancelEvent":{{}}}}\n')
    folder.cleanup()
    assert [event.diagnostic_event and event.diagnostic_event.severity for event in heard] == ["error", None]
    assert heard[-1].cancel_event, "all that the engine said is heard by then"
    assert not Path(path).parent.exists()


@pytest.mark.parametrize("operation", [automation.Stack.up, automation.Stack.destroy])
def test_the_sdk_asks_for_events_and_cleans_up_as_is_assumed(operation: Callable[..., Any]) -> None:
    text = source(operation)
    assert "self._setup_event_log(" in text, f"{SDK} asks for events in another way"
    assert "_cleanup(temp_dir, log_watcher_thread, stop_event, on_exit, grpc_server)" in " ".join(text.split()), (
        f"{SDK} cleans up in another way"
    )
    assert "temp_dir.cleanup()" in source(_stack._cleanup), f"{SDK} removes events in another way"
