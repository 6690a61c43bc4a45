"""A program may be built with packages of ours in the place of a dependency's own."""

from __future__ import annotations

from pathlib import Path

from tests.unit.toolchain.conftest import Machine
from toolchain import golang

# Knows one module, and shows at a build what the module's copy consists of.
FAKE_GO = """#!/bin/sh
case "$*" in
"env GOVERSION") echo go1.26.0 ;;
*" mod download "*) ;;
*" list -m "*) echo "{fetched}" ;;
"mod edit "*) echo "$3" >"{root}/edited"; echo replaced >>"$4" ;;
*" build "*)
    copy=$(sed 's/.*=//' "{root}/edited")
    cp -r "$copy" "{root}/seen"
    while [ "$1" != -modfile ]; do shift; done
    cp "$2" "{root}/modfile"
    while [ "$1" != -o ]; do shift; done
    echo built >"$2"
    ;;
esac
"""


def test_a_package_of_ours_takes_the_place_of_a_modules_own_in_a_copy(machine: Machine) -> None:
    fetched = machine.root / "fetched"
    (fetched / "dns/below").mkdir(parents=True)
    for name, text in (("dns/list.go", "theirs"), ("dns/other.go", "theirs"), ("dns/below/other.go", "theirs")):
        (fetched / name).write_text(text)
        (fetched / name).chmod(0o444)
    fetched.chmod(0o555)
    (fetched / "dns").chmod(0o555)
    module = machine.root / "module"
    patches = module / "_patched"
    (patches / "example.org/lib/v4/dns").mkdir(parents=True)
    (patches / "example.org/lib/v4/dns/list.go").write_text("ours")
    (module / "go.mod").write_text("module m\n\nrequire (\n\texample.org/lib/v4 v4.1.0\n\texample.org/b v1.0.0\n)\n")
    (module / "go.sum").touch()
    machine.install("go", FAKE_GO.format(fetched=fetched, root=machine.root))

    program = golang.Program(name="p", module=module, package=".", output=machine.root / "out", patches=patches)
    golang.build(machine.context(), program, lambda *_: None)

    assert program.output.read_text() == "built\n"
    seen = machine.root / "seen"
    assert {path.name: path.read_text() for path in (seen / "dns").glob("*.go")} == {"list.go": "ours"}
    assert (seen / "dns/below/other.go").read_text() == "theirs"
    assert (fetched / "dns/list.go").read_text() == "theirs"
    edited = (machine.root / "edited").read_text().strip()
    assert edited.startswith("-replace=example.org/lib/v4=")
    assert not Path(edited.rpartition("=")[2]).exists(), "the copy is left"
    assert "replaced" in (machine.root / "modfile").read_text()
    assert "replaced" not in (module / "go.mod").read_text()
