"""The servers: pods of a mysqld, the program that starts it, and vttablet, through which all that clients want goes."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking import v1 as networking

from ..inputs.known import entry, lift
from ..kubernetes import discovery, labels, pods, resources, traffic
from ..mysql import settings as mysql_settings
from ..mysql.front import PORT
from . import authority, claims, inputs, metrics, scripts, settings
from .parts import CLIENT_PORT, HTTP_PORT, LOG, RUN, SECRETS, SHOWN, TABLET_GRPC_PORT, Cluster, http
from .shards import Shard

_DATA = "/var/lib/vitess"
_CREDENTIALS = f"{RUN}/credentials.json"
#: vttablet's share, by the size of the server beside it.
_TABLET = {
    "small": {"cpu_request": "50m", "cpu_limit": "500m", "memory_request": "128Mi", "memory_limit": "256Mi"},
    "medium": {"cpu_request": "100m", "cpu_limit": "1", "memory_request": "128Mi", "memory_limit": "256Mi"},
    "large": {"cpu_request": "500m", "cpu_limit": "2", "memory_request": "256Mi", "memory_limit": "1Gi"},
}
#: Only replication and the filling of an empty server come over the network; the others use the socket beside them.
_TLS = ["--db-ssl-mode=verify_identity", f"--db-ssl-ca={RUN}/ca.crt", "--db-dba-use-ssl=false"]
_OVER_SOCKET = [f"--db-{user}-use-ssl=false" for user in ("app", "appdebug", "allprivs", "filtered")]


def create(cluster: Cluster, shard: Shard, passwords: pulumi.Input[str]) -> tuple[apps.StatefulSet, pulumi.Output[str]]:
    """Make the servers, their Service, budget and policy; return their set, and the name of their Service in DNS.

    Args:
        cluster: The cluster.
        shard: Whose servers.
        passwords: The name of the Secret with the passwords of Vitess' own accounts.
    """
    children, given, selector = cluster.children, cluster.given, cluster.selector(shard.part)
    service = core.Service(
        children.logical(shard.part),
        metadata=cluster.metadata(shard.part, wait=False),
        spec=core.ServiceSpecArgs(
            cluster_ip="None",
            # A server is asked before it serves: VTOrc chooses the first primary among those that do not.
            publish_not_ready_addresses=True,
            selector=selector,
            ip_family_policy=entry(given["platform"], "ip_family_policy"),
            ports=[
                core.ServicePortArgs(name="grpc", port=TABLET_GRPC_PORT, protocol="TCP"),
                core.ServicePortArgs(name="mysql", port=PORT, protocol="TCP"),
            ],
        ),
        opts=children.options(),
    )
    domain = discovery.service_fqdn(service, given["cluster_domain"])
    made = apps.StatefulSet(
        children.logical(shard.part),
        metadata=cluster.metadata(shard.part),
        spec=apps.StatefulSetSpecArgs(
            replicas=given["replicas"],
            service_name=discovery.name_of(service),
            # Together, because a primary is chosen among several; updates go one by one all the same.
            pod_management_policy="Parallel",
            selector=LabelSelectorArgs(match_labels=selector),
            persistent_volume_claim_retention_policy=claims.retention(retain=given["retain_data"]),
            volume_claim_templates=[claims.template(cluster, given["storage_size"])],
            template=core.PodTemplateSpecArgs(
                metadata=cluster.pod_metadata(shard.part, selector),
                spec=_pod(cluster, shard, passwords, domain),
            ),
        ),
        opts=children.options(protect=_kept(cluster), rollout_seconds=given["rollout_seconds"]),
    )
    cluster.budget(shard.part, selector)
    jobs = [*map(cluster.selector, cluster.jobs)]
    asking = [*cluster.servers, cluster.selector("vtorc"), *jobs, labels.selector(children.instance)]
    among = [traffic.pods(selector)]
    traffic.policy(
        children,
        shard.part,
        selector,
        ingress=metrics.let_in(
            given,
            HTTP_PORT,
            [
                networking.NetworkPolicyIngressRuleArgs(
                    from_=[*map(traffic.pods, asking)], ports=traffic.ports(TABLET_GRPC_PORT)
                ),
                networking.NetworkPolicyIngressRuleArgs(
                    from_=[*among, *map(traffic.pods, jobs)], ports=traffic.ports(PORT)
                ),
            ],
        ),
        egress=[
            lift(traffic.dns, given["platform"]),
            to_etcd(cluster),
            networking.NetworkPolicyEgressRuleArgs(to=among, ports=traffic.ports(TABLET_GRPC_PORT, PORT)),
            # Rows that move to another shard.
            *([to_tablets(cluster)] if len(cluster.servers) > 1 else []),
        ],
    )
    return made, domain


def _kept(cluster: Cluster) -> bool:
    """Whether Pulumi refuses to delete servers: where rows move the old ones go, and `division` sees that they may."""
    return cluster.given["retain_data"] and not cluster.given["reshard_to"]


def to_etcd(cluster: Cluster) -> networking.NetworkPolicyEgressRuleArgs:
    """Return the rule that lets pods ask the topology."""
    return networking.NetworkPolicyEgressRuleArgs(
        to=[traffic.pods(cluster.selector("etcd"))], ports=traffic.ports(CLIENT_PORT)
    )


def to_tablets(cluster: Cluster) -> networking.NetworkPolicyEgressRuleArgs:
    """Return the rule that lets pods ask the servers."""
    return networking.NetworkPolicyEgressRuleArgs(
        to=[*map(traffic.pods, cluster.servers)], ports=traffic.ports(TABLET_GRPC_PORT)
    )


def _pod(cluster: Cluster, shard: Shard, passwords: pulumi.Input[str], domain: pulumi.Output[str]) -> core.PodSpecArgs:
    given = cluster.given
    limits = lift(_merged, given["resources"], given["size"])
    data = core.VolumeMountArgs(name="data", mount_path=_DATA)
    secrets = core.VolumeMountArgs(name="secrets", mount_path=SECRETS, read_only=True)
    env = {"VTDATAROOT": _DATA, "VT_MYSQL_ROOT": "/usr"}
    place = {"DOMAIN": domain, "SHARD": shard.name, "BASE": shard.base}
    values = cluster.values(place)
    return core.PodSpecArgs(
        termination_grace_period_seconds=given["shutdown_seconds"],
        init_containers=[
            cluster.prepare(
                ["accounts", "topology"],
                cluster.values({**place, "SETTINGS": lift(_settings, limits, given["settings"]), "OWN": domain}),
                secrets,
                env=env,
            ),
            cluster.container(
                "mysqld",
                ["born", "server"],
                cluster.values({**place, "BIRTH": lift(mysql_settings.birth, given["settings"])}),
                lift(_server_arguments, given["startup_seconds"], given["shutdown_seconds"]),
                limits,
                [data],
                # The last one lets mysqld end to be started again when it was filled from another server.
                {
                    **env,
                    "GOMEMLIMIT": f"{settings.STARTER_MEBIBYTES}MiB",
                    "EXTRA_MY_CNF": f"{RUN}/extra.cnf",
                    "MYSQLD_PARENT_PID": "1",
                },
                # Beside the next one until that has ended: it begins before it and ends after it.
                restart_policy="Always",
                startup_probe=core.ProbeArgs(
                    exec_=core.ExecActionArgs(command=["/bin/sh", "-c", f"[ -S {RUN}/mysqlctl.sock ]"]),
                    period_seconds=1,
                    failure_threshold=given["startup_seconds"],
                ),
                ports=[core.ContainerPortArgs(name="mysql", container_port=PORT, protocol="TCP")],
            ),
        ],
        containers=[
            cluster.container(
                f"{cluster.children.instance}-container",
                ["errant", "tablet"],
                values,
                lift(_tablet_arguments, given["database_name"], shard.name),
                lift(_TABLET.__getitem__, given["size"]),
                [data],
                env,
                ports=[
                    core.ContainerPortArgs(name="grpc", container_port=TABLET_GRPC_PORT, protocol="TCP"),
                    *metrics.ports(given, HTTP_PORT),
                ],
                # Ready is that it serves what it is for: reads of a replica that is not too far behind, or writes;
                # in a shard that does not serve yet, or not any more, nothing.
                readiness_probe=http("/healthz", period_seconds=5, failure_threshold=2),
                liveness_probe=core.ProbeArgs(
                    exec_=_script("alive", values, "errant", "alive"),
                    period_seconds=30,
                    timeout_seconds=60,
                    failure_threshold=2,
                ),
                lifecycle=core.LifecycleArgs(
                    pre_stop=core.LifecycleHandlerArgs(exec_=_script("handover", values, "handover"))
                ),
            )
        ],
        volumes=cluster.volumes(pods.secret_files("secrets", passwords)),
        **cluster.pod_fields(cluster.selector(shard.part), "controller-revision-hash"),
    )


def _script(name: str, values: pulumi.Input[list[str]], *parts: str) -> core.ExecActionArgs:
    """What the kubelet runs in a container: scripts with the values of the container's own."""
    text = scripts.text("values", *parts)
    return core.ExecActionArgs(command=lift(lambda known: ["/bin/sh", "-c", text, name, *known], values))


