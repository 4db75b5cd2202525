"""Whether a database's server may go from one image to another on the same data: pure, on image references.

The rules are those of MySQL's manual, https://dev.mysql.com/doc/refman/9.7/en/upgrade-paths.html: no long-term series
(LTS) may be skipped, a server never opens the data of a later series, and within an LTS series the format stays.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .model import UNKNOWN, Change, lookup, mappings

#: MySQL's long-term series; every other series from 8.1 on is an innovation series.
LTS = ((5, 7), (8, 0), (8, 4), (9, 7))
#: Where a patch can be taken back, because nothing of the data's format changes within the series.
_STEADY = ((8, 4), (9, 7))

_MYSQL, _PERCONA, _MARIADB, _POSTGRES = "MySQL", "Percona Server", "MariaDB", "PostgreSQL"
_PACKAGERS = ("bitnami", "bitnamilegacy", "bitnamisecure")
#: Words of an image's name by the product they stand for; the first that fits counts.
_WORDS = (
    (_POSTGRES, r"postgres|postgresql|postgis|timescaledb"),
    (_MARIADB, r"mariadb"),
    (_PERCONA, r"percona"),
    (_MYSQL, r"mysql"),
)
_NO_SERVERS = r"exporter|backup|router|shell|operator|client|proxy|tools|toolkit|mongodb|pmm|orchestrator"
#: Volumes that end with their pods, or that nobody writes to.
_ENDING = {"emptyDir", "ephemeral", "secret", "configMap", "projected", "downwardAPI", "image"}
#: What Oracle's own registry calls the servers: mysql/community-server.
_OF_ORACLE = ("community-server", "enterprise-server")


@dataclass(frozen=True)
class Judgement:
    """What another image means for the data."""

    refused: bool
    """Whether it is stopped; else it is told."""
    why: str
    do: str
    """What to do instead, or before."""

    def __str__(self) -> str:
        """Return it as one text."""
        return f"{self.why}. {self.do}"


@dataclass(frozen=True)
class Step:
    """One container's way to another image."""

    change: Change
    before: str
    after: str
    judgement: Judgement


@dataclass(frozen=True)
class _Image:
    repository: str
    product: str
    """Empty where the name says none."""
    version: tuple[int, ...]

    @property
    def series(self) -> tuple[int, ...]:
        """Within a series only patches differ; empty where the tag does not say it."""
        length = 1 if self.is_postgres and self.version[:1] > (9,) else 2
        return self.version[:length] if len(self.version) >= length else ()

    @property
    def is_postgres(self) -> bool:
        return self.product.endswith(_POSTGRES)

    @property
    def patch(self) -> tuple[int, ...]:
        return self.version[len(self.series) :]


def product(reference: str) -> str:
    """The database that an image's name stands for: `Bitnami's MySQL`; empty where it is none that is known."""
    *folders, last = _parts(reference)[0].lower().split("/")
    words = set(re.split(r"[-_.]", last))
    if any(re.fullmatch(_NO_SERVERS, word) for word in words):
        return ""
    if last in _OF_ORACLE and "mysql" in folders:
        return _MYSQL
    for found, pattern in _WORDS:
        if any(re.fullmatch(rf"(?:{pattern})\d*", word) for word in words):
            return f"Bitnami's {found}" if set(folders) & set(_PACKAGERS) else found
    return ""


def judge(before: str, after: str) -> Judgement | None:
    """What it means that a server with data gets another image; None where nothing is to be said.

    Args:
        before: The image that wrote the data, as the state has it.
        after: The image that is to open it.
    """
    old, new = _read(before), _read(after)
    if after == UNKNOWN:
        return _refuse("which image comes is known only while `up` runs", "Name it in the program, with its version")
    if before == after or (_parts(before) == _parts(after) and new.version):
        return None
    if old.product != new.product or (not new.product and old.repository != new.repository):
        return _other_product(old, new)
    if not new.series:
        example = f"{new.repository.rpartition('/')[2]}:9.7.2" if new.product == _MYSQL else "a tag with its numbers"
        return _refuse("the tag does not say which version comes", f"Name the version: {example}, with a digest or not")
    if not old.series:
        return _refuse(
            "the old tag does not say which version wrote the data, which may be a later one",
            "Ask the server (SELECT VERSION()); if the new one is not older, say that it is meant",
        )
    if old.series == new.series:
        return _patch(old, new)
    return _series(old, new)


def _other_product(old: _Image, new: _Image) -> Judgement:
    unknown = next((image.repository for image in (new, old) if not image.product), "")
    if unknown:
        why = f"the name {unknown} does not say which database it is, so nobody can tell whether it opens the same data"
        return _refuse(why, "If it is the same product and not an older version, say that it is meant")
    why = f"{old.product} wrote the data, and {new.product} would open it: each keeps it in its own way"
    return _refuse(why, "Dump the data and load it into a database with a volume of its own")


