"""The commits that `make preview-series` plays, and what a careful reviewer says about each."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cli.console import Problem

#: Changes files of a clone. It must fail where it changes nothing, or a case would test nothing.
Edit = Callable[[Path], None]


@dataclass(frozen=True)
class Case:
    """One commit and the expected verdict."""

    name: str
    edits: tuple[Edit, ...]
    verdict: str = "ok"
    """`ok`, `refused` or `failed`."""
    findings: frozenset[str] = frozenset()
    """The gate's findings, each as `<rule> <resource>`."""
    restarts: frozenset[str] = frozenset()
    """The Deployments whose pods restart."""
    host: str | None = None
    """DB_HOST afterwards where it changes; None where it does not."""
    stack: str = "dev"
    first: tuple[Edit, ...] = ()
    """A commit before, that this one is compared with. Default: the clone as it is."""
    allow: str = ""
    """What the pull request's description says."""
    live_fails: str = ""
    """Why the preview with access fails, where this one does not; empty where both must agree."""
    live_impossible: str = ""
    """Why there is no preview with access; empty where there must be one."""


def setting(key: str, value: object, stack: str = "dev") -> Edit:
    """Set a key of a stack's configuration in git."""

    def edit(root: Path) -> None:
        file = root / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        if content["config"].get(f"kubeauth:{key}") == value:
            raise Problem(f"{file.name} already has {key}: {value}, so this case would test nothing")
        content["config"][f"kubeauth:{key}"] = value
        file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    return edit


def patch(name: str, old: str, new: str) -> Edit:
    """Replace a piece of code that must be there exactly once."""

    def edit(root: Path) -> None:
        text = (root / name).read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise Problem(f"{name} has {old!r} {text.count(old)} times, not once", "adapt tests/series_cases.py")
        (root / name).write_text(text.replace(old, new), encoding="utf-8")

    return edit


