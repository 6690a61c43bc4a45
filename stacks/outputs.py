"""Names and types of what a stack hands on: the base to its previews, a preview to whoever operates it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from components.slot_args import SlotArgs

if TYPE_CHECKING:
    import pulumi

T = TypeVar("T")


class OutputsError(Exception):
    """A stack's outputs are not what this version of the project expects; the message says what to do."""


class Node(BaseModel):
    """One machine of a cluster.

    Attributes:
        name: Host name, by which its Docker engine is known in the cluster.
        docker_host: Address of that engine, as ``DOCKER_HOST`` takes it; empty for a VM, which is reached over SSH.
        address: IPv4 address of a VM; empty for an engine of this machine.
        ssh_host_key: A VM's public host key; empty for an engine of this machine.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    docker_host: str = ""
    address: str = ""
    ssh_host_key: str = ""


class BaseOutputs(BaseModel):
    """What a base stack tells its previews.

    Attributes:
        kind: Where previews run; only :meth:`by_kind` asks.
        docker_host: Address of the Docker engine, as ``DOCKER_HOST`` takes it.
        host_directory: Directory on the machine for the files of previews.
        edge_network: The reverse proxy's own Docker network, by whose name the base is known.
        domain: Domain under which previews get their host names.
        scheme: ``https``.
        port: Public port of the reverse proxy.
        http_port: Its port that only redirects to the other.
        max_previews: Previews that may run at once.
        min_free_disk_gb: Disk that a new preview must find free, in units of 10⁹ bytes.
        min_available_memory_gb: Memory that a new preview must find available, in units of 10⁹ bytes.
        when_full: What becomes of a deploy that finds all slots taken.
        max_asleep: Previews that may sleep at once.
        address: IPv4 address that host names of previews lead to.
        ssh_user: Who logs in; empty on this machine.
        ssh_port: Port of the SSH server; 0 on this machine.
        ssh_host_key: Public host key that was learnt when the base was made; empty on this machine.
        zone_id: Cloudflare's id of the domain's zone; empty where names need no DNS.
        plugins: ``ID@VERSION`` of the plugins that previews' Grafana can have.
        plugins_volume: Docker volume that they are on.
        plugins_folder: Where they are side by side, as a container sees it; empty where each is mounted by itself.
        page_directory: Directory on the machine in which operations write what the page of all previews shows; empty
            where an older version has made the base.
        page_url: Address of that page.
        missing_plugins: The same of those that could not be installed, each with the reason.
        nodes: Machines of its cluster, the manager first; empty where previews run on one machine.
        encrypt_overlay: Whether the networks of previews are encrypted between those machines.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["local", "hetzner"]
    docker_host: str
    host_directory: str
    edge_network: str
    domain: str
    scheme: str
    port: int
    max_previews: int
    min_free_disk_gb: int
    min_available_memory_gb: int
    address: str
    ssh_user: str = ""
    ssh_port: int = 0
    ssh_host_key: str = ""
    zone_id: str = ""
    http_port: int = 80
    plugins: tuple[str, ...] = ()
    plugins_volume: str = ""
    plugins_folder: str = ""
    page_directory: str = ""
    page_url: str = ""
    missing_plugins: tuple[str, ...] = ()
    when_full: Literal["refuse", "sleep"] = "refuse"
    max_asleep: int = 8
    nodes: tuple[Node, ...] = ()
    encrypt_overlay: bool = False

    def by_kind(self, *, local: Callable[[], T], hetzner: Callable[[], T]) -> T:
        """What fits the kind of the base. A further kind is a further keyword, which types then ask of every caller.

        Args:
            local: Makes it for this machine.
            hetzner: Makes it for a VM over SSH.
        """
        return {"local": local, "hetzner": hetzner}[self.kind]()

    def by_runtime(self, *, containers: Callable[[], T], services: Callable[[], T]) -> T:
        """What fits how previews run.

        Args:
            containers: Makes it for containers of one machine's Docker engine.
            services: Makes it for services of a Docker Swarm.
        """
        return services() if self.nodes else containers()

    @property
    def keeps_data(self) -> bool:
        """Whether data outlive the containers of a preview that sleeps; a cluster may start them on other machines."""
        return self.by_runtime(containers=lambda: True, services=lambda: False)

    def slot(self, slug: str, branch: str) -> SlotArgs:
        """Slot of a branch's preview on this base's machine."""
        return SlotArgs(
            directory=self.directory(slug),
            slug=slug,
            branch=branch,
            base=self.edge_network,
            limit=self.max_previews,
            disk_gb=self.min_free_disk_gb,
            # On a cluster it is not the manager's that counts: the scheduler knows what each node has reserved.
            memory_gb=self.by_runtime(containers=lambda: self.min_available_memory_gb, services=int),
            services=self.by_runtime(containers=lambda: False, services=lambda: True),
            # Scripts run on the machine itself, where a VM's engine is behind the usual socket.
            docker_host=self.by_kind(local=lambda: self.docker_host, hetzner=str),
        )

    def directory(self, slug: str) -> str:
        """Directory of a preview's files on the machine."""
        return f"{self.host_directory}/previews/{slug}"

    @classmethod
    def of(cls, stack: str, values: Mapping[str, Any]) -> Self:
        """Read a base stack's outputs.

        Raises:
            OutputsError: The stack was never brought up, or by another version of the project.
        """
        try:
            return cls.model_validate({name: _whole(value) for name, value in values.items()})
        except ValidationError as error:
            missing = ", ".join(sorted({str(part["loc"][0]) for part in error.errors()}))
            raise OutputsError(
                f"The base stack {stack!r} does not give {missing}: bring it up first (pulumi up --stack {stack})."
            ) from error

    @classmethod
    def from_settings(cls, settings: BaseModel, **own: pulumi.Input[Any]) -> dict[str, pulumi.Input[Any]]:
        """Outputs for a program to export: what the settings have under the same name, and the program's own.

        Args:
            settings: The base's configuration.
            own: Outputs that are not settings; may be known only later.
        """
        empty = {name: field.default for name, field in cls.model_fields.items() if not field.is_required()}
        shared = {name: getattr(settings, name) for name in cls.model_fields if name in type(settings).model_fields}
        return {**empty, **shared, **own}


