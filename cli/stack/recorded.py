"""What a run without checkpoints may have made, from its plan and its own events: pure. docs/adr/0013."""

import copy
import json
import re
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..preview.model import SIGN, SIGN_OF_SECRET
from . import signatures
from .objects import Object, Ref, ref_of
from .policy import MARK

#: The steps after which an object exists that was not there before.
CREATES = {"create", "create-replacement"}
#: Steps of objects that a refresh finds out about, or that are done again without harm.
_FOUND_OUT = {"update", "delete", "delete-replaced"}
#: Steps that change nothing in a cluster: `replace` only says that two others belong together.
_NOTHING = {"same", "refresh", "replace"}
#: What the engine's events have instead of a secret's value.
_LEFT_OUT = "[secret]"
#: What the provider puts behind the logical name of an object without one of its own (docs/adr/0001).
_CHOSEN = re.compile(r"-[0-9a-f]{8}")
_KEPT = ("urn", "type", "custom", "parent", "provider", "protect", "retainOnDelete", "inputs", "id")
#: What events do not say and the resource before has.
_AS_BEFORE = ("dependencies", "propertyDependencies", "customTimeouts", "additionalSecretOutputs")


@dataclass(frozen=True)
class Step:
    """A step that the engine plans or has begun."""

    op: str
    """As the engine calls it: `create-replacement`."""
    resource: dict[str, Any]
    """What there is afterwards, as a state has it, without outputs; before a deletion what there was."""

    @property
    def urn(self) -> str:
        """The resource's URN."""
        return self.resource["urn"]

    @property
    def ref(self) -> Ref | None:
        """The object in the cluster, where it is one."""
        return ref_of(self.resource.get("inputs") or {}) if self.custom else None

    @property
    def custom(self) -> bool:
        """Whether a provider makes it; providers themselves are in the state only."""
        return bool(self.resource.get("custom")) and not self.provider

    @property
    def provider(self) -> bool:
        """Whether it is a provider."""
        return self.resource["type"].startswith("pulumi:providers:")

    @property
    def autonamed(self) -> bool:
        """Whether the provider chose the object's name."""
        metadata = (self.resource.get("inputs") or {}).get("metadata") or {}
        return (metadata.get("annotations") or {}).get("pulumi.com/autonamed") == "true"


def steps(lines: Iterable[str]) -> list[Step]:
    """The steps in a log of the engine's events that change something; a line cut off by a kill is none."""
    found: dict[tuple[str, str], Step] = {}
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        for kind in ("resourcePreEvent", "resOutputsEvent"):
            metadata = (event.get(kind) or {}).get("metadata") or {}
            state = metadata.get("new") or metadata.get("old")
            if state and metadata["op"] not in _NOTHING:
                # The second event of a provider brings its id.
                kept = {key: state[key] for key in _KEPT if state.get(key)}
                found[metadata["op"], metadata["urn"]] = Step(metadata["op"], {**kept, "urn": metadata["urn"]})
    return list(found.values())


def unrecognizable(step: Step, mark: str) -> str:
    """Why what a step makes could not be found again, or what it changes found out, after a kill; empty if it can.

    Args:
        step: The planned step.
        mark: The mark of the stack (docs/adr/0006).
    """
    if step.provider:
        if step.op == "create-replacement" or (step.op in CREATES and _blinded(step.resource.get("inputs"))):
            return "a provider's settings are secret, or change the cluster"
        return ""
    if not step.custom:
        return ""
    if not step.resource["type"].startswith("kubernetes:") or step.resource["type"].endswith("Patch") or not step.ref:
        return "it is no object of a cluster"
    if step.op in _FOUND_OUT:
        return ""
    if step.op not in CREATES:
        return f"{step.op} is not known here"
    inputs = step.resource["inputs"]
    if (inputs["metadata"].get("annotations") or {}).get(MARK) != mark:
        return "it does not carry the stack's mark"
    if not all(re.fullmatch(r"[a-z0-9.:-]*", part) for part in (step.ref.name, step.ref.namespace)) or any(
        re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", part) for part in (step.ref.name, step.ref.namespace)
    ):
        return "its name is not known before it is made"
    if step.autonamed and not _CHOSEN.fullmatch(step.ref.name.removeprefix(_logical(step.urn))):
        return "its name is chosen in another way"
    readable = {"data"} if inputs["kind"] == "Secret" else set[str]()
    if any(_blinded(value) for key, value in inputs.items() if key not in readable):
        return "a secret in it cannot be told from what the cluster has"
    return ""


