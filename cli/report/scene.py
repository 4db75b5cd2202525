"""The way from each service to its data as the cluster has it: who names whom, and whether they may and can talk."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..preview.model import lookup
from ..stack.namespace import WORKLOADS
from . import reach
from .model import NOT_KNOWN, NOT_READY, READY, Claim, Client, Doors, Endpoint, Way
from .reach import Pods

Object = dict[str, Any]
#: The variable whose value is an address, whatever it is; of others only what names a Service of the stack's.
_HOST = "DB_HOST"
_ADDRESS = re.compile(r"^(?:[a-z][a-z0-9+]*://)?(?:[^@/\s]*@)?([a-z0-9]([-a-z0-9.]*[a-z0-9])?)(?::(\d+))?(?:[/?].*)?$")
_SERVICE = "kubernetes.io/service-name"


def ways(objects: Mapping[str, list[Object]], *, live: bool) -> list[Way]:
    """The ways, those with most clients first.

    Args:
        objects: The objects by kind.
        live: Whether they are what the cluster says; else readiness is not known.
    """
    scene = _Scene(objects, live=live)
    given: dict[tuple[str, str, str], list[tuple[Object, str]]] = {}
    for workload in (item for kind in WORKLOADS for item in objects.get(kind, [])):
        for variable, value in _addresses(workload):
            home, name = scene.named(value, workload["metadata"].get("namespace", ""))
            if name or variable == _HOST:
                given.setdefault((home, name, "" if name else value), []).append((workload, f"{variable}\n{value}"))
    found = [scene.way(home, name, clients) for (home, name, _), clients in given.items()]
    known = {(way.namespace, way.service) for way in found}
    for service in objects.get("Service", []):
        where = service["metadata"].get("namespace", ""), service["metadata"]["name"]
        # A database that nobody here is given the address of: its clients are elsewhere.
        if where not in known and any(pod.claims for pod in scene.endpoints(service)):
            found.append(scene.way(*where, []))
    return sorted(
        found, key=lambda way: (not any(it.variable == _HOST for it in way.clients), -len(way.clients), way.service)
    )


def _addresses(workload: Object) -> Iterator[tuple[str, str]]:
    """The variables of a workload's containers that look like an address, without what stands around it."""
    for container in lookup(workload, "spec", "template", "spec", "containers") or []:
        for one in container.get("env") or []:
            match = _ADDRESS.match(value) if isinstance(value := one.get("value"), str) else None
            if match:
                yield one["name"], f"{match[1]}{f':{match[3]}' if match[3] else ''}"


