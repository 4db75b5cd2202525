"""AuthService: a stateless service that finds its database through DB_HOST."""

from collections.abc import Sequence
from typing import cast

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.core.v1.outputs import ServicePort
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.networking import v1 as networking
from pulumi_kubernetes.policy import v1 as policy

from . import accounts, auth_inputs, connection, discovery, errors, labels, pods, validation
from .auth_inputs import AuthServiceArgs
from .children import Children
from .connection import Database
from .services import ServiceType

PORT_NAME = "http"
_CA_FOLDER = "/etc/kubeauth/database"


class AuthService(pulumi.ComponentResource):
    """A Deployment whose pods get DB_HOST, DB_USER and DB_PASS, and the Service in front of it: <name>-service."""

    deployment_name: pulumi.Output[str]
    """The Deployment's name."""

    service_name: pulumi.Output[str]
    """The Service's name."""

    database_host: pulumi.Output[str]
    """DB_HOST as the pods see it."""

    node_port: pulumi.Output[int]
    """The port on every node, 0 when the Service has none."""

    check = staticmethod(auth_inputs.check)

    def __init__(self, name: str, args: AuthServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Create the service.

        Args:
            name: The instance's name, for example `authenticate`; a DNS label of at most 40 characters.
            args: The inputs.
            opts: Pulumi's options.

        Raises:
            InputErrors: An input is not allowed; nothing was registered.
        """
        errors.require(self.check(name, args), f"AuthService {name}")
        super().__init__("kubeauth:index:AuthService", name, {}, opts)
        common = labels.recommended(name, name, "auth", args.get("labels"))
        database = connection.of(args, f"AuthService {name}")
        children = Children(self, name, database.namespace, common, args.get("annotations"))
        selector = labels.selector(name)
        replicas = int(args.get("replicas", 1))
        port = int(args.get("port", auth_inputs.PORT))

        account = core.ServiceAccount(
            f"{name}-account",
            metadata=children.metadata("account"),
            automount_service_account_token=False,
            opts=children.options(),
        )
        deployment = apps.Deployment(
            f"{name}-deployment",
            metadata=children.metadata("deployment", extra={"service": f"{name}-service"}),
            spec=apps.DeploymentSpecArgs(
                replicas=replicas,
                selector=LabelSelectorArgs(match_labels=selector),
                # The old pods serve until new ones are ready.
                strategy=apps.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=apps.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                template=core.PodTemplateSpecArgs(
                    metadata=ObjectMetaArgs(labels={**common, **selector}, annotations=args.get("annotations")),
                    spec=core.PodSpecArgs(
                        service_account_name=discovery.name_of(account),
                        automount_service_account_token=False,
                        enable_service_links=False,
                        security_context=pods.pod_security_context(),
                        dns_config=core.PodDNSConfigArgs(
                            options=[core.PodDNSConfigOptionArgs(name="ndots", value=discovery.NDOTS)]
                        ),
                        topology_spread_constraints=pods.spread(selector) if replicas > 1 else None,
                        containers=[_container(name, args, database, port)],
                        volumes=[
                            pods.scratch("tmp"),
                            *(
                                [pods.secret_files("database-ca", args["database_ca_secret_name"], keys=["ca.crt"])]
                                if "database_ca_secret_name" in args
                                else []
                            ),
                        ],
                        **pods.placed(args.get("placement", {})),
                    ),
                ),
            ),
            opts=children.options(rollout_seconds=int(args.get("rollout_seconds", 300))),
        )
        service = core.Service(
            f"{name}-service",
            metadata=children.metadata("service", wait=False, annotations=args.get("service_annotations")),
            spec=core.ServiceSpecArgs(
                type=validation.word_of(args.get("service_type", ServiceType.CLUSTER_IP)),
                selector=selector,
                ports=[
                    core.ServicePortArgs(
                        name=PORT_NAME,
                        port=port,
                        target_port=PORT_NAME,
                        node_port=int(args.get("node_port", 0)) or None,
                        protocol="TCP",
                    )
                ],
            ),
            opts=children.options(),
        )
        networking.NetworkPolicy(
            f"{name}-traffic",
            metadata=children.metadata("traffic"),
            spec=networking.NetworkPolicySpecArgs(
                pod_selector=LabelSelectorArgs(match_labels=selector),
                policy_types=["Ingress", "Egress"],
                ingress=[
                    networking.NetworkPolicyIngressRuleArgs(
                        ports=[networking.NetworkPolicyPortArgs(port=port, protocol="TCP")]
                    )
                ],
                egress=pulumi.Output.all(database.endpoint, database.namespace).apply(
                    lambda known: _egress(name, args, known[0], known[1])
                ),
            ),
            opts=children.options(),
        )
        if replicas > 1:
            policy.PodDisruptionBudget(
                f"{name}-disruption-budget",
                metadata=children.metadata("disruption-budget"),
                spec=policy.PodDisruptionBudgetSpecArgs(
                    max_unavailable=1, selector=LabelSelectorArgs(match_labels=selector)
                ),
                opts=children.options(),
            )

        self.deployment_name = discovery.name_of(deployment)
        self.service_name = discovery.name_of(service)
        self.database_host = pulumi.Output.from_input(database.endpoint)
        self.node_port = service.spec.apply(lambda spec: int(cast(Sequence[ServicePort], spec.ports)[0].node_port or 0))
        self.register_outputs(
            {
                "deploymentName": self.deployment_name,
                "serviceName": self.service_name,
                "databaseHost": self.database_host,
                "nodePort": self.node_port,
            }
        )


def _container(name: str, args: AuthServiceArgs, database: Database, port: int) -> core.ContainerArgs:
    def from_secret(secret: pulumi.Input[str], key: str) -> core.EnvVarSourceArgs:
        return core.EnvVarSourceArgs(secret_key_ref=core.SecretKeySelectorArgs(name=secret, key=key))

    def get(path: str) -> core.HTTPGetActionArgs:
        return core.HTTPGetActionArgs(path=path, port=PORT_NAME)

    secret = database.secret_name
    env = [
        core.EnvVarArgs(name="DB_HOST", value=database.endpoint),
        core.EnvVarArgs(
            name="DB_USER", value_from=from_secret(secret, args.get("database_username_key", accounts.USERNAME))
        ),
        core.EnvVarArgs(
            name="DB_PASS", value_from=from_secret(secret, args.get("database_password_key", accounts.PASSWORD))
        ),
    ]
    mounts = [core.VolumeMountArgs(name="tmp", mount_path="/tmp")]  # noqa: S108 - an emptyDir of this pod
    if database.name is not None:
        env.append(core.EnvVarArgs(name="DB_NAME", value=database.name))
    if "database_ca_secret_name" in args:
        env.append(core.EnvVarArgs(name="DB_TLS", value="verify-identity"))
        env.append(core.EnvVarArgs(name="DB_TLS_CA", value=f"{_CA_FOLDER}/ca.crt"))
        mounts.append(core.VolumeMountArgs(name="database-ca", mount_path=_CA_FOLDER, read_only=True))
    env += [core.EnvVarArgs(name=key, value=value) for key, value in args.get("env", {}).items()]
    env += [
        core.EnvVarArgs(name=key, value_from=from_secret(source["secret_name"], source["key"]))
        for key, source in args.get("secret_env", {}).items()
    ]
    probes = args.get("probes", {})
    alive, ready = probes.get("liveness_path", "/healthz"), probes.get("readiness_path", "/readyz")
    return core.ContainerArgs(
        name=f"{name}-container",
        image=args["image"],
        command=args.get("command") or None,
        args=args.get("args") or None,
        working_dir=args.get("working_dir") or None,
        env=env,
        ports=[core.ContainerPortArgs(name=PORT_NAME, container_port=port, protocol="TCP")],
        security_context=pods.security_context(),
        resources=pods.requirements(pods.merge(args.get("resources", {}), auth_inputs.RESOURCES)),
        volume_mounts=mounts,
        startup_probe=core.ProbeArgs(
            http_get=get(alive), period_seconds=1, failure_threshold=int(probes.get("startup_seconds", 60))
        ),
        # Ready means that the database answers; alive does not, so that its absence restarts nothing. Every second,
        # because a first `up` ends with the first probe after the database's.
        readiness_probe=core.ProbeArgs(http_get=get(ready), period_seconds=1, timeout_seconds=5, failure_threshold=3),
        liveness_probe=core.ProbeArgs(http_get=get(alive), period_seconds=10, timeout_seconds=5, failure_threshold=3),
    )


def _egress(
    name: str, args: AuthServiceArgs, endpoint: str, namespace: str
) -> list[networking.NetworkPolicyEgressRuleArgs]:
    """DNS, and the database's port: in its namespace when the endpoint is a Service of this cluster, else anywhere."""
    domain = args.get("cluster_domain", discovery.CLUSTER_DOMAIN)
    errors.require_resolved(
        [
            *validation.endpoint("database_endpoint", endpoint),
            *auth_inputs.check_database_namespace(args, endpoint, namespace, domain),
        ],
        f"AuthService {name}",
    )
    database = discovery.parse_endpoint(endpoint, domain)
    peer = database.namespace and networking.NetworkPolicyPeerArgs(
        namespace_selector=discovery.namespace_selector(database.namespace)
    )
    return [
        networking.NetworkPolicyEgressRuleArgs(
            ports=[networking.NetworkPolicyPortArgs(port=53, protocol=protocol) for protocol in ("UDP", "TCP")]
        ),
        networking.NetworkPolicyEgressRuleArgs(
            to=[peer] if peer else None,
            ports=[networking.NetworkPolicyPortArgs(port=database.port, protocol="TCP")],
        ),
    ]
