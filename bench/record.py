"""What the measurements share: their options, and the file that takes the raw figures."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import docker

from bench.machine import memory_gib
from stacks.moments import text_of
from tests.equipment.checkout import ORIGIN

_INNERMOST_LIST = re.compile(r"\[\n\s+([^\[\]{}]*?)\n\s+\]")


def parser(description: str | None, name: str) -> argparse.ArgumentParser:
    """A parser with ``--output``, whose default is in the documentation's folder of measurements."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument(
        "--output", type=Path, default=ORIGIN / f"docs/measurements/{name}.json", help="where the raw figures go"
    )
    return made


def require_root(reader: argparse.ArgumentParser) -> None:
    """End with one sentence where the engine's own files and processes cannot be read: they would count as nothing."""
    if os.geteuid() != 0:
        reader.error("must run as root: it reads the Docker engine's own files and processes.")


def positive(text: str) -> int:
    """A whole number from 1 on, as the type of an option."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, not {text!r}")
    return int(text)


def run_to_its_end(main: Callable[[], int]) -> NoReturn:
    """Run a measurement; stopping it is no fault of it.

    Args:
        main: Returns the exit code; leaves nothing behind, also when it is interrupted.
    """
    try:
        code = main()
    except KeyboardInterrupt:
        print("\nInterrupted; what was made has been removed again.", file=sys.stderr)
        code = 130
    raise SystemExit(code)


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write raw figures with machine and time, complete or not at all."""
    engine = docker.from_env()
    head = {
        "recorded_at": text_of(dt.datetime.now(dt.UTC)),
        "machine": {
            "cores": os.cpu_count(),
            "memory_gib": round(memory_gib(), 1),
            "kernel": os.uname().release,
            "docker": engine.version()["Version"],
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    text = json.dumps({**head, **content}, indent=2, ensure_ascii=False)
    partial.write_text(_INNERMOST_LIST.sub(_in_one_line, text) + "\n", encoding="utf-8")
    partial.replace(path)


def _in_one_line(found: re.Match[str]) -> str:
    # A string has no line break of its own in JSON.
    return "[" + re.sub(r"\n *", " ", found[1]) + "]"