class _Scene:
    def __init__(self, objects: Mapping[str, list[Object]], *, live: bool) -> None:
        self._objects, self._live = objects, live
        self._policies: dict[str, list[Object]] = {}
        for policy in objects.get("NetworkPolicy", []):
            self._policies.setdefault(policy["metadata"].get("namespace", ""), []).append(policy)
        self._policies_known = "NetworkPolicy" in objects
        self._workloads = [self._pods(item) for kind in (*WORKLOADS, "CronJob") for item in objects.get(kind, [])]

    def named(self, address: str, namespace: str) -> tuple[str, str]:
        """The namespace and name of the Service that an address names; empty where it is none of those here."""
        name, _, rest = address.partition(":")[0].partition(".")
        home = rest.partition(".")[0] or namespace
        there = any(
            item["metadata"]["name"] == name and item["metadata"].get("namespace") == home
            for item in self._objects.get("Service", [])
        )
        return (home, name) if there else ("", "")

    def way(self, home: str, name: str, given: list[tuple[Object, str]]) -> Way:
        service = next(
            (
                item
                for item in self._objects.get("Service", [])
                if item["metadata"]["name"] == name and item["metadata"].get("namespace") == home
            ),
            None,
        )
        ends = self.endpoints(service) if service else []
        servers = self._servers(service) if service else []
        ports = self._ports(service) if service else set()
        address = given[0][1].partition("\n")[2] if given else ""
        return Way(
            address=address or f"{name}.{home}.svc",
            namespace=home,
            service=name,
            kind=lookup(service, "spec", "type") or ("ClusterIP" if service else ""),
            ports=_ports_of(service) if service else "",
            state=self._answers(ends) if service else NOT_KNOWN,
            clients=tuple(self._client(item, text.partition("\n")[0], servers, ports) for item, text in given),
            endpoints=tuple(ends),
            claims=tuple(self._claim(home, claim) for claim in dict.fromkeys(it for end in ends for it in end.claims)),
            doors=self._doors(servers[0]) if servers else Doors(),
        )

    def endpoints(self, service: Object) -> list[Endpoint]:
        """The pods that a Service sends to; without a cluster, the workloads."""
        home, name = service["metadata"].get("namespace"), service["metadata"]["name"]
        if not self._live or "EndpointSlice" not in self._objects:
            return [self._recorded(item) for item in self._selected(service)]
        pods = {
            (it["metadata"].get("namespace", home), it["metadata"]["name"]): it for it in self._objects.get("Pod", [])
        }
        found = {}
        for piece in self._objects["EndpointSlice"]:
            metadata = piece["metadata"]
            if metadata.get("namespace", home) != home or (metadata.get("labels") or {}).get(_SERVICE) != name:
                continue
            for end in piece.get("endpoints") or []:
                pod = lookup(end, "targetRef", "name") or ", ".join(end.get("addresses") or [])
                ready = (end.get("conditions") or {}).get("ready")
                state = NOT_KNOWN if ready is None else READY if ready else NOT_READY
                claims = _claims((pods.get((home, pod)) or {}).get("spec") or {})
                found[pod] = Endpoint(pod, end.get("nodeName") or "", state, claims)
        return [found[pod] for pod in sorted(found)]

    def _recorded(self, workload: Object) -> Endpoint:
        spec = lookup(workload, "spec", "template", "spec") or {}
        return Endpoint(workload["metadata"]["name"], "", NOT_KNOWN, _claims(spec))

    def _selected(self, service: Object) -> list[Object]:
        selector = lookup(service, "spec", "selector")
        return [
            item
            for kind in WORKLOADS
            for item in self._objects.get(kind, [])
            if selector
            and item["metadata"].get("namespace") == service["metadata"].get("namespace")
            and selector.items() <= (lookup(item, "spec", "template", "metadata", "labels") or {}).items()
        ]

    def _servers(self, service: Object) -> list[Pods]:
        return [self._pods(item) for item in self._selected(service)]

    def _pods(self, workload: Object) -> Pods:
        namespace = workload["metadata"].get("namespace", "")
        template = lookup(workload, "spec", "jobTemplate", "spec", "template") or lookup(workload, "spec", "template")
        spaces = {
            it["metadata"]["name"]: it["metadata"].get("labels") or {} for it in self._objects.get("Namespace", [])
        }
        labels = lookup(template, "metadata", "labels") or {}
        return Pods(namespace, workload["metadata"]["name"], labels, spaces.get(namespace, {}))

    def _doors(self, pods: Pods) -> Doors:
        if not self._policies_known:
            return Doors(known=False)
        policies = self._policies.get(pods.namespace, [])
        into, out = (reach.peers(policies, pods, self._workloads, side) for side in (reach.INGRESS, reach.EGRESS))
        return Doors(None if into is None else tuple(into), None if out is None else tuple(out))

    def _ports(self, service: Object) -> set[int | str]:
        """The names and numbers of the pods' ports behind a Service."""
        given = lookup(service, "spec", "ports") or []
        found: set[int | str] = {one.get("targetPort") or one["port"] for one in given}
        for workload in self._selected(service):
            for container in lookup(workload, "spec", "template", "spec", "containers") or []:
                for port in container.get("ports") or []:
                    if {port.get("name"), port["containerPort"]} & found:
                        found |= {port["containerPort"], *([port["name"]] if port.get("name") else [])}
        return found

    def _client(self, item: Object, variable: str, servers: list[Pods], ports: set[int | str]) -> Client:
        own, wanted = self._pods(item), item["spec"].get("replicas", 1)
        ready = item.get("status", {}).get("readyReplicas", 0) if self._live else None
        state = NOT_KNOWN if ready is None else READY if ready >= wanted > 0 else NOT_READY
        refused = reach.refused(self._policies, own, servers[0], ports) if servers and self._policies_known else ""
        return Client(own.namespace, own.name, variable, ready, wanted, state, refused, self._doors(own))

    def _answers(self, ends: list[Endpoint]) -> str:
        if not self._live:
            return NOT_KNOWN
        return READY if any(end.state == READY for end in ends) else NOT_READY

    def _claim(self, namespace: str, name: str) -> Claim:
        for item in self._objects.get("PersistentVolumeClaim", []):
            if item["metadata"]["name"] == name and item["metadata"].get("namespace") == namespace:
                spec, told = item["spec"], item.get("status") or {}
                asked = lookup(spec, "resources", "requests", "storage") or ""
                size = lookup(told, "capacity", "storage") or asked
                return Claim(name, told.get("phase", "") or NOT_KNOWN, str(size), spec.get("storageClassName") or "")
        return Claim(name, "does not exist" if self._live else NOT_KNOWN, "", "")


def _claims(spec: Object) -> tuple[str, ...]:
    names = (lookup(volume, "persistentVolumeClaim", "claimName") for volume in spec.get("volumes") or [])
    return tuple(name for name in names if isinstance(name, str))


def _ports_of(service: Object) -> str:
    found = []
    for one in lookup(service, "spec", "ports") or []:
        node = one.get("nodePort")
        found.append(f"{one['port']}{f', node port {node}' if isinstance(node, int) and node else ''}")
    return "; ".join(found)
