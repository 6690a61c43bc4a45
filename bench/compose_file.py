"""A Compose file that asks the engine for what a preview's stack asks for, made from the same declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from components.hardening import Hardening, hardened
from components.service_spec import CONFIG_MOUNT, SECRETS_MOUNT, ServiceSpec
from components.services import SECRETS, SERVICES
from components.traefik import routing_labels

_NETWORK = "preview"
_EDGE = "edge"
_STARTING_CPUS = "1.0"
_INITDB_MOUNT = "/docker-entrypoint-initdb.d"


@dataclass(frozen=True, kw_only=True)
class ComposeArgs:
    """What the Compose file of one preview depends on.

    Attributes:
        slug: Names the project, the router and the host name.
        edge_network: Network of the base's reverse proxy.
        host_name: Host name of the public address.
        url: Public address.
        home_dashboard: Dashboard that opens first, relative to the configuration.
        folders: Top name (``config``, ``workload``, ``initdb``) → folder on the host.
        secrets: Folder on the host with a folder of secrets for each service that reads any.
        images: Service → image reference, where not the declared one.
        hastened: Whether what starts is given a processor, as in a preview; Compose takes none of it back.
    """

    slug: str
    edge_network: str
    host_name: str
    url: str
    home_dashboard: str
    folders: Mapping[str, Path]
    secrets: Path
    images: Mapping[str, str]
    hastened: bool = False


def secrets_of(service: ServiceSpec, initdb: Path) -> tuple[str, ...]:
    """Names of the secrets that a service's container needs.

    Args:
        service: The service.
        initdb: Folder with a folder of scripts for each service whose database is initialised with scripts.
    """
    own = [name for name in SECRETS if name.startswith(f"{service.key}_")] if _is_database(service, initdb) else []
    return tuple(dict.fromkeys([*service.secrets, *own]))


def compose_file(args: ComposeArgs) -> dict[str, Any]:
    """The file, as data."""
    return {
        "name": args.slug,
        "services": {service.key: _service(service, args) for service in SERVICES},
        "networks": {_NETWORK: {"internal": True}, _EDGE: {"name": args.edge_network, "external": True}},
        "volumes": {service.key: {} for service in SERVICES if service.data},
    }


def as_yaml(content: Mapping[str, Any]) -> str:
    """The file, as text."""
    return yaml.safe_dump(_escaped(content), sort_keys=False)


def _is_database(service: ServiceSpec, initdb: Path) -> bool:
    return (initdb / service.key).is_dir()


def _service(service: ServiceSpec, args: ComposeArgs) -> dict[str, Any]:
    # What the previews' own containers get, read back from the provider's arguments, so that the two cannot drift.
    shared = hardened(
        labels={}, memory_mib=service.memory_mib, cpus=_cpus(service, args.hastened), health=service.health
    )
    networks: dict[str, Any] = {_NETWORK: {"aliases": list(service.aliases)}}
    if service.public:
        networks[_EDGE] = {}
    content: dict[str, Any] = {
        "image": args.images.get(service.key, service.image),
        "hostname": service.key,
        "entrypoint": list(service.entrypoint),
        "command": list(service.command),
        "environment": _environment(service, args),
        "user": service.user,
        "networks": networks,
        "tmpfs": [f"{path}:{options}" for path, options in service.tmpfs.items()],
        "volumes": _volumes(service, args),
        "labels": _labels(service, args),
        "stop_grace_period": f"{service.stop_grace_seconds}s",
        **_limits(shared),
        **_health(shared),
    }
    return {key: value for key, value in content.items() if value not in (None, [], {})}


def _cpus(service: ServiceSpec, hastened: bool) -> str:
    # One without a health check has its own share from the beginning in a preview too.
    return max(service.cpus, _STARTING_CPUS, key=float) if hastened and service.health else service.cpus


def _limits(shared: Hardening) -> dict[str, Any]:
    return {
        "mem_limit": f"{shared['memory']}m",
        "memswap_limit": f"{shared['memory_swap']}m",
        "cpus": shared["cpus"],
        "restart": shared["restart"],
        "read_only": shared["read_only"],
        "cap_drop": shared["capabilities"].drops,
        "security_opt": shared["security_opts"],
        "ulimits": {limit.name: {"soft": limit.soft, "hard": limit.hard} for limit in shared["ulimits"]},
        "logging": {"driver": shared["log_driver"], "options": dict(shared["log_opts"])},
    }


def _health(shared: Hardening) -> dict[str, Any]:
    check = shared["healthcheck"]
    if check is None:
        return {}
    return {
        "healthcheck": {
            "test": check.tests,
            "start_interval": check.start_interval,
            "interval": check.interval,
            "timeout": check.timeout,
            "retries": check.retries,
            "start_period": check.start_period,
        }
    }


def _environment(service: ServiceSpec, args: ComposeArgs) -> dict[str, str]:
    values = dict(service.environment)
    if service.public:
        values["GF_SERVER_ROOT_URL"] = f"{args.url}/"
        values["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] = f"{CONFIG_MOUNT}/{args.home_dashboard}"
    if _is_database(service, args.folders["initdb"]):
        # The image's own entry point initialises the database, however a preview's stack has it done.
        values.setdefault("POSTGRES_DB", _database(service))
        values.setdefault("POSTGRES_PASSWORD_FILE", f"{SECRETS_MOUNT}/{service.key}_postgres")
        values.setdefault("POSTGRES_INITDB_ARGS", "--no-sync")
    return values


def _database(service: ServiceSpec) -> str:
    test = service.health.test if service.health else ()
    return test[test.index("-d") + 1]


def _volumes(service: ServiceSpec, args: ComposeArgs) -> list[dict[str, Any]]:
    mounts = dict(service.mounts)
    if _is_database(service, args.folders["initdb"]):
        mounts.setdefault(f"initdb/{service.key}", _INITDB_MOUNT)
    volumes = []
    for folder, path in mounts.items():
        top, _, rest = folder.partition("/")
        volumes.append(_bound(args.folders[top] / rest, path))
    if secrets_of(service, args.folders["initdb"]):
        volumes.append(_bound(args.secrets / service.key, SECRETS_MOUNT))
    if service.data:
        volumes.append({"type": "volume", "source": service.key, "target": service.data})
    return volumes


def _bound(source: Path, target: str) -> dict[str, Any]:
    return {"type": "bind", "source": str(source), "target": target, "read_only": True}


def _labels(service: ServiceSpec, args: ComposeArgs) -> dict[str, str]:
    if not service.public:
        return {}
    edge = args.edge_network
    return routing_labels(base=edge, network=edge, router=args.slug, host=args.host_name, port=service.port or 80)


def _escaped(value: Any) -> Any:
    """Compose takes a dollar sign for the start of a variable."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {key: _escaped(part) for key, part in value.items()}
    return [_escaped(part) for part in value] if isinstance(value, list) else value