class PreviewOutputs(BaseModel):
    """What a preview's stack records about itself; times are RFC 3339 in UTC, empty where unknown.

    Attributes:
        branch: Owner of the slug.
        slug: The slug.
        commit: Deployed commit, empty where unknown.
        url: Public address.
        base: Name of the base stack.
        created_at: First successful deploy.
        deployed_at: Last successful deploy or update.
        expires_at: End, after which a scheduled clean-up destroys the preview, if it is not kept.
        deployed_by: Who did the last successful deploy or update.
        images: Service → image reference, where one was chosen; may be a template, see :mod:`stacks.images`.
        asleep_since: Since when it sleeps; empty where it is awake.
        kept: What keeps it beyond its end: ``command`` or ``label``; empty: nothing.
        labelled: Whether it goes with the loss of the label that starts one: ``yes``, or empty.
        warned_for: End that a warning was given of; no program says it, so the next update forgets it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    branch: str
    slug: str
    commit: str = ""
    url: str = ""
    base: str
    created_at: str = ""
    deployed_at: str = ""
    expires_at: str = ""
    deployed_by: str = ""
    images: Mapping[str, str] = {}
    asleep_since: str = ""
    kept: str = ""
    labelled: str = ""
    warned_for: str = ""

    @property
    def end(self) -> str:
        """When it ends; empty where that is unknown, or where it is kept."""
        return "" if self.kept else self.expires_at

    def by_program(self) -> dict[str, Any]:
        """What a program exports of it."""
        return self.model_dump(exclude={"warned_for"})

    @classmethod
    def of(cls, stack: str, values: Mapping[str, Any]) -> PreviewOutputs | None:
        """Read a preview stack's outputs; None where no deploy of it ever succeeded.

        Raises:
            OutputsError: Somebody has changed them by hand.
        """
        try:
            return cls.model_validate(dict(values)) if values else None
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            raise OutputsError(
                f"The state of the stack {stack!r} cannot be used: its output {fault['loc'][0]} is not text. "
                f"Correct it with pulumi stack export and import, or run pulumi destroy --stack {stack}."
            ) from error


def _whole(value: Any) -> Any:
    # The engine keeps numbers as floating point.
    return int(value) if isinstance(value, float) and value.is_integer() else value
