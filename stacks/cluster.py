"""A production base of several machines: workers beside the server, in one Docker Swarm with it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

import pulumi
import pulumi_command as command

from components.cloud_init import USER
from components.cluster import PrivateNetwork, PrivateNetworkArgs, Worker, WorkerArgs
from components.hetzner import HetznerHost
from components.host_scripts import script
from components.overlay import MASK, POOL
from stacks.base_plugins import BasePlugins
from stacks.settings import ProductionSettings, from_settings
from stacks.ssh import SshAddress, SshHost, learn_host_key, on_engine
from stacks.ssh_options import SHARED, in_plain_shell, pinned

# A node that is asked to give up its previews waits for theirs to end, and for room elsewhere.
_MOVE_SECONDS = 180


@dataclass(frozen=True, kw_only=True)
class Manager:
    """The server, which comes first and knows the others.

    Attributes:
        machine: Its resources.
        address: How it is reached.
        host: The same for commands.
        ready: Its first boot is over.
    """

    machine: HetznerHost
    address: SshAddress
    host: SshHost
    ready: pulumi.Resource


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What came of it.

    Attributes:
        nodes: All machines, the manager first, as :class:`stacks.outputs.Node`; known when all have joined.
        members: Resources that stand for them.
    """

    nodes: pulumi.Output[list[dict[str, str]]]
    members: list[pulumi.Resource]


def cluster(
    settings: ProductionSettings,
    manager: Manager,
    first_boot: pulumi.Input[str],
    previews: str,
    plugins: BasePlugins,
) -> Cluster | None:
    """Bring the workers up and into a cluster with the manager; None where there are to be none.

    Args:
        settings: The base's configuration.
        manager: The server.
        first_boot: cloud-init's configuration of a worker.
        previews: Directory of the previews on the manager.
        plugins: Plugins of Grafana, which each worker gets too.
    """
    if not settings.workers:
        return None
    network = PrivateNetwork("cluster", from_settings(PrivateNetworkArgs, settings))
    swarm = _swarm(settings, manager, network, previews)
    workers = [
        _Worker(settings, manager, network, swarm, first_boot, plugins, number)
        for number in range(1, settings.workers + 1)
    ]
    own = _node(settings.server_name, manager.machine.address, manager.address.host_key)
    # Not before all of them are members.
    known = pulumi.Output.all(own, *(worker.node for worker in workers), *(worker.member.id for worker in workers))
    return Cluster(
        nodes=known.apply(lambda values: values[: 1 + len(workers)]),
        members=[swarm, *(worker.member for worker in workers)],
    )


def _swarm(
    settings: ProductionSettings, manager: Manager, network: PrivateNetwork, previews: str
) -> command.remote.Command:
    server = manager.machine.server
    attached = network.attach("manager-network", server, 0, pulumi.ResourceOptions(parent=network))
    return manager.host.command(
        "swarm",
        create=script("swarm_init"),
        # A cluster ends with its services, so not below previews.
        delete=f"(\n{script('refuse_while_in_use')}) || exit 1\n{script('swarm_leave')}",
        environment={
            "ADDRESS": network.address(0),
            "POOL": POOL,
            "MASK": str(MASK),
            "SECONDS_AT_MOST": str(settings.ready_within_seconds),
            "PREVIEWS": previews,
        },
        triggers=[server.id],
        opts=pulumi.ResourceOptions(depends_on=[manager.ready, attached], deleted_with=server),
    )


