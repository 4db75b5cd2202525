"""S6: who deploys needs few rights: a stack's whole life under the Role of `make deployer`, and what it may not do."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from cli.console import Problem, console
from cli.stack import config, rights

from . import Check, Result
from .live import IMAGE, Copy, Live, copy

NAMESPACE = "scan-deployed"
CONFIG = {"namespaceName": NAMESPACE, "mysqlNodePort": 0, "mysqlBackupSchedule": "0 3 1 1 *", "mysqlRetainData": False}
#: Namespaces that are not the stack's.
SYSTEM, OTHER = "kube-system", "default"
#: What the deployer has to be refused, as words after `kubectl auth can-i`.
FORBIDDEN = (
    *(f"{verb} secrets --namespace {SYSTEM}" for verb in ("get", "list", "create")),
    f"get secrets --namespace {OTHER}",
    "list secrets --all-namespaces",
    f"create pods --namespace {OTHER}",
    f"create pods --namespace {NAMESPACE}",
    f"create deployments.apps --namespace {OTHER}",
    f"create pods --subresource=exec --namespace {SYSTEM}",
    f"delete services --namespace {OTHER}",
    "create namespaces",
    f"delete namespaces/{SYSTEM}",
    f"patch namespaces/{OTHER}",
    "get nodes",
    "create nodes --subresource=proxy",
    "create persistentvolumes",
    "create clusterroles.rbac.authorization.k8s.io",
    "create clusterrolebindings.rbac.authorization.k8s.io",
    f"create rolebindings.rbac.authorization.k8s.io --namespace {NAMESPACE}",
    f"escalate roles.rbac.authorization.k8s.io --namespace {NAMESPACE}",
    f"bind roles.rbac.authorization.k8s.io --namespace {NAMESPACE}",
    "impersonate users",
    f"create serviceaccounts --subresource=token --namespace {NAMESPACE}",
    f"delete pods --namespace {NAMESPACE}",
    "create validatingwebhookconfigurations.admissionregistration.k8s.io",
    "create customresourcedefinitions.apiextensions.k8s.io",
)
#: What the reader, besides, has to be refused.
CHANGES = (
    *(
        f"{verb} {kind} --namespace {NAMESPACE}"
        for kind in ("deployments.apps", "secrets")
        for verb in ("create", "patch")
    ),
    f"delete persistentvolumeclaims --namespace {NAMESPACE}",
    f"create pods --subresource=exec --namespace {NAMESPACE}",
    f"patch namespaces/{NAMESPACE}",
)
#: What is really tried, on the server but without keeping it; each has to be refused, in one of the words of `REFUSED`.
ATTEMPTS: tuple[tuple[str, ...], ...] = (
    ("get", "secrets", "--namespace", SYSTEM),
    ("get", "secrets", "--all-namespaces"),
    ("get", "nodes"),
    ("get", "pods", "--namespace", NAMESPACE, "--as=system:admin"),
    ("get", "pods", "--namespace", NAMESPACE, "--as=system:anonymous", "--as-group=system:masters"),
    ("create", "namespace", "scan-other"),
    ("create", "clusterrolebinding", "scan", "--clusterrole=cluster-admin", f"--serviceaccount={rights.HOME}:scan"),
    ("create", "rolebinding", "scan", "--clusterrole=admin", "--user=scan", "--namespace", NAMESPACE),
    (
        "patch",
        "role",
        rights.role_name(NAMESPACE),
        "--namespace",
        NAMESPACE,
        "--type=merge",
        '--patch={"rules":[]}',
    ),
    ("create", "secret", "generic", "scan", "--namespace", SYSTEM),
    ("create", "deployment", "scan", f"--image={IMAGE}", "--namespace", OTHER),
    ("run", "scan", f"--image={IMAGE}", "--namespace", SYSTEM),
    ("run", "scan", f"--image={IMAGE}", "--namespace", NAMESPACE),
    ("label", "namespace", OTHER, "scan=1"),
    ("label", "namespace", NAMESPACE, "--overwrite", f"{rights.ENFORCE}=privileged"),
    ("label", "namespace", NAMESPACE, f"{rights.ENFORCE}-"),
    ("label", "namespace", NAMESPACE, "--overwrite", f"{rights.ENFORCE_VERSION}=v1.18"),
    ("delete", "namespace", OTHER),
    ("delete", "validatingadmissionpolicybinding", rights.role_name(NAMESPACE)),
)
#: RBAC's word, and that of the admission policy, which is the same.
REFUSED = "forbidden"


def wildcards(manifests: list[dict[str, Any]]) -> list[str]:
    """Rules of these manifests that name no API group, resource or verb, or that would let the user take more."""
    wrong = []
    for manifest in manifests:
        for rule in manifest.get("rules", []):
            words = {word for key in ("apiGroups", "resources", "verbs") for word in rule[key]}
            found = {word for word in words if "*" in word} | (words & {"escalate", "bind", "impersonate"})
            wrong += [f"{manifest['kind']} {manifest['metadata']['name']} has {word!r}" for word in sorted(found)]
    return wrong


def refused(live: Live, kubeconfig: str, wanted: str, forbidden: tuple[str, ...]) -> dict[str, str]:
    """Ask the API server's authorizer about each; return what it would allow, or did not answer clearly.

    Raises:
        Problem: It refuses what the user may do, `wanted`: then refusals prove nothing.
    """

    def ask(words: str) -> str:
        done = live.stack.run("kubectl", "--kubeconfig", kubeconfig, "auth", "can-i", *words.split())
        return (done.stdout.strip() or done.stderr.strip()).splitlines()[-1]

    if (said := ask(wanted)) != "yes":
        raise Problem(f"the user may not even {wanted}: {said}")
    return {words: said for words in forbidden if (said := ask(words)) != "no"}


def attempted(live: Live, kubeconfig: str) -> dict[str, str]:
    """Try each of `ATTEMPTS` as the deployer; return what worked, or failed for another reason."""
    wrong = {}
    for words in ATTEMPTS:
        dry = () if words[0] == "get" else ("--dry-run=server",)
        done = live.stack.run("kubectl", "--kubeconfig", kubeconfig, *words, *dry)
        if not done.returncode or REFUSED not in done.stderr:
            wrong[" ".join(words)] = (done.stdout + done.stderr).strip()
    return wrong


def life(made: Copy) -> list[tuple[str, str]]:
    """Run a stack's commands from first to last; return each with the last words of one that failed."""
    steps: list[tuple[str, str]] = []

    def step(name: str, done: subprocess.CompletedProcess[str], wanted: str = "") -> None:
        # A command may go on without what it was denied; drift may, and notes that it did not see roles.
        denied = re.search(r"forbidden|cannot (?:get|list|create|patch|delete)", done.stdout, re.I)
        well = done.returncode == 0 and wanted in done.stdout and (name.startswith("drift") or not denied)
        said = "" if well else " ".join(done.stdout.split())[-400:]
        steps.append((name, said))
        console.print(f"     {'✓' if well else '✗'} {name}", markup=False)

    def change(*arguments: str, text: str | None = None) -> None:
        done = made.shell("pulumi", "config", "set", *arguments, text=text)
        if done.returncode:
            raise Problem(f"pulumi config set failed: {done.stdout.strip()}")

    def become(name: str) -> None:
        made.kubeconfig.write_text(Path(kubeconfig(made, name)).read_text(encoding="utf-8"), encoding="utf-8")

    become("deployer")
    step("up", made.run("up"), "DB_HOST=")
    step("preview", made.run("preview"))
    change("mysqlResourcesMemoryLimit", "640Mi")
    become("reader")
    step("preview of a change, as the reader", made.run("preview"), "to update")
    become("deployer")
    step("up with a change", made.run("up"), "DB_HOST=")
    change("--secret", "mysqlPassword", text="another password")
    step("up with another password", made.run("up"), "DB_HOST=")
    step("pulumi refresh", made.shell("pulumi", "refresh", "--yes", "--skip-preview", "--non-interactive"))
    step("repair", made.run("repair"))
    become("reader")
    step("drift, as the reader", made.run("drift"))
    become("deployer")
    step("backup", made.run("backup"))
    listed = made.run("restore")
    found = re.findall(r"\S+\.sql\.gz", listed.stdout)
    step("list backups", listed, ".sql.gz")
    step("restore", made.run("restore", "--backup", found[-1] if found else "none", "--force"))
    step("destroy", made.run("destroy"))
    return steps


