"""The pack's policies: name, description, level and configuration of each, and the rule that it applies."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from . import network, ownership, pod_security, pods, production, services
from .workloads import Finding, Pod, Resource, kubernetes, pod_of

Config = dict[str, Any]


def _report(report: ReportViolation, found: Iterable[tuple[Resource, Finding]]) -> None:
    """Report all findings of a resource in one message, a line each."""
    by_urn: dict[str, list[str]] = {}
    for resource, finding in found:
        by_urn.setdefault(resource.urn, []).append(finding.text(resource))
    for urn, lines in by_urn.items():
        report("\n".join(lines), urn)


def _resource_policy(
    name: str,
    description: str,
    find: Callable[[Resource, Config], Iterable[Finding]],
    schema: dict[str, dict[str, Any]] | None = None,
) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = kubernetes(args.resource_type, args.props, args.urn)
        if resource:
            _report(report, ((resource, finding) for finding in find(resource, dict(args.get_config()))))

    return ResourceValidationPolicy(
        name, description, validate, EnforcementLevel.MANDATORY, PolicyConfigSchema(schema) if schema else None
    )


def _pod_policy(
    name: str,
    description: str,
    find: Callable[[Resource, Pod, Config], Iterable[Finding]],
    schema: dict[str, dict[str, Any]] | None = None,
) -> Policy:
    def in_pod(resource: Resource, config: Config) -> Iterator[Finding]:
        pod = pod_of(resource)
        if pod:
            yield from find(resource, pod, config)

    return _resource_policy(name, description, in_pod, schema)


def _stack_policy(
    name: str,
    description: str,
    find: Callable[[list[Resource], Config], Iterable[tuple[Resource, Finding]]],
    schema: dict[str, dict[str, Any]] | None = None,
) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        found = (kubernetes(resource.resource_type, resource.props, resource.urn) for resource in args.resources)
        _report(report, find([resource for resource in found if resource], dict(args.get_config())))

    return StackValidationPolicy(
        name, description, validate, EnforcementLevel.MANDATORY, PolicyConfigSchema(schema) if schema else None
    )


def _ownership_policy(name: str, description: str) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        config = dict(args.get_config())
        given = [
            (Resource(str(resource.props.get("kind")), resource.props, resource.urn), provider.props)
            for resource in args.resources
            if resource.resource_type.startswith("kubernetes:") and (provider := resource.provider)
        ]
        _report(report, ownership.check(given, config.get("known"), adopt=config["adopt"]))

    known = {"type": "array", "items": {"type": "string"}}
    schema = PolicyConfigSchema({"known": known, "adopt": {"type": "boolean", "default": False}})
    return StackValidationPolicy(name, description, validate, EnforcementLevel.MANDATORY, schema)


def _texts() -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "default": []}


POLICIES = [
    _pod_policy(
        "pod-security-restricted",
        'Pods pass Kubernetes\' Pod Security "restricted".',
        lambda _resource, pod, _config: pod_security.restricted(pod),
    ),
    _pod_policy(
        "no-secret-literals",
        "Pods refer to secrets, they do not contain them.",
        lambda resource, pod, config: pods.secret_literals(resource, pod, config["allowedNames"]),
        {"allowedNames": _texts()},
    ),
    _pod_policy(
        "pinned-images",
        "Images are the same tomorrow.",
        lambda _resource, pod, config: pods.unpinned_images(pod, config["requireDigest"]),
        {"requireDigest": {"type": "boolean", "default": False}},
    ),
    _resource_policy(
        "node-ports",
        "Services are reached from outside the cluster only where that is meant.",
        lambda resource, config: services.node_ports(resource, config["allow"]) if resource.kind == "Service" else (),
        {"allow": _texts()},
    ),
    _pod_policy(
        "requests-and-limits",
        "Containers have cpu and memory reserved, and cannot take more than agreed.",
        lambda _resource, pod, _config: pods.unbounded_resources(pod),
    ),
    _stack_policy(
        "network-policy-present",
        "Pods talk only to whom a NetworkPolicy allows.",
        lambda resources, _config: network.missing_policies(resources),
    ),
    _stack_policy(
        "db-host-is-a-service",
        "DB_HOST is the address of a Service in the stack.",
        lambda resources, config: services.db_hosts(resources, config["externalDatabases"], config["clusterDomain"]),
        {"externalDatabases": _texts(), "clusterDomain": {"type": "string", "default": "cluster.local"}},
    ),
    _stack_policy(
        "fit-for-production",
        "Databases have backups and named clients, and services verify whom they talk to.",
        lambda resources, config: production.unfit(resources, config["allow"]),
        {"allow": _texts()},
    ),
    _ownership_policy("own-objects", "Objects of other stacks and of other tools are not taken over."),
]