class _Worker:
    """One of the workers, from its server to its place in the cluster.

    Attributes:
        node: It, as :class:`stacks.outputs.Node`.
        member: Stands for its part in the cluster; going, it has its previews move away.
    """

    def __init__(
        self,
        settings: ProductionSettings,
        manager: Manager,
        network: PrivateNetwork,
        swarm: command.remote.Command,
        first_boot: pulumi.Input[str],
        plugins: BasePlugins,
        number: int,
    ) -> None:
        name, host_name = f"worker-{number}", f"{settings.server_name}-worker-{number}"
        seconds = str(settings.ready_within_seconds)
        machine = Worker(
            name,
            from_settings(
                WorkerArgs,
                settings,
                server_name=host_name,
                server_type=settings.worker_type or settings.server_type,
                key=manager.machine.key,
                firewall=network.firewall,
                along_with=swarm,
                user_data=first_boot,
            ),
            # Bought only for a manager that can have it.
            opts=pulumi.ResourceOptions(depends_on=[swarm]),
        )
        attached = network.attach(f"{name}-network", machine.server, number, pulumi.ResourceOptions(parent=machine))
        own = pulumi.ResourceOptions(parent=machine)
        host_key = learn_host_key(
            f"{name}-host-key", machine.address, machine.server, settings.ssh_port, settings.ready_within_seconds, own
        )
        address = SshAddress(
            host=machine.address,
            port=settings.ssh_port,
            user=USER,
            host_key=host_key,
            dial_attempts=manager.address.dial_attempts,
        )
        host = SshHost(address, manager.host.directory)
        ready = host.command(
            f"{name}-ready",
            create=script("wait_ready"),
            delete=None,
            environment={"SECONDS_AT_MOST": seconds},
            opts=pulumi.ResourceOptions(parent=machine, replace_on_changes=["connection"]),
        )
        join = in_plain_shell(
            script("swarm_join"),
            {"ADDRESS": network.address(number), "MANAGER_ADDRESS": network.address(0), "SECONDS_AT_MOST": seconds},
        )
        joined = command.local.Command(
            f"{name}-join",
            interpreter=["/bin/sh", "-c"],
            create=script("pass_token"),
            environment={"MANAGER": _ssh(manager.address), "WORKER": _ssh(address), "JOIN": join},
            dir="/",
            triggers=[swarm.id, machine.server.id],
            opts=pulumi.ResourceOptions(parent=machine, depends_on=[ready, attached]),
        )
        of_plugins = plugins.install(host, on_engine(f"{name}-docker", address, ready, machine.server), host_name)
        self.member = manager.host.command(
            f"{name}-member",
            create=script("enrol_worker"),
            delete=script("dismiss_worker"),
            environment={"NAME": host_name, "NODE": joined.stdout, "SECONDS_AT_MOST": str(_MOVE_SECONDS)},
            triggers=[joined.stdout],
            opts=pulumi.ResourceOptions(
                parent=machine,
                # Previews come to it once it is one, and their Grafana wants the plugins.
                depends_on=[attached, *of_plugins],
                # A manager takes along who is in its cluster, so a lost one need not be asked.
                deleted_with=manager.machine.server,
                delete_before_replace=True,
            ),
        )
        self.node = _node(host_name, machine.address, host_key)


def _ssh(address: SshAddress) -> pulumi.Output[str]:
    """A command that runs another on a machine, quoted for a shell."""

    def quoted(parts: list[str]) -> str:
        host, key = parts
        # A connection that is shared outlives the command, and the next one may be to another machine of this address.
        own = ["-o", "ControlMaster=no", "-o", "ControlPath=none", *SHARED]
        argv = ["ssh", *own, "-o", pinned(host, address.port, key), "-p", str(address.port), f"{address.user}@{host}"]
        return shlex.join(argv)

    return pulumi.Output.all(address.host, address.host_key).apply(lambda parts: quoted([str(part) for part in parts]))


def _node(name: str, address: pulumi.Input[str], host_key: pulumi.Input[str]) -> pulumi.Output[dict[str, str]]:
    keys = ("name", "docker_host", "address", "ssh_host_key")
    fields: Callable[[list[str]], dict[str, str]] = lambda values: dict(zip(keys, values, strict=True))  # noqa: E731
    return pulumi.Output.all(name, "", address, host_key).apply(fields)
