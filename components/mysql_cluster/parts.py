"""What the parts of a cluster have in common: names, labels, the topology's address, containers, budgets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.policy import v1 as policy

from ..inputs import quantities
from ..inputs.known import entry, lift, merged
from ..inputs.record import Given
from ..kubernetes import discovery, labels, placement, pods, resources
from ..kubernetes.children import Children
from . import authority, metrics, scripts, shards
from .shards import Shard

CELL = "zone1"
"""Vitess' word for what fails together; there is one."""

CLIENT_PORT, PEER_PORT, ETCD_HEALTH_PORT = 2379, 2380, 2381
TABLET_GRPC_PORT, HTTP_PORT = 15999, 15000
"""The ports of the programs; HTTP is for probes and metrics."""

RUN, SECRETS = "/run/vitess", "/etc/kubeauth/secrets"
PREPARE = {"cpu_request": "50m", "cpu_limit": "500m", "memory_request": "64Mi", "memory_limit": "128Mi"}
"""Requests and limits of what comes before a program."""

LOG = ("--log-format=text", "--config-file-not-found-handling=ignore")
"""Arguments of every program: lines that people read, and no file of options."""

SHOWN = ("--security-policy=read-only", "--redact-debug-ui-queries")
"""Arguments of what sees statements: whoever reaches the port may look, change nothing, and read no values."""

DIVISION = "shards"
"""The part that says how rows are divided."""

PARTS = ("etcd", "tablet", "vtorc", "import", DIVISION)
"""The parts besides the gateways, whose selector is the instance's own; each has one of its own."""

BACKUP = "backup"
"""The part of the jobs of backups, as `backup.instance` names their pods."""


