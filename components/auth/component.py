"""AuthService: a stateless service that finds its database through DB_HOST."""

from collections.abc import Sequence
from typing import cast

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.core.v1.outputs import ServicePort
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking import v1 as networking
from pulumi_kubernetes.policy import v1 as policy

from .. import connection
from ..inputs import errors, validation
from ..kubernetes import discovery, labels, traffic
from ..kubernetes.children import Children
from ..kubernetes.services import ServiceType
from . import inputs as auth_inputs
from . import pod as auth_pod
from .inputs import AuthServiceArgs


class AuthService(pulumi.ComponentResource):
    """A Deployment whose pods get DB_HOST, DB_USER and DB_PASS, and the Service in front of it: `<name>-service`."""

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
        replicas, port = int(args.get("replicas", 1)), int(args.get("port", auth_inputs.PORT))

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
                template=auth_pod.template(children, args, database, discovery.name_of(account)),
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
                        name=auth_pod.PORT_NAME,
                        port=port,
                        target_port=auth_pod.PORT_NAME,
                        node_port=int(args.get("node_port", 0)) or None,
                        protocol="TCP",
                    )
                ],
            ),
            opts=children.options(),
        )
        traffic.policy(
            children,
            "traffic",
            selector,
            ingress=[networking.NetworkPolicyIngressRuleArgs(ports=traffic.port(port))],
            egress=pulumi.Output.all(database.endpoint, database.namespace).apply(
                lambda known: _egress(name, args, known[0], known[1])
            ),
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
    return [
        traffic.dns(),
        networking.NetworkPolicyEgressRuleArgs(
            to=[traffic.pods(namespace=database.namespace)] if database.namespace else None,
            ports=traffic.port(database.port),
        ),
    ]
