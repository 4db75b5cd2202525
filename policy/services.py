"""How Services are reached: node ports only where allowed, and DB_HOST names a Service that there is."""

from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase

from .values import UNKNOWN, elements, get, same, shown
from .workloads import Finding, Resource, pod_of

_FROM_OUTSIDE = ("NodePort", "LoadBalancer")


def node_ports(service: Resource, allow: Collection[str] = ()) -> Iterator[Finding]:
    """Yield a Service that is reached from outside the cluster where that is not allowed.

    Args:
        service: The Service.
        allow: `<namespace>/<name>` of Services that may, with `*` for any characters.
    """
    kind = get(service.properties, "spec", "type")
    if kind not in _FROM_OUTSIDE or any(fnmatchcase(service.title, pattern) for pattern in allow):
        return
    if UNKNOWN in (service.name, service.namespace) and allow:
        return  # the name may turn out to be one of those allowed
    yield Finding("spec.type", f"is {kind}", "use ClusterIP, or allow the Service in this stack's policy config")


def db_hosts(
    resources: Sequence[Resource], external_databases: Collection[str] = (), cluster_domain: str = "cluster.local"
) -> Iterator[tuple[Resource, Finding]]:
    """Yield every DB_HOST that is not the address of a Service in the stack, with its workload.

    Args:
        resources: The stack.
        external_databases: Databases outside the stack, `<host>` or `<host>:<port>`, with `*` for any characters.
        cluster_domain: The DNS domain of the cluster.
    """
    services = [resource for resource in resources if resource.kind == "Service"]
    for resource in resources:
        pod = pod_of(resource)
        for container in pod.containers() if pod else ():
            for variable in elements(get(container.spec, "env")):
                if get(variable, "name") != "DB_HOST":
                    continue
                problem = _problem(variable, services, external_databases, cluster_domain)
                if problem:
                    fix = f"use <service>.<namespace>.svc.{cluster_domain}:<port> of a Service in this stack, or add"
                    fix += " the database to externalDatabases in this stack's policy config"
                    yield resource, Finding(f"{container.path}.env[DB_HOST]", problem, fix)


def _problem(
    variable: object, services: Sequence[Resource], external_databases: Collection[str], domain: str
) -> str | None:
    """What is wrong with one DB_HOST; None for nothing, and for what is not known yet."""
    value = get(variable, "value")
    if value is UNKNOWN:
        return None
    if not isinstance(value, str):
        return "is no literal, so that nobody can check it"
    host, _, port = value.partition(":")
    if any(fnmatchcase(value, pattern) or fnmatchcase(host, pattern) for pattern in external_databases):
        return None
    labels = host.removesuffix(f".svc.{domain}").split(".")
    if not host.endswith(f".svc.{domain}") or len(labels) != 2:
        return f"is {shown(value)}, which is not <service>.<namespace>.svc.{domain}:<port>"
    named = [service for service in services if same(service.name, labels[0]) and same(service.namespace, labels[1])]
    if not named:
        return f"is {shown(value)}, but the stack has no Service {labels[0]} in namespace {labels[1]}"
    if port and not any(_has_port(service, port) for service in named):
        return f"is {shown(value)}, but Service {labels[1]}/{labels[0]} has no port {port}"
    return None


def _has_port(service: Resource, port: str) -> bool:
    ports = get(service.properties, "spec", "ports")
    if ports is UNKNOWN or UNKNOWN in (ports or ()):
        return True
    numbers = [get(entry, "port") for entry in elements(ports)]
    return UNKNOWN in numbers or port in [str(int(number)) for number in numbers if number is not None]
