"""Deploy: create a preview or update it, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Thread

from components.host_scripts import script
from components.services import SERVICES
from operations import bases
from operations.engine.events import Reporting, Step
from operations.engine.interrupts import Interrupts
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Changes, Engine
from operations.errors import (
    InterruptedOperationError,
    LockedError,
    OperationError,
    RefusedError,
    UnhealthyError,
)
from operations.life.drift import has_drifted
from operations.life.last_words import last_words, secrets_of
from operations.life.remains import forget_pending, release_slot, remove_unknown
from operations.life.request import DeployRequest, require_configuration, require_ownership, values_of
from operations.life.restore import put_back
from operations.machine.containers import DockerEngine
from operations.machine.shell import HostShell, ScriptError
from operations.redact import redact
from stacks.names import slug_of, stack_of, url_of
from stacks.outputs import BaseOutputs

_REFUSED = 3
_LOST = 4


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A preview that is up.

    Attributes:
        url: Public address.
        slug: Slug.
        created: Whether it is new.
        changes: What the engine did.
        base: What the base hands on.
    """

    url: str
    slug: str
    created: bool
    changes: Changes
    base: BaseOutputs


def deploy(
    engine: Engine, checkout: Path, request: DeployRequest, interrupts: Interrupts, told: Reporting
) -> Deployed | None:
    """Create or update the preview of a branch.

    Args:
        engine: The engine.
        checkout: Root of the project.
        request: What is asked for.
        interrupts: Says whether somebody wants it to stop.
        told: Who is told how it goes.

    Returns:
        The preview; None where only an existing one was to be updated and there is none.

    Raises:
        BadInputError: Branch, commit, configuration directory or images cannot be used.
        RefusedError: Another branch owns the slug, an image cannot be had, or there is no room.
        UnhealthyError: A container did not become healthy. A new preview has been removed again, an update has been
            taken back.
        LockedError: Another operation held the preview for the whole wait.
        InterruptedOperationError: Somebody asked it to stop; the same has been done.
        OperationError: Anything else.
    """
    slug = slug_of(request.branch)
    for note in require_configuration(request, checkout):
        told.note(note)
    with engine.held(stack_of(slug), "deploy"):
        # Loading the program's modules takes as long as reading two states, which other processes do meanwhile.
        Thread(target=import_module, args=["stacks.preview"]).start()
        of_base, before = engine.snapshots([request.base, stack_of(slug)])
        base = bases.outputs_in(of_base, request.base)
        if request.only_existing and not (before and before.outputs):
            return None
        return _Deploy(engine, checkout, request, base, before, interrupts, told).run()


