"""What a namespace's objects say of its workloads: read once, asked many times, no cluster needed to test it."""

from collections.abc import Collection, Iterator
from typing import Any

Object = dict[str, Any]
Named = tuple[str, str]
"""A workload's kind and name."""

#: What one question to the API server fetches.
KINDS = "deployments,statefulsets,replicasets,jobs,pods,persistentvolumeclaims,services,events"
REVISION = "deployment.kubernetes.io/revision"
#: The label of a StatefulSet's pods with their version.
STATEFUL = "controller-revision-hash"
#: What makes pods that stay: the kinds that a component has.
WORKLOADS = ("Deployment", "StatefulSet")
#: What Pulumi waits for, because pods of it have to get ready or to end well.
AWAITED = (*WORKLOADS, "Job")
PART_OF = {"app.kubernetes.io/part-of": "kubeauth"}


class Namespace:
    """The objects of one namespace at one moment."""

    def __init__(self, name: str, items: list[Object], unread: Collection[str] = ()) -> None:
        """Take the items of `kubectl get KINDS --output json`, and the kinds that could not be read."""
        self.name = name
        self._items = items
        self._unread = unread

    def knows(self, kind: str) -> bool:
        """Whether objects of a kind that are not here do not exist."""
        return kind not in self._unread

    def of(self, kind: str) -> list[Object]:
        """All objects of a kind."""
        return [item for item in self._items if item["kind"] == kind]

    def all_workloads(self) -> list[Object]:
        """Everybody's workloads."""
        return [item for kind in WORKLOADS for item in self.of(kind)]

    def workloads(self) -> list[Object]:
        """The workloads that kubeauth made."""
        return [item for item in self.all_workloads() if PART_OF.items() <= item["metadata"].get("labels", {}).items()]

    def jobs(self) -> list[Object]:
        """The Jobs that a program of kubeauth's components makes, without those that a CronJob or a command makes."""
        found = (item for item in self.of("Job") if PART_OF.items() <= item["metadata"].get("labels", {}).items())
        return [item for item in found if not _owner(item)]

    def pods(self, workload: Object, *, older: bool = False) -> list[Object]:
        """The pods of a workload's newest version; with `older` only those of older ones, which may still serve."""
        uid = workload["metadata"]["uid"]
        if workload["kind"] == "Job":
            return [item for item in self.of("Pod") if _owner(item) == uid]
        if workload["kind"] == "StatefulSet":
            newest = workload.get("status", {}).get("updateRevision")
            pods = [
                item
                for item in self.of("Pod")
                if _owner(item) == uid and (item["metadata"].get("labels", {}).get(STATEFUL) == newest) is not older
            ]
        else:
            revision = workload["metadata"].get("annotations", {}).get(REVISION)
            sets = {
                item["metadata"]["uid"]
                for item in self.of("ReplicaSet")
                if _owner(item) == uid
                and (item["metadata"].get("annotations", {}).get(REVISION) == revision) is not older
            }
            pods = [item for item in self.of("Pod") if _owner(item) in sets]
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def claims(self) -> list[Object]:
        """The volume claims that kubeauth made."""
        found = self.of("PersistentVolumeClaim")
        return [item for item in found if PART_OF.items() <= item["metadata"].get("labels", {}).items()]

    def claim(self, name: str) -> Object | None:
        """A volume claim by name."""
        return next((item for item in self.of("PersistentVolumeClaim") if item["metadata"]["name"] == name), None)

    def events(self, item: Object, *reasons: str) -> list[str]:
        """What was reported about an object for these reasons, newest last."""
        found = [
            event
            for event in self.of("Event")
            if event["involvedObject"].get("uid") == item["metadata"]["uid"] and event.get("reason") in reasons
        ]
        found.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
        return [" ".join(event.get("message", "").split()) for event in found]


def _owner(item: Object) -> str:
    return next((owner["uid"] for owner in item["metadata"].get("ownerReferences", [])), "")


def named(workload: Object) -> Named:
    """A workload's kind and name, which is unique in its namespace."""
    return workload["kind"], workload["metadata"]["name"]


def condition(item: Object, kind: str) -> Object:
    """A condition of an object's status; empty when it is not reported."""
    return next((entry for entry in item.get("status", {}).get("conditions", []) if entry["type"] == kind), {})


def complete(workload: Object) -> bool:
    """Whether a workload runs its newest version, all of it, and nothing else."""
    status, wanted = workload.get("status", {}), workload["spec"].get("replicas", 1)
    return status.get("observedGeneration") == workload["metadata"].get("generation") and all(
        status.get(count, 0) == wanted for count in ("replicas", "updatedReplicas", "availableReplicas")
    )


def containers(pod: Object) -> Iterator[Object]:
    """The state of each container of a pod, those that initialise first."""
    status = pod.get("status", {})
    yield from status.get("initContainerStatuses", [])
    yield from status.get("containerStatuses", [])


def started(pod: Object) -> bool:
    """Whether all containers of a pod have passed their startup probe."""
    states = pod.get("status", {}).get("containerStatuses", [])
    return bool(states) and all(state.get("started") for state in states)


def reason(state: Object, phase: str) -> str:
    """Why a container is `waiting` or was `terminated`, now or the last time; empty when it was not."""
    for key in ("state", "lastState"):
        if phase in state.get(key, {}):
            return state[key][phase].get("reason", "")
    return ""
