"""The way to the data: who is given its address, what stands behind it, and who may go there."""

from collections.abc import Iterator
from dataclasses import dataclass

from .reach import Peer

READY, NOT_READY, NOT_KNOWN = "ready", "not ready", "not known"


@dataclass(frozen=True)
class Doors:
    """Who may connect to some pods, and to whom they may; None where no policy says it, so that everybody may."""

    into: tuple[Peer, ...] | None = ()
    out: tuple[Peer, ...] | None = ()
    known: bool = True
    """Whether the policies could be read."""


@dataclass(frozen=True)
class Client:
    """Pods that are given the address."""

    namespace: str
    name: str
    variable: str
    ready: int | None
    wanted: int
    state: str
    refused: str
    """Which policy keeps them away; else empty."""
    doors: Doors


@dataclass(frozen=True)
class Endpoint:
    """A pod behind the Service."""

    name: str
    node: str
    state: str
    claims: tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """A volume claim."""

    name: str
    phase: str
    size: str
    storage_class: str


@dataclass(frozen=True)
class Way:
    """One address, from who is given it to where the data is."""

    address: str
    namespace: str
    service: str
    """Empty where it is no Service of the stack's namespaces."""
    kind: str
    ports: str
    state: str
    clients: tuple[Client, ...]
    endpoints: tuple[Endpoint, ...]
    claims: tuple[Claim, ...]
    doors: Doors
    """Those of the pods behind it."""

    def others(self) -> list[tuple[str, str]]:
        """Who else may connect, and to which ports: each once, without the clients and the pods themselves."""
        known = {client.name for client in self.clients}
        found = dict[str, str]()
        for peer in self.doors.into or ():
            names = [name for name in peer.workloads if name not in known and not self._is_own(name)]
            for who in names if peer.workloads else [peer.who]:
                found.setdefault(who, peer.ports)
        return list(found.items())

    def _is_own(self, name: str) -> bool:
        return any(end.name == name or end.name.startswith(f"{name}-") for end in self.endpoints)

    def __str__(self) -> str:
        """Return it in sentences, for those who do not see the picture."""
        return ". ".join(self._sentences()) + "."

    def _sentences(self) -> Iterator[str]:
        for client in self.clients:
            kept = f"; {client.refused}" if client.refused else ""
            yield f"{client.name} ({client.state}) is given {client.variable}={self.address}{kept}"
        if not self.service:
            yield f"{self.address} is outside this stack's namespaces"
            return
        pods = ", ".join(f"pod {each.name} ({each.state})" for each in self.endpoints) or "no pod"
        yield f"Service {self.service} in namespace {self.namespace} ({self.state}) has {pods}"
        if self.claims:
            claims = ", ".join(f"volume claim {each.name} ({each.phase})" for each in self.claims)
            yield f"the data is in {claims}"
        if not self.doors.known:
            yield "who may connect is not known"
        elif self.doors.into is None:
            yield "everyone may connect: no NetworkPolicy guards the pods"
        elif found := self.others():
            yield f"besides, {', '.join(who for who, _ in found)} may connect; everyone else is refused"
