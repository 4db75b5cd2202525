"""F12: changes that would lose data, and another cluster by accident, are refused before anything is deleted."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from lab import images, toolchain
from lab.node import Node

from . import Fault, Result
from .bench import Bench
from .sabotage import Way, changed, configured

KEY = "mysqlRetainData"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
WAYS: dict[str, Way] = {
    "storage class": configured(mysqlStorageClass="another"),
    "claim name": configured(mysqlName="another", mysqlNodePort="0"),
    "namespace": configured(namespaceName="another", mysqlNodePort="0"),
}


def _access_mode(bench: Bench) -> Iterator[None]:
    with changed(bench, CLAIM, "mysqlauth-data", "props['spec']['accessModes'] = ['ReadWriteMany']"):
        yield


def run(bench: Bench, count: int, random: Random) -> Result:
    """Try each, and look at what is still there."""
    result = Result()
    bench.config(mysqlRetainData="true")
    bench.must("up")
    evidence = bench.fill()
    for name, way in {**WAYS, "access mode": _access_mode}.items():
        before = _uids(bench)
        with contextmanager(way)(bench):
            done = bench.command("up")
        failures = _refused(
            done.stdout, done.returncode, "would delete data that stack dev protects", "mysqlRetainData"
        )
        failures += [] if _uids(bench) == before else ["something was deleted or made anew"]
        result.add(name, failures)
    result.add("another cluster", _other_cluster(bench))
    done = bench.command("destroy")
    failures = _refused(done.stdout, done.returncode, "keeps its data", KEY)
    again = bench.command("up")
    failures += [] if again.returncode == 0 else [f"up failed: {again.stdout[-1500:]}"]
    result.add("destroy, then up", failures + bench.damage(evidence) + bench.unchanged() + bench.disorder())
    bench.config(mysqlRetainData="false")
    result.leave(bench)
    result.figure = "refused with the way out; after destroy and up the data is the same"
    return result


def _refused(output: str, status: int, *words: str) -> list[str]:
    missing = [word for word in words if word not in output]
    return [f"not refused with {missing}: {output[-800:]}"] if missing or not status else []


def _uids(bench: Bench) -> set[str]:
    kinds = "deployments,services,secrets,persistentvolumeclaims,pods,networkpolicies,serviceaccounts"
    return {item["metadata"]["uid"] for item in bench.get(kinds)["items"]}


def _other_cluster(bench: Bench) -> list[str]:
    """The same commands with KUBECONFIG naming another cluster."""
    other = Node(f"{bench.node.name[:16]}-two")
    before = bench.files.path.read_bytes()
    failures: list[str] = []
    # A deployer knows the node by its address alone.
    home = f"https://{bench.node.address}" if "KUBECONFIG" in bench.outside else f"local node {bench.node.name}"
    try:
        other.start(toolchain.ensure("engine", "node").bin, [images.archives("pause")["pause"]])
        kubeconfig = bench.checkout.parent / "other-kubeconfig"
        kubeconfig.write_text(other.kubeconfig.read_text())
        for command in ("up", "destroy", "repair"):
            done = bench.command(command, {"KUBECONFIG": str(kubeconfig)})
            failures += _refused(done.stdout, done.returncode, "lives in another cluster", "pulumi stack tag rm")
            failures += [] if re.search(rf"{home}\b", done.stdout) else ["its home is not named"]
    finally:
        other.reset()
    return failures + ([] if bench.files.path.read_bytes() == before else ["the state was changed"])


FAULT = Fault(
    "F12",
    "storage class, claim name, namespace, access mode, cluster changed; destroy",
    "6/6 refused before anything is deleted, with the way out; destroy keeps the claim, up finds the data",
    6,
    run,
)
