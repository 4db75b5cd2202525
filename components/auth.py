"""AuthService: a stateless service that finds its database through DB_HOST."""

from typing import NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.networking import v1 as networking
from pulumi_kubernetes.policy import v1 as policy

from . import discovery, labels, pods, validation
from .children import Children

PORT_NAME = "http"
RESOURCES: pods.ResourcesArgs = {
    "cpu_request": "250m",
    "cpu_limit": "500m",
    "memory_request": "128Mi",
    "memory_limit": "256Mi",
}


class AuthServiceArgs(TypedDict):
    """Inputs of AuthService."""

    namespace: pulumi.Input[str]
    """The namespace of all children; it must exist."""

    image: str
    """The service's image, with a tag or digest."""

    database_endpoint: pulumi.Input[str]
    """The database's `host:port`, handed to the pods as DB_HOST: `MySqlDatabase.endpoint`, or any other database's."""

    database_secret_name: pulumi.Input[str]
    """A Secret of the namespace with `username` and `password`, for example `MySqlDatabase.credentials_secret_name`."""

    database_name: NotRequired[pulumi.Input[str]]
    """The schema, handed to the pods as DB_NAME. Default: the pods get no DB_NAME."""

    command: NotRequired[list[str]]
    """The container's command. Default: the image's own."""

    args: NotRequired[list[str]]
    """The command's arguments. Default: the image's own."""

    working_dir: NotRequired[str]
    """The container's working directory, an absolute path. Default: the image's own."""

    port: NotRequired[int]
    """The port the service listens on, and its Service's port. Default: 5010, the seed's. Allowed: 1024 to 65535."""

    replicas: NotRequired[int]
    """How many pods. Default: 1. Allowed: 1 to 100. From 2 on, one at a time may be away (PodDisruptionBudget)."""

    resources: NotRequired[pods.ResourcesArgs]
    """Requests and limits. Default: the seed's, cpu 250m/500m, memory 128Mi/256Mi."""

    labels: NotRequired[dict[str, str]]
    """Extra labels for every child and pod. Default: none."""

    cluster_domain: NotRequired[str]
    """The cluster's DNS domain. Default: `cluster.local`."""

    rollout_seconds: NotRequired[int]
    """How long `up` waits for the pods to be ready before it fails. Default: 300. Allowed: 10 to 3600."""