def _merged(given: Mapping[str, Any], size: str) -> dict[str, Any]:
    return resources.merge(given, inputs.server_resources(size))


def _settings(limits: Mapping[str, str], given: Mapping[str, str]) -> str:
    return pods.literal(settings.lines(limits["memory_limit"], given))


def _server_arguments(startup: int, shutdown: int) -> list[str]:
    # Handing over goes first, out of the same time.
    left = max(shutdown - 60, 20)
    return [
        *LOG,
        f"--mysql-port={PORT}",
        f"--socket-file={RUN}/mysqlctl.sock",
        f"--init-db-sql-file={RUN}/init.sql",
        f"--db-credentials-file={_CREDENTIALS}",
        f"--wait-time={startup}s",
        f"--shutdown-wait-time={left}s",
        f"--onterm-timeout={left + 10}s",
        *_TLS,
    ]


def _tablet_arguments(keyspace: str, shard: str) -> list[str]:
    return [
        *LOG,
        f"--init-keyspace={keyspace}",
        f"--init-shard={shard}",
        "--init-tablet-type=replica",
        # Without vt_ before it, so that dumps and people see one name.
        f"--init-db-name-override={keyspace}",
        f"--port={HTTP_PORT}",
        f"--grpc-port={TABLET_GRPC_PORT}",
        "--service-map=grpc-queryservice,grpc-tabletmanager,grpc-updatestream",
        f"--mysqlctl-socket={RUN}/mysqlctl.sock",
        f"--db-credentials-file={_CREDENTIALS}",
        "--health-check-interval=1s",
        "--mysql-clone-enabled",
        *SHOWN,
        *authority.options(RUN, "grpc", "tablet-grpc", "tablet-manager-grpc", "binlog-player-grpc"),
        *_TLS,
        *_OVER_SOCKET,
    ]