class _Deploy:
    """One deploy of one branch, while its stack is held."""

    def __init__(
        self,
        engine: Engine,
        checkout: Path,
        request: DeployRequest,
        base: BaseOutputs,
        before: Snapshot | None,
        interrupts: Interrupts,
        told: Reporting,
    ) -> None:
        self._engine = engine
        self._checkout = checkout
        self._request = request
        self._base = base
        self._before = before or Snapshot()
        self._new = before is None
        self._interrupts = interrupts
        self._told = told
        self._slug = slug_of(request.branch)
        self._stack = stack_of(self._slug)
        self._container_failed = False

    def run(self) -> Deployed:
        require_ownership(self._slug, self._request, self._before.outputs)
        values = values_of(self._request, self._before.outputs, self._checkout)
        docker = DockerEngine.of(self._base)
        images = {service.key: self._request.images.get(service.key, service.image) for service in SERVICES}
        for reference in docker.require_images(images.values()):
            self._told.note(f"pulling {reference}")
        self._mend(docker)
        self._take_slot()
        try:
            if self._new:
                self._engine.create(self._stack)
            self._engine.configure(self._stack, values)
            for state in docker.remove_broken(self._slug):
                self._told.note(f"{state}: making it anew")
            changes = self._engine.up(
                self._stack, self._step, refresh=has_drifted(self._base, docker, self._slug, self._before)
            )
            unwell = self._unwell(docker)
            if unwell and not self._before.outputs:
                raise OperationError(f"{unwell}.")
        except LockedError:
            raise
        except OperationError as error:
            self._fail(docker, error)
        if unwell:
            self._refuse_to_succeed(docker, unwell)
        return Deployed(
            url=url_of(self._slug, scheme=self._base.scheme, domain=self._base.domain, port=self._base.port),
            slug=self._slug,
            created=not self._before.outputs,
            changes=changes,
            base=self._base,
        )

    def _unwell(self, docker: DockerEngine) -> str:
        """What is wrong with containers, as a clause; empty where nothing is.

        The provider waits for containers that it makes, not for those that it starts again or leaves alone.
        """
        found = docker.unwell(self._slug, give_up=lambda: bool(self._interrupts.received))
        self._container_failed = self._container_failed or bool(found)
        return "; ".join(map(str, found))

    def _refuse_to_succeed(self, docker: DockerEngine, unwell: str) -> None:
        """Say that an update was made, and is not good.

        Raises:
            OperationError: Always.
        """
        sentence = f"The preview of {self._request.branch!r} is up to date, but {unwell}: mend that and deploy again."
        if self._interrupts.received:
            raise InterruptedOperationError(sentence, self._interrupts.received)
        raise UnhealthyError(sentence, self._last_words(docker, secrets_of(self._engine, self._stack)))

    def _step(self, step: Step) -> None:
        if step.kind == "Container" and step.state == "failed":
            self._container_failed = True
        self._told.step(step)

    def _take_slot(self) -> None:
        """Take the place on the host before anything is made; the stack's own resource finds it taken."""
        place = self._base.slot(self._slug, self._request.branch).environment
        if self._before.has_slot:
            place["KNOWN"] = "1"
        try:
            HostShell(self._base).run(script("take_slot"), place)
        except ScriptError as error:
            if error.code == _LOST:
                self._start_over(f"{error} Removing what is left of it")
                self._take_slot()
                return
            if error.code == _REFUSED:
                raise RefusedError(f"{error} Nothing was changed.") from error
            raise

    def _mend(self, docker: DockerEngine) -> None:
        """Remove what an update that died has left, and forget that it had begun."""
        for name in remove_unknown(self._base, docker, self._slug, self._before):
            self._told.note(f"removed {name}, left by an update that died")
        forget_pending(self._engine, self._stack, self._before)
        if self._before.ids and not self._before.outputs:
            # No deploy ever ended: a database may be half initialised, and nothing is worth keeping.
            self._start_over("removing what a first deploy that died has left")

    def _start_over(self, why: str) -> None:
        self._told.note(why)
        self._engine.destroy(self._stack, self._told.step)
        self._before = Snapshot()
        self._new = True

    def _fail(self, docker: DockerEngine, error: OperationError) -> None:
        """Leave nothing of a first deploy, or the last good version of a preview; then say what went wrong.

        Raises:
            OperationError: Always.
        """
        with self._interrupts.held_off(self._told.note):
            # Before anything is removed: what the containers have to say goes with them.
            secrets = secrets_of(self._engine, self._stack)
            logs = self._last_words(docker, secrets)
            outcome = self._undo(docker)
        text = redact(str(error), secrets)
        number = self._interrupts.received
        if number:
            sentence = f"The deploy of {self._request.branch!r} was interrupted. {outcome}"
            raise InterruptedOperationError(sentence, number) from error
        if logs:
            sentence = f"The preview of {self._request.branch!r} did not come up: {text} {outcome}"
            raise UnhealthyError(sentence, logs) from error
        raise OperationError(f"{text} {outcome}") from error

    def _last_words(self, docker: DockerEngine, secrets: set[str]) -> dict[str, str]:
        return last_words(docker, self._slug, secrets, container_failed=self._container_failed)

    def _undo(self, docker: DockerEngine) -> str:
        """Returns: what was done, as a sentence."""
        try:
            if self._before.outputs:
                self._told.note("putting the last good version back")
                put_back(self._engine, self._base, docker, self._stack, self._slug, self._before, self._told.step)
                return "The last good version is running again."
            self._told.note("removing what was made")
            made = self._engine.snapshot(self._stack)
            # First: a container that no state knows holds volumes and a network that the state does.
            remove_unknown(self._base, docker, self._slug, made or Snapshot())
            if made is not None:
                self._engine.destroy(self._stack, self._told.step)
            release_slot(self._base, self._slug, self._request.branch)
        except OperationError as error:
            what = "The last good version could not be put back" if self._before.outputs else "Not all could be removed"
            return f"{what}: {error} Deploy again, or destroy the preview."
        return "Everything that was made has been removed again."
