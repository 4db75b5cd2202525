"""AuthService: a stateless service that finds its database through DB_HOST."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.core.v1.outputs import ServicePort
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking import v1 as networking
from pulumi_kubernetes.policy import v1 as policy

from .. import connection
from ..inputs import errors, outputs
from ..inputs.known import entry, lift
from ..inputs.record import Given
from ..kubernetes import discovery, labels, monitoring, reservations, traffic
from ..kubernetes.children import Children
from . import exposure
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
        errors.require(self.check(name, args), f"AuthService {name}", opts)
        super().__init__("kubeauth:index:AuthService", name, {}, opts)
        given = Given(auth_inputs.RULES, args, f"AuthService {name}")
        instance: str = given["resource_name"] or name
        common = labels.recommended(instance, instance, "auth", given["labels"])
        database = connection.of(given)
        namespace = reservations.instance(self, given.owner, database["namespace"], [instance])
        children = Children(self, name, instance, namespace, common, given["annotations"])
        selector = labels.selector(instance)

        deployment = apps.Deployment(
            f"{name}-deployment",
            metadata=children.metadata("deployment", extra={"service": f"{instance}-service"}),
            spec=apps.DeploymentSpecArgs(
                # What an autoscaler decides is not written.
                replicas=None if "autoscaling" in given else given["replicas"],
                selector=LabelSelectorArgs(match_labels=selector),
                # The old pods serve until new ones are ready.
                strategy=apps.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=apps.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                template=auth_pod.template(children, given, database, _account(given, children)),
            ),
            opts=children.options(rollout_seconds=given["rollout_seconds"]),
        )
        service = _service(self, given, children)
        self.deployment_name = discovery.name_of(deployment)
        self.service_name = discovery.name_of(service)
        traffic.policy(
            children,
            "traffic",
            selector,
            ingress=[
                networking.NetworkPolicyIngressRuleArgs(ports=lift(traffic.ports, given["port"])),
                *([monitoring.ingress(given["metrics"])] if "metrics" in given else []),
            ],
            egress=lift(
                partial(_egress, given.owner),
                {key: database.get(key) for key in ("endpoint", "namespace", "service_namespace", "pod_port")},
                given["egress"],
                given["platform"],
                given["cluster_domain"],
            ),
        )
        if given["replicas"] > 1 or "autoscaling" in given:
            policy.PodDisruptionBudget(
                f"{name}-disruption-budget",
                metadata=children.metadata("disruption-budget"),
                spec=policy.PodDisruptionBudgetSpecArgs(
                    max_unavailable=1,
                    # Pods that are not ready serve nobody: a drain of their node does not wait for them.
                    unhealthy_pod_eviction_policy="AlwaysAllow",
                    selector=LabelSelectorArgs(match_labels=selector),
                ),
                opts=children.options(),
            )
        if given.args.get("metrics", {}).get("monitor"):
            monitoring.monitor(children, given["metrics"], selector)
        if "autoscaling" in given:
            exposure.make_autoscaler(children, given["autoscaling"], self.deployment_name)
        if "ingress" in given:
            exposure.make_ingress(children, given["ingress"], self.service_name, auth_pod.PORT_NAME)
        if "http_route" in given:
            exposure.make_http_route(children, given["http_route"], self.service_name, given["port"])

        self.database_host = pulumi.Output.from_input(database["endpoint"])
        self.node_port = service.spec.apply(lambda spec: int(cast(Sequence[ServicePort], spec.ports)[0].node_port or 0))
        self.register_outputs(outputs.of(self))


def _account(given: Given, children: Children) -> pulumi.Input[str]:
    if "service_account_name" in given:
        return given["service_account_name"]
    return discovery.name_of(
        core.ServiceAccount(
            children.logical("account"),
            metadata=children.metadata("account", annotations=given["service_account_annotations"]),
            automount_service_account_token=False,
            opts=children.options(),
        )
    )


def _service(component: AuthService, given: Given, children: Children) -> core.Service:
    def ports(port: int, node_port: int | None, metrics: int | None) -> list[core.ServicePortArgs]:
        numbers = {auth_pod.PORT_NAME: port, **({monitoring.PORT_NAME: metrics} if metrics else {})}
        return [
            core.ServicePortArgs(
                name=name,
                port=number,
                target_port=name,
                node_port=node_port if name == auth_pod.PORT_NAME else None,
                protocol="TCP",
            )
            for name, number in numbers.items()
        ]

    metrics = entry(given["metrics"], "port") if "metrics" in given else None
    taken = reservations.node_port(component, given.owner, given["node_port"], given["service_type"])
    return core.Service(
        children.logical("service"),
        metadata=children.metadata("service", wait=False, annotations=given["service_annotations"]),
        spec=core.ServiceSpecArgs(
            type=given["service_type"],
            selector=labels.selector(children.instance),
            ip_family_policy=entry(given["platform"], "ip_family_policy"),
            ports=lift(ports, given["port"], taken, metrics),
        ),
        opts=children.options(),
    )


def _egress(
    owner: str,
    database: Mapping[str, Any],
    more: Sequence[Mapping[str, Any]],
    platform: Mapping[str, Any],
    domain: str,
) -> list[networking.NetworkPolicyEgressRuleArgs]:
    """DNS, and the database's port: in its namespace when the endpoint is a Service of this cluster, else anywhere."""
    errors.require_resolved(connection.check_service_namespace(database, domain), owner)
    endpoint = discovery.parse_endpoint(database["endpoint"], domain)
    return [
        traffic.dns(platform),
        networking.NetworkPolicyEgressRuleArgs(
            to=[traffic.pods(namespace=endpoint.namespace)] if endpoint.namespace else None,
            ports=traffic.ports(database.get("pod_port") or endpoint.port),
        ),
        *map(traffic.to, more),
    ]
