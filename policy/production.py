"""What a database in production has: backups, clients by name, and a service that verifies whom it talks to."""

from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from .network import selects
from .values import UNKNOWN, elements, get, same
from .workloads import Finding, Resource, pod_of

#: As components/kubernetes/labels.py writes them; the pack imports nothing of the components.
_NAME = "app.kubernetes.io/"
_OURS = {f"{_NAME}part-of": "kubeauth"}
_DATABASE = {**_OURS, f"{_NAME}component": "database"}
_OR = "or name it in allow in this stack's policy config"


def unfit(resources: Sequence[Resource], allow: Collection[str] = ()) -> Iterator[tuple[Resource, Finding]]:
    """Yield what is not fit for production: databases of MySqlDatabase, and workloads with a DB_HOST.

    Args:
        resources: The stack.
        allow: `<namespace>/<name>` of workloads that are protected in another way, with `*` for any characters.
    """
    for resource in resources:
        allowed = any(fnmatchcase(resource.title, pattern) for pattern in allow)
        if allowed or UNKNOWN in (resource.name, resource.namespace):
            continue
        if resource.kind == "Deployment" and _has(resource, _DATABASE):
            for finding in (*_backups(resource, resources), *_clients(resource, resources)):
                yield resource, finding
        yield from ((resource, finding) for finding in _unverified(resource))


def _has(resource: Resource, wanted: dict[str, str]) -> bool:
    labels = get(resource.properties, "metadata", "labels")
    return isinstance(labels, dict) and all(labels.get(key) == value for key, value in wanted.items())


def _backups(database: Resource, resources: Sequence[Resource]) -> Iterator[Finding]:
    instance = get(database.properties, "metadata", "labels", f"{_NAME}instance")
    for other in resources:
        labels = get(other.properties, "metadata", "labels")
        near = other.kind == "CronJob" and same(other.namespace, database.namespace)
        if near and (labels is UNKNOWN or same(get(labels, f"{_NAME}instance"), instance)):
            return
    problem = "is a database without backups: with its volume all data is lost"
    yield Finding("", problem, f"give MySqlDatabase backup (here: mysqlBackupSchedule), {_OR}")


def _clients(database: Resource, resources: Sequence[Resource]) -> Iterator[Finding]:
    pod = pod_of(database)
    labels = get(pod.metadata, "labels") if pod else None
    for policy in resources:
        near = policy.kind == "NetworkPolicy" and same(policy.namespace, database.namespace)
        if near and selects(policy, labels) and any(map(_opens, elements(get(policy.properties, "spec", "ingress")))):
            problem = f"may be reached by pods that nobody names: NetworkPolicy {policy.title}"
            yield Finding("", problem, f"give MySqlDatabase clients (here: mysqlClients), {_OR}")


def _opens(rule: Any) -> bool:
    """Whether one of a policy's rules lets in more than networks and pods of certain labels."""
    peers = get(rule, "from")
    return peers in (None, []) or any(
        get(peer, "ipBlock") is None and get(peer, "podSelector", "matchLabels") in (None, {}, _OURS)
        and not get(peer, "podSelector", "matchExpressions")
        for peer in elements(peers)
    )  # fmt: skip


def _unverified(workload: Resource) -> Iterator[Finding]:
    pod = pod_of(workload)
    for container in pod.containers() if pod else ():
        variables = {get(each, "name"): get(each, "value") for each in elements(get(container.spec, "env"))}
        if "DB_HOST" in variables and not same(variables.get("DB_TLS"), "verify-identity"):
            problem = "has a DB_HOST without DB_TLS=verify-identity: whoever is in between can pose as the database"
            fix = f"give AuthService database_ca_secret_name (here: authDatabaseCaSecret), {_OR}"
            yield Finding(f"{container.path}.env", problem, fix)