def operations(
    deployment: Mapping[str, Any], planned: list[Step], begun: list[Step], marked: Collection[Ref]
) -> tuple[list[Object], list[Object]]:
    """Announce what a run may have made, as the engine itself does in a state with checkpoints.

    Args:
        deployment: The state before the run.
        planned: What a preview said it would do.
        begun: What its own events say. They are written a moment after a step began: the last ones may be missing.
        marked: The objects of the stack, in the places where the plan has objects with a name that is chosen.

    Returns:
        The components and providers that go into the state, and the pending operations.
    """
    resources = list(deployment.get("resources") or [])
    known = {item["urn"]: item for item in resources if not item.get("delete")}
    taken = {ref for item in resources if (ref := ref_of(item.get("inputs") or {}))}
    created = [step for step in begun if step.op in CREATES]
    told = {step.urn for step in created}
    taken |= {step.ref for step in created if step.ref}
    missed: list[Step] = []
    for step in (step for step in planned if step.op in CREATES and step.urn not in told):
        missed += _chosen(step, marked, taken) if step.autonamed else [step]
    everything = {step.urn: step.resource for step in (*planned, *begun)}
    added: list[Object] = []
    ids = {urn: item["id"] for urn, item in known.items() if item.get("id")}

    def place(urn: str) -> bool:
        """See that a component or a provider is in the state; false when nothing is known of it."""
        if urn in known:
            return True
        if urn not in everything:
            return False
        item = copy.deepcopy(everything[urn])
        if not place(item.get("parent", "")):
            item.pop("parent", None)
        if item.get("custom"):
            ids[urn] = item["id"] = item.get("id") or str(uuid.uuid4())
            item["outputs"] = {key: value for key, value in item["inputs"].items() if key != "__internal"}
        known[urn] = item
        added.append(item)
        return True

    pending: list[Object] = []
    # A namespace first: what is in it is put behind it.
    for step in sorted((*created, *missed), key=lambda step: step.ref is None or step.ref.kind != "Namespace"):
        if step.ref is None:
            continue
        before = known.get(step.urn, {})
        resource = {**{key: before[key] for key in _AS_BEFORE if key in before}, **copy.deepcopy(step.resource)}
        resource.pop("id", None)
        if not place(resource.get("parent", "")):
            resource.pop("parent", None)
        provider = str(resource.get("provider", "")).rpartition("::")[0]
        if not place(provider):
            continue
        resource["provider"] = f"{provider}::{ids[provider]}"
        if not before:
            homes = [urn for urn, item in known.items() if _home(item, step.ref)]
            resource |= {"dependencies": homes} if homes else {}
            resource |= {"additionalSecretOutputs": ["data", "stringData"]} if step.ref.kind == "Secret" else {}
            known[step.urn] = resource
        pending.append({"type": "creating", "resource": resource})
    return added, pending


def existing(pending: list[Object], deployment: Mapping[str, Any], live: Mapping[Ref, Object]) -> list[Object]:
    """Those announcements whose objects exist and are not in the state as they are, with their secrets.

    Raises:
        LookupError: The cluster does not have a secret that was left out.
    """
    in_state = {
        (item["urn"], item.get("id"), (item.get("outputs") or {}).get(signatures.KEY))
        for item in deployment.get("resources") or []
    }
    found: list[Object] = []
    for operation in pending:
        resource = operation["resource"]
        ref = ref_of(resource["inputs"])
        if ref and ref in live and (resource["urn"], ref.id, signatures.of(live[ref])) not in in_state:
            found.append({**operation, "resource": {**resource, "inputs": _revealed(resource["inputs"], live[ref])}})
    return found


def places(planned: Iterable[Step]) -> set[Ref]:
    """Where objects with a chosen name are to be looked for: kinds and namespaces, without names."""
    return {step.ref._replace(name="") for step in planned if step.op in CREATES and step.autonamed and step.ref}


def _chosen(step: Step, marked: Collection[Ref], taken: set[Ref]) -> list[Step]:
    found: list[Step] = []
    for ref in sorted(set(marked) - taken):
        same_kind = step.ref is not None and ref._replace(name="") == step.ref._replace(name="")
        if same_kind and _CHOSEN.fullmatch(ref.name.removeprefix(_logical(step.urn))):
            resource = copy.deepcopy(step.resource)
            resource["inputs"]["metadata"]["name"] = ref.name
            found.append(Step(step.op, resource))
    return found


def _logical(urn: str) -> str:
    return urn.rpartition("::")[2]


def _home(item: Object, ref: Ref) -> bool:
    namespace = ref_of(item.get("inputs") or {}) if ref.namespace else None
    return namespace is not None and (namespace.kind, namespace.name) == ("Namespace", ref.namespace)


def _blinded(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get(SIGN) == SIGN_OF_SECRET or any(map(_blinded, value.values()))
    return isinstance(value, list) and any(map(_blinded, value))


def _revealed(value: Any, has: Any) -> Any:
    """Inputs with what the cluster has in the place of each secret that was left out, marked as a secret again."""
    if isinstance(value, dict):
        if value.get(SIGN) == SIGN_OF_SECRET and value.get("ciphertext") == _LEFT_OUT:
            if has is None:
                raise LookupError
            return {SIGN: SIGN_OF_SECRET, "plaintext": json.dumps(has)}
        inner = has if isinstance(has, dict) else {}
        return {key: _revealed(entry, inner.get(key)) for key, entry in value.items()}
    return value