def _patch(old: _Image, new: _Image) -> Judgement | None:
    steady = new.is_postgres or (new.series in _STEADY and not new.product.endswith(_MARIADB))
    if old.patch and new.patch and new.patch < old.patch:
        why = f"{_text(new.version)} is an older patch than {_text(old.version)}, which wrote the data"
        if steady:
            return _refuse(f"{why}; the series allows it, but mended faults come back", "Make a backup first")
        return _refuse(f"{why}: the server refuses it", _back(old))
    if new.patch and not old.patch:
        why = f"{_text(old.version)} may have been a later patch than {_text(new.version)}"
        if steady:
            return Judgement(False, why, "The series allows to go back; make a backup first")
        return _refuse(f"{why}, and then the server refuses the data", "Ask the server (SELECT VERSION()) first")
    return None if steady or new.patch == old.patch else _upgrade(old, new)


def _series(old: _Image, new: _Image) -> Judgement:
    server = new.product or "the server"
    if new.is_postgres:
        why = f"{server} {_text(new.series)} does not open the files of {_text(old.series)}"
        return _refuse(why, "Dump the data and load it into a database with a volume of its own, or use pg_upgrade")
    if new.series < old.series:
        why = f"{server} {_text(new.series)} does not open the data of {_text(old.series)}"
        return _refuse(f"{why}: the running server is stopped and the old one does not start", _back(old))
    between = [series for series in LTS if old.series < series < new.series]
    if between and not new.product.endswith(_MARIADB):
        via = " and ".join(map(_text, between))
        why = f"no long-term series may be skipped: {_text(old.series)} → {_text(new.series)} goes by {via}"
        return _refuse(why, f"First {_text(between[0])}; when it is ready and a backup is made, the next")
    return _upgrade(old, new)


def _upgrade(old: _Image, new: _Image) -> Judgement:
    why = f"{_text(old.version)} → {_text(new.version)}: the server upgrades its data when it starts"
    return Judgement(False, why, "The way back is a restore: make a backup first")


def _refuse(why: str, do: str) -> Judgement:
    return Judgement(True, why, do)


def _back(old: _Image) -> str:
    return f"Keep {_text(old.version)}; to go back, load a dump into a database with a volume of its own"


def _parts(reference: str) -> tuple[str, str]:
    """An image's name and tag, without its digest."""
    name = reference.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    return f"{folder}{slash}{last}", tag


def _read(reference: str) -> _Image:
    repository, tag = _parts(reference)
    match = re.match(r"v?(\d+(?:\.\d+)*)(?![\w.])", tag)
    return _Image(repository, product(reference), tuple(map(int, match[1].split("."))) if match else ())


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def steps(change: Change, *, is_database: bool) -> Iterator[Step]:
    """The ways to other images of a workload's servers that have data; nothing for other resources.

    Args:
        change: A resource, and what happens to it.
        is_database: Whether it belongs to a component that is a database, whatever its image is called.
    """
    if change.kind not in ("Deployment", "StatefulSet") or change.before is None or change.after is None:
        return
    new = {str(container.get("name")): container for container in _containers(change.after)}
    for container in filter(_with_data(change.before), _containers(change.before)):
        before, after = (str(it.get("image", "")) for it in (container, new.get(str(container.get("name")), {})))
        judgement = judge(before, after) if after and (is_database or product(before)) else None
        if judgement:
            yield Step(change, before, after, judgement)


def is_server(change: Change) -> bool:
    """Whether a workload runs, before the change, a server with data that is known by its image's name."""
    before = change.before or {}
    return any(product(str(it.get("image", ""))) for it in filter(_with_data(before), _containers(before)))


def _containers(inputs: dict[str, Any]) -> list[dict[str, Any]]:
    return mappings(lookup(inputs, "spec", "template", "spec", "containers"))


def _with_data(inputs: dict[str, Any]) -> Callable[[dict[str, Any]], bool]:
    """Whether a container of a workload mounts a volume that outlives its pod."""
    kept = kept_volumes(inputs)
    return lambda container: any(mount.get("name") in kept for mount in mappings(container.get("volumeMounts")))


def kept_volumes(inputs: dict[str, Any]) -> dict[Any, str]:
    """A workload's volumes that outlive its pods, by their names: where each is."""
    claims = mappings(lookup(inputs, "spec", "volumeClaimTemplates"))
    found = {lookup(claim, "metadata", "name"): "a claim of its own" for claim in claims}
    for volume in mappings(lookup(inputs, "spec", "template", "spec", "volumes")):
        if not _ENDING & volume.keys():
            [(kind, source)] = [(key, it) for key, it in volume.items() if key != "name"][:1] or [("", None)]
            values = source.values() if isinstance(source, dict) else [source]
            found[volume.get("name")] = " ".join([kind, *(str(it) for it in values if not isinstance(it, bool))])
    return found