def new_stack(name: str, like: str, **settings: object) -> Edit:
    """Add a stack's file, made from another one's."""

    def edit(root: Path) -> None:
        content: dict[str, Any] = yaml.safe_load((root / f"Pulumi.{like}.yaml").read_text(encoding="utf-8"))
        content["config"].update({f"kubeauth:{key}": value for key, value in settings.items()})
        (root / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    return edit


def remove(name: str) -> Edit:
    """Remove a file."""
    return lambda root: (root / name).unlink()


def new_password(root: Path) -> None:
    """Encrypt another password into the stack's file, as a team does that keeps its secrets in git."""
    command = ["pulumi", "config", "set", "--secret", "mysqlPassword", "canary of another password", "--stack", "dev"]
    subprocess.run(command, cwd=root, check=True, capture_output=True)


AUTH, DATABASE = "authenticate-deployment", "mysqlauth-deployment"
RENAMED_CLAIM = patch(
    "components/kubernetes/volumes.py",
    "children.logical(child),",
    'children.logical(child.replace("data", "volume")),',
)
ALIAS = patch(
    "components/kubernetes/volumes.py",
    "opts=children.options(protect=retain),",
    "opts=pulumi.ResourceOptions.merge(children.options(protect=retain), "
    'pulumi.ResourceOptions(aliases=[pulumi.Alias(name=f"{children.name}-data")])),',
)
NEW_DATABASE = frozenset({"database mysqlauth", "claim mysqlauth-data", "wider-service usersdb-service"})
PORT_TAKEN = "the API server refuses, as it would `up`: the old Service still has node port 32001"
USERSDB = "usersdb-service.production-cloud.svc.cluster.local:3306"

CASES = (
    Case(
        "a new stack",
        (new_stack("qa", "staging", namespaceName="qa-cloud", mysqlServiceType="ClusterIP"),),
        stack="qa",
        host="mysqlauth-service.qa-cloud.svc.cluster.local:3306",
    ),
    Case(
        "another image of the auth service",
        (setting("authImage", "localhost/authenticate:1.1.0"),),
        restarts=frozenset({AUTH}),
    ),
    Case(
        "another name of the database",
        (setting("mysqlName", "usersdb"),),
        "refused",
        NEW_DATABASE,
        frozenset({AUTH}),
        USERSDB,
        live_fails=PORT_TAKEN,
    ),
    Case(
        "the same, and the pull request says that it is meant",
        (setting("mysqlName", "usersdb"),),
        "ok",
        NEW_DATABASE,
        frozenset({AUTH}),
        USERSDB,
        live_fails=PORT_TAKEN,
        allow="\n".join(
            f"allow-destructive: dev/{name}" for name in ("mysqlauth", "mysqlauth-data", "usersdb-service")
        ),
    ),
    Case("a larger volume", (setting("mysqlStorageSize", "2Gi"),)),
    Case(
        "a smaller volume",
        (setting("mysqlStorageSize", "512Mi"),),
        "refused",
        frozenset({"claim-shrinks mysqlauth-data"}),
        live_fails="the API server refuses it, too",
    ),
    Case(
        "another storage class",
        (setting("mysqlStorageClass", "fast"),),
        "refused",
        # The claim has to go first, and the Deployment that uses it before that.
        frozenset({"storage-class mysqlauth-data", "database mysqlauth-deployment"}),
        frozenset({DATABASE}),
        live_fails="for the API server's dry run the old claim is still there, and its class cannot change",
    ),
    Case(
        "an older version of MySQL",
        (setting("mysqlImage", "mysql:8.4"),),
        "refused",
        frozenset({"server-version mysqlauth-deployment"}),
        frozenset({DATABASE}),
    ),
    Case("a newer version of MySQL", (setting("mysqlImage", "mysql:10.0"),), restarts=frozenset({DATABASE})),
    Case(
        "another selector of the pods",
        (patch("components/kubernetes/labels.py", '{"name": f"{instance}-selector"}', '{"name": f"{instance}-pods"}'),),
        "refused",
        frozenset(
            f"{rule} {instance}-{child}"
            for instance, policy in (("authenticate", "traffic"), ("mysqlauth", "clients"))
            for rule, child in (("selector", "deployment"), ("selector", "service"), ("network-policy", policy))
        ),
        frozenset({AUTH, DATABASE}),
    ),
    Case("another node port", (setting("mysqlNodePort", 32002),)),
    Case(
        "a node port where there was none",
        (setting("mysqlServiceType", "NodePort"), setting("mysqlNodePort", 32001)),
        "refused",
        frozenset({"wider-service mysqlauth-service"}),
        first=(setting("mysqlServiceType", "ClusterIP"), setting("mysqlNodePort", 0)),
    ),
    Case(
        "more networks may use the node port",
        (setting("mysqlNodePortCidrs", ["0.0.0.0/0"]),),
        "refused",
        frozenset({"network-policy mysqlauth-clients"}),
    ),
    Case("a new password", (new_password,), restarts=frozenset({AUTH, DATABASE})),
    Case(
        "the default-deny policy is removed",
        (patch("components/namespace.py", 'traffic.policy(children, "default-deny", {})', "pass"),),
        "refused",
        frozenset({"network-policy production-cloud-default-deny"}),
    ),
    Case(
        "the database's policy restricts no egress any more",
        (
            patch(
                "components/kubernetes/traffic.py",
                'policy_types=["Ingress", "Egress"]',
                'policy_types=["Ingress"] if child == "clients" else ["Ingress", "Egress"]',
            ),
        ),
        "refused",
        frozenset({"network-policy mysqlauth-clients"}),
    ),
    Case("the claim renamed in the program, with an alias", (RENAMED_CLAIM, ALIAS)),
    Case(
        "the claim renamed in the program, without an alias",
        (RENAMED_CLAIM,),
        "refused",
        frozenset({"claim mysqlauth-data"}),
    ),
    Case(
        "another namespace",
        (setting("namespaceName", "shop"),),
        "refused",
        frozenset({"namespace production-cloud-namespace", "claim mysqlauth-data", "database mysqlauth-deployment"}),
        frozenset({AUTH, DATABASE}),
        "mysqlauth-service.shop.svc.cluster.local:3306",
    ),
    Case("a value that is not allowed", (setting("mysqlNodePort", 29999),), "failed"),
    Case(
        "a stack's file is removed",
        (remove("Pulumi.staging.yaml"),),
        "refused",
        frozenset(
            {
                "database mysqlauth",
                "claim mysqlauth-data",
                "namespace staging-cloud-namespace",
                *(
                    f"protected {name}"
                    for name in ("mysqlauth-data", "staging-cloud-namespace", "staging-cloud-default-deny")
                ),
            }
        ),
        host="",
        stack="staging",
        live_impossible="staging is not deployed on the node",
    ),
)
