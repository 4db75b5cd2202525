"""What the engine says it would do, in one form for every source: `pulumi preview --json` with or without a cluster.

The engine's event stream (PULUMI_ENABLE_STREAMING_JSON_PREVIEW) is read, not its digest: the digest leaves out what
policy packs say.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

#: The components whose parts are known: how they behave was measured, and what of them holds data.
DATABASE, SERVICE = "kubeauth:index:MySqlDatabase", "kubeauth:index:AuthService"
CLUSTER = "kubeauth:index:MySqlCluster"
#: Workloads whose pods serve somebody all the time.
SERVING = ("Deployment", "StatefulSet", "DaemonSet")
SECRET = "[secret]"  # noqa: S105 - what is shown instead of one
UNKNOWN = "[known after up]"
CREATE, UPDATE, REPLACE, DELETE, SAME = "create", "update", "replace", "delete", "same"

#: How the engine marks a secret in its events, and a value that it cannot know yet.
SIGN, SIGN_OF_SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
_SECRET_MARK = {SIGN: SIGN_OF_SECRET}
_UNKNOWN_MARKS = {
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
    "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
    "e48ece36-62e2-4504-bad9-02848725956a",  # archive
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
}
_OPERATIONS = {
    "create": CREATE,
    "import": CREATE,
    "update": UPDATE,
    "replace": REPLACE,
    "delete": DELETE,
    "same": SAME,
}


@dataclass(frozen=True)
class Change:
    """One resource of a stack, and what happens to it."""

    op: str
    """`create`, `update`, `replace`, `delete` or `same`."""
    urn: str
    old_urn: str = ""
    """The URN in the state where an alias leads to it; else empty."""
    before: dict[str, Any] | None = None
    """Its inputs now, secrets masked; None where it is new."""
    after: dict[str, Any] | None = None
    """Its inputs afterwards, secrets masked; None where it goes."""
    changed: tuple[str, ...] = ()
    """The properties that the engine calls changed, as paths. They name masked ones, too."""
    reasons: tuple[str, ...] = ()
    """The properties that force a replacement."""
    protected: bool = False
    """Whether Pulumi refuses to delete or replace it."""
    retained: bool = False
    """Whether Pulumi leaves it where it is when it goes from the program (`retainOnDelete`)."""
    dropped: tuple[str, ...] = ()
    """What Pulumi kept it with and no longer does: `protect`, `retainOnDelete`."""
    given: bool = False
    """Whether a provider makes it: the engine's `custom`. Of Kubernetes' types all are taken for such."""
    parent: str = ""
    """The URN of the component it belongs to."""

    @property
    def name(self) -> str:
        """Its logical name."""
        return self.urn.rpartition("::")[2]

    @property
    def types(self) -> tuple[str, ...]:
        """The types of its parents and its own, outermost first."""
        return tuple(self.urn.split("::")[2].split("$"))

    @property
    def kind(self) -> str:
        """The last part of its type: `Deployment`, `MySqlDatabase`."""
        return self.types[-1].rpartition(":")[2]

    @property
    def is_component(self) -> bool:
        """Whether it only groups others: nothing of it is on the cluster."""
        return not (self.given or self.types[-1].startswith("kubernetes:"))

    @property
    def renamed_from(self) -> str:
        """Its logical name in the state, where an alias leads from there; else empty."""
        return self.old_urn.rpartition("::")[2] if self.old_urn and self.old_urn != self.urn else ""

    @property
    def object_name(self) -> str:
        """Its name on the cluster."""
        metadata = (self.after or self.before or {}).get("metadata") or {}
        return str(metadata.get("name") or self.name)

    @property
    def because(self) -> str:
        """Why it is replaced, in words."""
        return f"because of {', '.join(self.reasons)}" if self.reasons else "with a resource that it depends on"

    def value(self, *path: str) -> tuple[Any, Any]:
        """What lies at a path before and after; None where nothing does."""
        return lookup(self.before, *path), lookup(self.after, *path)

    def __str__(self) -> str:
        """Return what people call it: its kind and its name."""
        return f"{self.kind} {self.name}"


@dataclass
class Preview:
    """What one run of the engine said."""

    changes: list[Change] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failure: str = ""
    """The engine's words where it did not get to the end; what it saw before is there. Else empty."""
    policies: list[str] = field(default_factory=list)
    """What policy packs found, one line each, `mandatory` first."""
    ended: bool = False
    """Whether the engine said how it ended."""

    def of(self, *operations: str) -> list[Change]:
        """The changes of these operations, without components."""
        return [change for change in self.changes if change.op in operations and not change.is_component]

    @property
    def is_new(self) -> bool:
        """Whether nothing of the stack exists yet."""
        return not any(change.before is not None for change in self.changes)