class AuthService(pulumi.ComponentResource):
    """A Deployment whose pods get DB_HOST, DB_USER and DB_PASS, and the Service in front of it.

    An instance called `authenticate` makes the Deployment `authenticate-deployment`. Its pods answer GET /healthz with
    200 while they live, and GET /readyz with 200 when their database answers.
    """

    deployment_name: pulumi.Output[str]
    """The Deployment's name."""

    service_name: pulumi.Output[str]
    """The Service's name."""

    database_host: pulumi.Output[str]
    """DB_HOST as the pods see it."""

    def __init__(self, name: str, args: AuthServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Create the service.

        Args:
            name: The instance's name, for example `authenticate`; a DNS label of at most 40 characters.
            args: The inputs.
            opts: Pulumi's options.

        Raises:
            InputErrors: An input is not allowed; nothing was registered.
        """
        validation.require(self.check(name, args), f"AuthService {name}")
        super().__init__("kubeauth:index:AuthService", name, {}, opts)
        common = labels.recommended(name, name, "auth", args.get("labels"))
        children = Children(self, name, args["namespace"], common)
        selector = labels.selector(name)
        replicas = int(args.get("replicas", 1))
        port = int(args.get("port", 5010))
        rollout_seconds = int(args.get("rollout_seconds", 300))
        domain = args.get("cluster_domain", discovery.CLUSTER_DOMAIN)

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
                    metadata=ObjectMetaArgs(labels={**common, **selector}),
                    spec=core.PodSpecArgs(
                        service_account_name=discovery.name_of(account),
                        automount_service_account_token=False,
                        enable_service_links=False,
                        security_context=pods.pod_security_context(),
                        dns_config=core.PodDNSConfigArgs(
                            options=[core.PodDNSConfigOptionArgs(name="ndots", value=discovery.NDOTS)]
                        ),
                        containers=[self._container(name, args, port)],
                        volumes=[pods.scratch("tmp")],
                    ),
                ),
            ),
            opts=children.options(rollout_seconds=rollout_seconds),
        )
        service = core.Service(
            f"{name}-service",
            metadata=children.metadata("service", wait=False),
            spec=core.ServiceSpecArgs(
                type="ClusterIP",
                selector=selector,
                ports=[core.ServicePortArgs(name=PORT_NAME, port=port, target_port=PORT_NAME, protocol="TCP")],
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
                egress=pulumi.Output.from_input(args["database_endpoint"]).apply(
                    lambda endpoint: _egress(name, endpoint, domain)
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
        self.database_host = pulumi.Output.from_input(args["database_endpoint"])
        self.register_outputs(
            {
                "deploymentName": self.deployment_name,
                "serviceName": self.service_name,
                "databaseHost": self.database_host,
            }
        )

    @staticmethod
    def _container(name: str, args: AuthServiceArgs, port: int) -> core.ContainerArgs:
        def from_secret(key: str) -> core.EnvVarSourceArgs:
            return core.EnvVarSourceArgs(
                secret_key_ref=core.SecretKeySelectorArgs(name=args["database_secret_name"], key=key)
            )

        def get(path: str) -> core.HTTPGetActionArgs:
            return core.HTTPGetActionArgs(path=path, port=PORT_NAME)

        env = [
            core.EnvVarArgs(name="DB_HOST", value=args["database_endpoint"]),
            core.EnvVarArgs(name="DB_USER", value_from=from_secret("username")),
            core.EnvVarArgs(name="DB_PASS", value_from=from_secret("password")),
        ]
        if "database_name" in args:
            env.append(core.EnvVarArgs(name="DB_NAME", value=args["database_name"]))
        resources = pods.merge(args.get("resources", {}), RESOURCES)
        return core.ContainerArgs(
            name=f"{name}-container",
            image=args["image"],
            command=args.get("command") or None,
            args=args.get("args") or None,
            working_dir=args.get("working_dir") or None,
            env=env,
            ports=[core.ContainerPortArgs(name=PORT_NAME, container_port=port, protocol="TCP")],
            security_context=pods.security_context(),
            resources=pods.requirements(resources),
            volume_mounts=[core.VolumeMountArgs(name="tmp", mount_path="/tmp")],  # noqa: S108 - an emptyDir of this pod
            startup_probe=core.ProbeArgs(http_get=get("/healthz"), period_seconds=1, failure_threshold=60),
            # Ready means that the database answers; alive does not, so that its absence restarts nothing.
            readiness_probe=core.ProbeArgs(
                http_get=get("/readyz"), period_seconds=2, timeout_seconds=5, failure_threshold=2
            ),
            liveness_probe=core.ProbeArgs(
                http_get=get("/healthz"), period_seconds=10, timeout_seconds=5, failure_threshold=3
            ),
        )

    @staticmethod
    def check(name: str, args: AuthServiceArgs) -> list[validation.InputError]:
        """Return every input that is not allowed, without creating anything. Outputs are checked when they resolve."""
        return [
            *validation.name("name", name, "authenticate"),
            *validation.required(args, AuthServiceArgs),
            *validation.name("namespace", args.get("namespace"), "production-cloud"),
            *validation.image("image", args.get("image"), "registry.example.com/authenticate:1.0.0"),
            *validation.endpoint("database_endpoint", args.get("database_endpoint")),
            *validation.port("port", args.get("port", 5010), 5010, low=1024),
            *validation.absolute_path("working_dir", args.get("working_dir")),
            *validation.whole_number("replicas", args.get("replicas", 1), 1, 100, "pods", 1),
            *validation.resources(args.get("resources", {}), RESOURCES, "16Mi"),
            *validation.labels("labels", args.get("labels", {})),
            *validation.cluster_domain("cluster_domain", args.get("cluster_domain", discovery.CLUSTER_DOMAIN)),
            *validation.whole_number("rollout_seconds", args.get("rollout_seconds", 300), 10, 3600, "seconds", 300),
        ]


def _egress(name: str, endpoint: str, domain: str) -> list[networking.NetworkPolicyEgressRuleArgs]:
    """DNS, and the database's port: in its namespace when the endpoint is a Service of this cluster, else anywhere."""
    validation.require(validation.endpoint("database_endpoint", endpoint), f"AuthService {name}")
    database = discovery.parse_endpoint(endpoint, domain)
    namespace = database.namespace and networking.NetworkPolicyPeerArgs(
        namespace_selector=LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": database.namespace})
    )
    return [
        networking.NetworkPolicyEgressRuleArgs(
            ports=[networking.NetworkPolicyPortArgs(port=53, protocol=protocol) for protocol in ("UDP", "TCP")]
        ),
        networking.NetworkPolicyEgressRuleArgs(
            to=[namespace] if namespace else None,
            ports=[networking.NetworkPolicyPortArgs(port=database.port, protocol="TCP")],
        ),
    ]
