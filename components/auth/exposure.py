"""What may stand in front of a service: an Ingress or an HTTPRoute; and how many pods stand behind it."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.autoscaling import v2 as autoscaling
from pulumi_kubernetes.networking import v1 as networking

from ..inputs import metadata, validation
from ..inputs.errors import InputError
from ..inputs.known import entry, lift
from ..inputs.record import Record, Rule
from ..kubernetes.children import Children

_MIN_REPLICAS = 2


class Ingress(TypedDict):
    """An Ingress: HTTP from outside, by host name."""

    host: pulumi.Input[str]
    """The host name, for example `auth.example.com`."""

    path: NotRequired[pulumi.Input[str]]
    """Paths that begin so. Default: `/`."""

    class_name: NotRequired[pulumi.Input[str]]
    """The IngressClass. Default: the cluster's default."""

    tls_secret_name: NotRequired[pulumi.Input[str]]
    """A Secret with `tls.crt` and `tls.key` for the host. Default: no TLS."""

    annotations: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Annotations of the Ingress. Default: none."""


class HttpRoute(TypedDict):
    """An HTTPRoute of the Gateway API, version v1."""

    gateway_name: pulumi.Input[str]
    """The Gateway that the route belongs to."""

    gateway_namespace: NotRequired[pulumi.Input[str]]
    """The Gateway's namespace. Default: the service's."""

    hostnames: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """The host names. Default: all of the Gateway's."""

    path: NotRequired[pulumi.Input[str]]
    """Paths that begin so. Default: `/`."""


class Autoscaling(TypedDict):
    """A HorizontalPodAutoscaler by CPU."""

    min_replicas: NotRequired[pulumi.Input[int]]
    """How many pods at least, 1 to 100. Default: 2."""

    max_replicas: pulumi.Input[int]
    """How many pods at most, 1 to 100."""

    cpu_percent: NotRequired[pulumi.Input[int]]
    """The CPU to aim for, in percent of the request, 1 to 1000. Default: 80."""


INGRESS = Record(
    Ingress,
    {
        "host": Rule(validation.host_name),
        "path": Rule(validation.url_path, default="/"),
        "class_name": Rule(validation.or_empty(validation.resource_name("nginx"))),
        "tls_secret_name": Rule(validation.or_empty(validation.resource_name("auth-tls"))),
        "annotations": Rule(metadata.annotations),
    },
)
"""The rules and defaults of an Ingress."""

HTTP_ROUTE = Record(
    HttpRoute,
    {
        "gateway_name": Rule(validation.resource_name("public")),
        "gateway_namespace": Rule(validation.namespace),
        "hostnames": Rule(validation.each(validation.host_name), default=[]),
        "path": Rule(validation.url_path, default="/"),
    },
)
"""The rules and defaults of an HttpRoute."""


def _not_under(key: str, value: Mapping[str, Any]) -> list[InputError]:
    least, most = value.get("min_replicas", _MIN_REPLICAS), value["max_replicas"]
    return validation.check(least <= most, f"{key}.max_replicas", most, f"not under min_replicas, {least}", str(least))


AUTOSCALING = Record(
    Autoscaling,
    {
        "min_replicas": Rule(validation.whole_number(1, 100, "pods", 2), default=_MIN_REPLICAS),
        "max_replicas": Rule(validation.whole_number(1, 100, "pods", 10)),
        "cpu_percent": Rule(validation.whole_number(1, 1000, "percent of the CPU request", 80), default=80),
    },
    _not_under,
)
"""The rules and defaults of an Autoscaling."""


def make_ingress(children: Children, given: Any, service: pulumi.Input[str], port_name: str) -> None:
    """Make the Ingress."""
    backend = networking.IngressBackendArgs(
        service=networking.IngressServiceBackendArgs(
            name=service, port=networking.ServiceBackendPortArgs(name=port_name)
        )
    )
    host = entry(given, "host")
    path = networking.HTTPIngressPathArgs(path=entry(given, "path"), path_type="Prefix", backend=backend)

    def tls(secret: str | None, host: str) -> list[networking.IngressTLSArgs] | None:
        return [networking.IngressTLSArgs(hosts=[host], secret_name=secret)] if secret else None

    networking.Ingress(
        children.logical("ingress"),
        # Pulumi would wait for an address that the cluster may never assign.
        metadata=children.metadata("ingress", wait=False, annotations=entry(given, "annotations")),
        spec=networking.IngressSpecArgs(
            ingress_class_name=lift(lambda word: word or None, entry(given, "class_name")),
            rules=[networking.IngressRuleArgs(host=host, http=networking.HTTPIngressRuleValueArgs(paths=[path]))],
            tls=lift(tls, entry(given, "tls_secret_name"), host),
        ),
        opts=children.options(),
    )


def make_http_route(children: Children, given: Any, service: pulumi.Input[str], port: pulumi.Input[int]) -> None:
    """Make the HTTPRoute."""

    def gateway(route: Mapping[str, Any]) -> dict[str, str]:
        found = {"name": route["gateway_name"], "namespace": route.get("gateway_namespace")}
        return {key: value for key, value in found.items() if value is not None}

    CustomResource(
        children.logical("route"),
        api_version="gateway.networking.k8s.io/v1",
        kind="HTTPRoute",
        metadata=children.metadata("route", wait=False),
        spec={
            "parentRefs": [lift(gateway, given)],
            "hostnames": entry(given, "hostnames"),
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": entry(given, "path")}}],
                    "backendRefs": [{"name": service, "port": port}],
                }
            ],
        },
        opts=children.options(),
    )


def make_autoscaler(children: Children, given: Any, deployment: pulumi.Input[str]) -> None:
    """Make the HorizontalPodAutoscaler."""
    autoscaling.HorizontalPodAutoscaler(
        children.logical("autoscaler"),
        metadata=children.metadata("autoscaler", wait=False),
        spec=autoscaling.HorizontalPodAutoscalerSpecArgs(
            scale_target_ref=autoscaling.CrossVersionObjectReferenceArgs(
                api_version="apps/v1", kind="Deployment", name=deployment
            ),
            min_replicas=entry(given, "min_replicas"),
            max_replicas=entry(given, "max_replicas"),
            metrics=[
                autoscaling.MetricSpecArgs(
                    type="Resource",
                    resource=autoscaling.ResourceMetricSourceArgs(
                        name="cpu",
                        target=autoscaling.MetricTargetArgs(
                            type="Utilization", average_utilization=entry(given, "cpu_percent")
                        ),
                    ),
                )
            ],
        ),
        opts=children.options(),
    )