def lookup(value: Any, *path: str) -> Any:
    """What lies at a path of nested mappings; None where nothing does."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings in a list; none where it is secret or not known yet."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def masked(value: Any) -> Any:
    """A value of the engine's with secrets and unknowns replaced by words, and its private keys left out."""
    if isinstance(value, dict):
        if _SECRET_MARK.items() <= value.items():
            return SECRET
        shown = {key: masked(entry) for key, entry in value.items() if not key.startswith("__")}
        if shown.get("kind") == "Secret":
            # Whatever the program marked as secret: a Secret's content is never shown.
            for part in ("data", "stringData"):
                if isinstance(shown.get(part), dict):
                    shown[part] = dict.fromkeys(shown[part], SECRET)
        return shown
    if isinstance(value, list):
        return [masked(entry) for entry in value]
    return UNKNOWN if isinstance(value, str) and value in _UNKNOWN_MARKS else value


def read(lines: Iterable[str]) -> Preview:
    """Read the engine's events, one JSON object a line; other lines are left out."""
    preview = Preview()
    found: dict[str, Change] = {}
    for event in _without_chance(list(events(lines))):
        if "resourcePreEvent" in event:
            change = _change(event["resourcePreEvent"]["metadata"])
            if change:
                found[change.urn] = change
        elif "diagnosticEvent" in event:
            _diagnostic(preview, event["diagnosticEvent"])
        elif "policyEvent" in event:
            preview.policies.append(_policy(event["policyEvent"]))
        preview.ended = preview.ended or "summaryEvent" in event
    preview.policies.sort(key=lambda line: (not line.startswith("mandatory"), line))
    preview.changes = sorted(found.values(), key=lambda change: (change.kind, change.name, change.urn))
    return preview


def _without_chance(seen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events with words for what Pulumi chose at random in names: each preview would say another thing."""
    words: dict[str, str] = {}
    for event in seen:
        step = event.get("resourcePreEvent", {}).get("metadata", {})
        old, new = (lookup(step, side, "inputs", "metadata") for side in ("old", "new"))
        for metadata, word in ((old, "[random]"), (new, "[another one]" if old else "[random]")):
            name = lookup(metadata, "name")
            if lookup(metadata, "annotations", "pulumi.com/autonamed") == "true" and isinstance(name, str):
                words.setdefault(name, f"{name[:-8]}{word}")
    text = json.dumps(seen)
    for name, word in words.items():
        text = text.replace(name, word)
    return json.loads(text)


def events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The engine's events among the lines that it printed: a JSON object each."""
    for line in lines:
        with suppress(ValueError):
            if isinstance(event := json.loads(line), dict):
                yield event


def _change(step: dict[str, Any]) -> Change | None:
    """A step as a change; None for steps inside a replacement, and for providers and the stack itself."""
    op = _OPERATIONS.get(step["op"])
    if op is None or step["type"].startswith("pulumi:"):
        return None
    old, new = step.get("old") or {}, step.get("new") or {}
    return Change(
        op=op,
        urn=step["urn"],
        old_urn=old.get("urn", ""),
        before=masked(old.get("inputs") or {}) if old else None,
        after=masked(new.get("inputs") or {}) if new and op != DELETE else None,
        changed=tuple(sorted(step.get("detailedDiff") or step.get("diffs") or [])),
        reasons=tuple(sorted(step.get("keys") or [])) if op == REPLACE else (),
        protected=bool(old.get("protect")),
        retained=bool(old.get("retainOnDelete")),
        dropped=tuple(key for key in ("protect", "retainOnDelete") if old.get(key) and new and not new.get(key)),
        given=bool((new or old).get("custom")),
        parent=(new or old).get("parent", ""),
    )


def _diagnostic(preview: Preview, event: dict[str, Any]) -> None:
    text = re.sub(r"<\{%.*?%\}>", "", event.get("prefix", "") + event["message"]).strip()
    if event.get("ephemeral") or not text:
        return
    if event["severity"] in ("error", "info#err"):
        preview.errors.append(text)
    elif event["severity"] == "warning" and "secret value in plaintext" not in text:
        preview.warnings.append(text)


def _policy(event: dict[str, Any]) -> str:
    text = re.sub(r"<\{%.*?%\}>", "", event["message"]).strip()
    name = event.get("resourceUrn", "").rpartition("::")[2]
    return f"{event['enforcementLevel']}: {event['policyName']}: {name}: {' '.join(text.split())}"