def kubeconfig(made: Copy, name: str) -> str:
    """The kubeconfig that `make deployer` wrote for a user."""
    return str(config.user_file(made.checkout, "dev", name))


@contextmanager
def users(live: Live) -> Iterator[Copy]:
    """A copy of the project for whose stack `make deployer` ran; all gone afterwards."""
    try:
        with copy(live.node.kubeconfig.read_text(encoding="utf-8"), **CONFIG) as made:
            done = made.run("deployer")
            if done.returncode:
                raise Problem(f"make deployer failed: {done.stdout[-1500:]}")
            yield made
    finally:
        mine = [item for item in rights.manifests(NAMESPACE) if item["metadata"]["name"] != rights.HOME]
        command = ("delete", "--ignore-not-found", "--wait=false", "--filename", "-")
        live.stack.run("kubectl", *command, text=yaml.safe_dump_all(mine))


def run(live: Live) -> Result:
    """Make both users, live a life under it, and try what it must not do."""
    wild = wildcards(rights.manifests(NAMESPACE))
    with users(live) as made:
        own, its = kubeconfig(made, "deployer"), kubeconfig(made, "reader")
        allowed = refused(live, own, f"create secrets --namespace {NAMESPACE}", FORBIDDEN)
        reader = refused(live, its, f"get secrets --namespace {NAMESPACE}", FORBIDDEN + CHANGES)
        worked = attempted(live, own)
        steps = life(made)
    wrong = list(wild)
    wrong += [f"allowed: {words}: {said}" for words, said in allowed.items()]
    wrong += [f"allowed to the reader: {words}: {said}" for words, said in reader.items()]
    wrong += [f"not refused: {words}: {said}" for words, said in worked.items()]
    wrong += [f"{name}: {said}" for name, said in steps if said]
    works = sum(not said for _, said in steps)
    rows = [["under the Roles", "result"], *([name, "fails" if said else "works"] for name, said in steps)]
    rows += [[f"can-i {words}", allowed.get(words, "no")] for words in FORBIDDEN]
    rows += [[f"as the reader, can-i {words}", reader.get(words, "no")] for words in FORBIDDEN + CHANGES]
    rows += [[f"kubectl {' '.join(words)}", worked.get(" ".join(words), "refused")] for words in ATTEMPTS]
    count = 2 * len(FORBIDDEN) + len(CHANGES) + len(ATTEMPTS)
    not_refused = len(allowed) + len(reader) + len(worked)
    figure = f"{works}/{len(steps)} steps of a stack's life, {count - not_refused}/{count} refused"
    return Result(f"{figure}, {len(wild)} wildcards", not wrong, wrong, rows)


CHECK = Check("S6", "a deployer's Role without wildcards", "every step works, everything else is refused", run)