@dataclass(frozen=True)
class Cluster:
    """One cluster while its children are made."""

    children: Children
    given: Given
    members: Sequence[pulumi.Input[str]]
    """The addresses of the topology's members, `https://host:port`."""
    authority: pulumi.Input[str]
    """The name of the Secret with the key that signs the pods' certificates."""

    def selector(self, part: str) -> dict[str, str]:
        """Return the label of a part's pods."""
        return labels.selector(f"{self.children.instance}-{part}")

    @property
    def divided(self) -> bool:
        """Whether rows are in several shards, or shall be."""
        return "sharding" in self.given

    @property
    def shards(self) -> list[Shard]:
        """The shards that have servers: those that hold the data, and those that it is being moved to."""
        return shards.with_servers(self.given)

    @property
    def servers(self) -> list[dict[str, str]]:
        """The labels of the servers' pods, one set for each shard."""
        return [self.selector(shard.part) for shard in self.shards]

    @property
    def jobs(self) -> list[str]:
        """The parts that are jobs, which log in to the servers themselves."""
        return ["import", *([BACKUP] if "backup" in self.given else [])]

    def metadata(self, part: str, *, wait: bool = True) -> ObjectMetaArgs:
        """Return the metadata of a part's own object; the gateways' is the database's, whom clients talk to."""
        return self.children.metadata(part, extra=component_label(part), wait=wait)

    def pod_metadata(self, part: str, selector: Mapping[str, str]) -> ObjectMetaArgs:
        """Return the metadata of a part's pods; their labels change nothing of the selector."""
        return ObjectMetaArgs(
            labels=merged(self.children.labels, component_label(part), selector),
            annotations=merged(self.children.annotations, metrics.annotations(self.given, metrics_port(part))),
        )

    def pod_fields(self, selector: Mapping[str, str], revision: str = "pod-template-hash") -> dict[str, Any]:
        """Return the fields, by their names in `PodSpecArgs`, that every pod of a cluster has.

        Args:
            selector: Its label.
            revision: The label that tells revisions of its workload apart.
        """
        return {
            "dns_config": discovery.dns_config(),
            "topology_spread_constraints": placement.spread(selector, revision),
            **pods.common(self.given["placement"], self.given["platform"]),
        }

    def values(self, more: Mapping[str, Any] | None = None) -> pulumi.Input[list[str]]:
        """Return the values of a script, as its arguments up to `--`.

        Args:
            more: Those of this script alone.
        """

        def made(servers: Sequence[str], keyspace: str, known: Mapping[str, Any]) -> list[str]:
            topology = f"--topo-implementation etcd2 --topo-global-server-address {','.join(servers)}"
            found = {
                "TOPOLOGY": f"{topology} --topo-global-root /vitess/global",
                "SERVERS": ",".join(servers),
                "CELL": CELL,
                "KEYSPACE": keyspace,
                "RUN": RUN,
                "SECRETS": SECRETS,
                "AUTHORITY": f"{authority.FOLDER}/{authority.KEY}",
                "INSTANCE": self.children.instance,
                "OWN": "",
                "SHOWN": " ".join(authority.options(known.get("RUN", RUN), "tablet-manager-grpc")),
                "BASE": 100,
                **known,
            }
            return [*(f"{key}={value}" for key, value in found.items()), "--"]

        return lift(made, [*self.members], self.given["database_name"], {**(more or {})})

    def container(
        self,
        name: str,
        script: Sequence[str],
        values: pulumi.Input[list[str]],
        arguments: pulumi.Input[list[str]],
        asked: pulumi.Input[Mapping[str, Any]],
        mounts: Sequence[core.VolumeMountArgs] = (),
        env: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> core.ContainerArgs:
        """Return a container that runs one of Vitess' programs through a script.

        Args:
            name: Its name.
            script: The scripts, after the one that reads the values.
            values: See `values`.
            arguments: What the script gets besides them.
            asked: Its requests and limits, complete.
            mounts: What it sees besides its scratch volumes. Default: nothing.
            env: More environment variables. Default: none.
            fields: More fields of the container.
        """
        # The runtime collects in time, instead of the kernel ending it.
        variables = {"GOMEMLIMIT": lift(go_memory, asked), **(env or {})}
        return core.ContainerArgs(
            name=name,
            image=self.given["image"],
            command=["/bin/sh", "-c", scripts.text("values", *script), name],
            args=lift(lambda one, other: [*one, *other], values, arguments),
            env=[pod_name(), *(core.EnvVarArgs(name=key, value=value) for key, value in variables.items())],
            security_context=pods.security_context(),
            resources=resources.requirements(asked, disk=entry(self.given["platform"], "ephemeral_storage")),
            volume_mounts=[*mounts, *scratch_mounts()],
            **fields,
        )

    def prepare(
        self,
        script: Sequence[str],
        values: pulumi.Input[list[str]],
        *mounts: core.VolumeMountArgs,
        arguments: pulumi.Input[list[str]] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> core.ContainerArgs:
        """Return the container that runs before a program: it makes the pod's certificate, and then what is asked for.

        Args:
            script: What comes after the certificate.
            values: See `values`.
            mounts: What it sees besides the authority's key and its scratch volumes.
            arguments: What the script gets besides the values. Default: nothing.
            env: Environment variables. Default: none.
        """
        seen = [*mounts, authority.mount()]
        return self.container("prepare", ["certificate", *script], values, arguments or [], PREPARE, seen, env)

    def volumes(self, *more: core.VolumeArgs) -> list[core.VolumeArgs]:
        """Return the volumes of a pod: its own, then the authority's key and scratch volumes."""
        return [*more, authority.volume(self.authority), *scratch_volumes()]

    def budget(self, part: str, selector: Mapping[str, str]) -> None:
        """Make the budget that lets a drain of nodes take one pod of a part at a time."""
        policy.PodDisruptionBudget(
            self.children.logical(part),
            metadata=self.metadata(part),
            spec=policy.PodDisruptionBudgetSpecArgs(
                max_unavailable=1, selector=LabelSelectorArgs(match_labels=selector)
            ),
            opts=self.children.options(),
        )


def metrics_port(part: str) -> int:
    """Return where a part's program has its metrics."""
    return ETCD_HEALTH_PORT if part == "etcd" else HTTP_PORT


def component_label(part: str) -> dict[str, str]:
    """Return the label that says which part of a database something is; the gateways are what clients call it."""
    kind = "tablet" if part.startswith("shard-") else part
    return {} if part == "vtgate" else {"app.kubernetes.io/component": kind}


def pod_name() -> core.EnvVarArgs:
    """Return the variable with the pod's own name."""
    field = core.ObjectFieldSelectorArgs(field_path="metadata.name")
    return core.EnvVarArgs(name="POD_NAME", value_from=core.EnvVarSourceArgs(field_ref=field))


def scratch_mounts() -> list[core.VolumeMountArgs]:
    """Return the mounts of `scratch_volumes`."""
    return [
        core.VolumeMountArgs(name="run", mount_path=RUN),
        core.VolumeMountArgs(name="tmp", mount_path="/tmp"),  # noqa: S108 - an emptyDir of this pod alone
    ]


def scratch_volumes() -> list[core.VolumeArgs]:
    """Return what every pod of a cluster writes to besides its claim."""
    # The first is in memory, because passwords are in it.
    return [pods.scratch("run", "16Mi", in_memory=True), pods.scratch("tmp")]


def go_memory(asked: Mapping[str, str]) -> str:
    """Return what a Go program may take of a container's memory before it collects harder."""
    return f"{int(quantities.bytes_of(asked['memory_limit']) or 0) * 85 // 100 // 2**20}MiB"


def http(path: str, port: int = HTTP_PORT, **fields: Any) -> core.ProbeArgs:
    """Return a probe that asks a program over HTTP."""
    return core.ProbeArgs(http_get=core.HTTPGetActionArgs(path=path, port=port), timeout_seconds=5, **fields)
