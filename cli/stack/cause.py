"""What a cause is, in which order causes are removed, and what to type against them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

NEVER = float("inf")
#: The order in which causes have to be removed: what is missing, not made, not started, not ready.
(GONE, SCALED, REFUSED, CLAIM, SCHEDULE, MOUNT, IMAGE, CONFIG, MEMORY, EVICTED, CRASH, SELECTOR, DNS, DISK, PROBE,
 READINESS, RESIZE) = range(17)  # fmt: skip

#: The component's input behind the end of each of kubeauth's own keys.
_INPUTS = {
    "Image": "image",
    "StorageClass": "storage_class",
    "StorageSize": "storage_size",
    "ResourcesMemoryLimit": "resources.memory_limit",
}


@dataclass(frozen=True)
class Questions:
    """What only the pods themselves can answer, by the names of pod and container."""

    logs: Callable[[str, str], str]
    """Its last lines, enough of them to hold what mysqld says from its start on."""
    resolves: Callable[[str, str, str], bool]
    """Whether it can look up a host; true also when it has no program to ask with."""


@dataclass(frozen=True, order=True)
class Cause:
    """One reason, in the order in which reasons have to be removed."""

    rank: int
    what: str
    """What is wrong, in a sentence."""
    seen: str
    """What the cluster says of it."""
    fix: str
    """What to do."""
    patience: float
    """Seconds after which it will not go away by itself; NEVER while it may."""

    def patient(self) -> "Cause":
        """The same, which may go away by itself."""
        return replace(self, patience=NEVER)


_WITHOUT_KEYS = {"mysqlCluster": "mysql", "mysqlEtcd": ""}


class Advice:
    """What to type: the keys of a project's configuration where it has them, else the components' inputs."""

    def __init__(self, keys: Collection[str] | None = None) -> None:
        """Take the keys that Pulumi.yaml declares. Default: kubeauth's own."""
        self._keys = keys

    def set(self, component: str, key: str, value: str, options: str = "") -> str:
        """How to give a component another value: `pulumi config set mysqlImage <image>`.

        Args:
            component: The prefix of its keys in kubeauth's own program; empty for a workload of no component.
            key: The end of the key: `Image`.
            value: What stands for the value.
            options: Of the command, where it needs some.
        """
        if key != "Image":
            # Of a cluster's programs only the images have keys of their own.
            component = _WITHOUT_KEYS.get(component, component)
        name = f"{component}{key}"
        if component and (self._keys is None or name in self._keys):
            return f"pulumi config set {name} {value}{options}"
        if not component:
            return f"change its {_INPUTS[key].rpartition('.')[2].replace('_', ' ')} in the program"
        return f"set {_INPUTS[key]} of the component in the program to {value}"
