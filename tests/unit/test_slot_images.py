"""A slot is for images that would steer nothing but their own containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.equipment.slots import Machine, refused


@pytest.fixture
def machine(tmp_path: Path, shell: str) -> Machine:
    return Machine.make(tmp_path, shell)


def images(machine: Machine, **labels: str) -> None:
    """A Docker client that knows images by their names, each with labels, and can pull one more."""
    known = "".join(f"{name}) echo {labels[name]} ;;\n" for name in labels)
    machine.program(
        "docker",
        f'echo "$*" >>{machine.root}/asked\n'
        f'[ "$1" != pull ] || {{ [ "$3" = later ] && : >{machine.root}/pulled && exit; echo no such >&2; exit 1; }}\n'
        '[ "$1" = image ] || exit 0\n'
        '[ "$3" != --format ] || shift 2\nshift 2\ncode=0\n'
        f"for image; do case $image in\n{known}"
        f"later) [ -e {machine.root}/pulled ] || code=1 ;;\n*) code=1 ;;\nesac; done\nexit $code",
    )


@pytest.mark.parametrize("label", ["traefik.http.routers.x.rule", "Traefik.enable", "pgai.edge", "pgai.preview.slug"])
def test_an_image_that_would_route_or_claim_what_is_not_its_own_gets_no_slot(machine: Machine, label: str) -> None:
    images(machine, good="maintainer", evil=f"a; echo {label}")
    sentence = refused(machine.take("a", IMAGES="good evil"))
    assert sentence.startswith(f"The image evil has the label {label}, ")
    assert not (machine.root / "previews/a").exists()


def test_images_that_may_run_are_asked_about_once(machine: Machine) -> None:
    images(machine, built="pgai.recipe; echo pgai.stand-in", vendors="org.opencontainers.image.title", plain="")
    assert machine.take("a", IMAGES="built vendors plain").returncode == 0
    asked = (machine.root / "asked").read_text(encoding="utf-8").splitlines()
    assert len([line for line in asked if line.startswith("image ")]) == 1


def test_an_image_that_is_not_there_yet_is_pulled_and_looked_at(machine: Machine) -> None:
    images(machine, good="maintainer")
    assert machine.take("a", IMAGES="good later").returncode == 0
    assert "pull --quiet later" in (machine.root / "asked").read_text(encoding="utf-8")
    (machine.root / "previews/a/branch").unlink()
    assert refused(machine.take("b", IMAGES="good never")) == (
        "The image never is not on the machine and cannot be pulled: no such\n"
    )
