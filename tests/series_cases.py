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


def beside(code: str) -> Edit:
    """Add a resource of the program's own, beside kubeauth's components."""

    def edit(root: Path) -> None:
        file = root / "__main__.py"
        head = "import pulumi_kubernetes as k8s\n"
        file.write_text(f"{head}{file.read_text(encoding='utf-8')}\n{code}\n", encoding="utf-8")

    return edit


def object_(kind: str, name: str, **content: object) -> str:
    """The code of an object of Kubernetes in the stack's namespace, or of none where its kind has none."""
    metadata = f'{{"name": "{name}"}}' if "Cluster" in kind else f'{{"name": "{name}", "namespace": namespace.name}}'
    return f"k8s.{kind}({name!r}, metadata={metadata}, **{content!r})"


def append(name: str, text: str) -> Edit:
    """Add lines to a file that is there."""

    def edit(root: Path) -> None:
        file = root / name
        file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")

    return edit


def write(name: str, content: str) -> Edit:
    """Add a file."""

    def edit(root: Path) -> None:
        (root / name).write_text(content, encoding="utf-8")

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
CACHE = """
k8s.apps.v1.StatefulSet("cache", metadata={"name": "cache", "namespace": namespace.name}, spec={
    "serviceName": "cache", "selector": {"matchLabels": {"app": "cache"}}, "template": {
        "metadata": {"labels": {"app": "cache"}}, "spec": {"containers": [{"name": "cache", "image": "valkey:8.1"}]}}})
"""
VIEWER: dict[str, object] = {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]}
PROGRAM = '"size": config.require("mysqlSize"),'
NEW_DATABASE = frozenset({"database mysqlauth", "claim mysqlauth-data", "wider-service usersdb-service"})
PORT_TAKEN = "the API server refuses, as it would `up`: the old Service still has node port 32001"
USERSDB = "usersdb-service.production-cloud.svc.cluster.local:3306"

PROTECTED = ("mysqlauth-data", "production-cloud-namespace", "production-cloud-default-deny")
ROUTE = """
k8s.apiextensions.CustomResource("way-in", api_version="gateway.networking.k8s.io/v1", kind="HTTPRoute",
    metadata={"name": "way-in", "namespace": namespace.name}, spec={"hostnames": ["shop.example.com"], "rules": []})
"""
#: What nobody should be stopped for: the edits, and which pods restart.
HARMLESS: dict[str, tuple[tuple[Edit, ...], tuple[str, ...]]] = {
    "harmless: a word in the documentation": ((write("NOTES.md", "One more line.\n"),), ()),
    "harmless: a comment in the program": ((append("__main__.py", "# One more line.\n"),), ()),
    "harmless: more pods of the service": ((setting("authReplicas", 3),), (AUTH,)),
    "harmless: fewer networks may use the node port": ((setting("mysqlNodePortCidrs", ["10.99.1.0/24"]),), ()),
    "harmless: more memory": ((setting("mysqlResourcesMemoryLimit", "768Mi"),), (DATABASE,)),
    "harmless: another setting of MySQL": ((setting("mysqlSettings", {"max_connections": "90"}),), (DATABASE,)),
    "harmless: no node port any more": ((setting("mysqlServiceType", "ClusterIP"), setting("mysqlNodePort", 0)), ()),
    "harmless: the data is protected": ((setting("mysqlRetainData", True),), ()),
    "harmless: a ConfigMap": (
        (
            beside(
                object_(
                    "core.v1.ConfigMap", "settings", data={"app.ini": "password_file = /run/secrets/x\ntoken_ttl = 60"}
                )
            ),
        ),
        (),
    ),
    "harmless: a Service inside": (
        (beside(object_("core.v1.Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})),),
        (),
    ),
    "harmless: a Role that names what it needs": ((beside(object_("rbac.v1.Role", "viewer", **VIEWER)),), ()),
    "harmless: a claim": (
        (
            beside(
                object_(
                    "core.v1.PersistentVolumeClaim",
                    "files",
                    spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
                )
            ),
        ),
        (),
    ),
    "harmless: a quota with room": (
        (beside(object_("core.v1.ResourceQuota", "room", spec={"hard": {"pods": "20", "requests.memory": "8Gi"}})),),
        (),
    ),
    "harmless: a disruption budget": (
        (
            beside(
                object_(
                    "policy.v1.PodDisruptionBudget",
                    "some",
                    spec={"maxUnavailable": 1, "selector": {"matchLabels": {"name": "authenticate-selector"}}},
                )
            ),
        ),
        (),
    ),
    "harmless: a rule of the gate that tells more": ((write("kubeauth-gate.yaml", "data: [MinioTenant]\n"),), ()),
}

CASES = (
    Case(
        "a new stack",
        (new_stack("qa", "staging", namespaceName="qa-cloud", mysqlServiceType="ClusterIP", mysqlNodePortCidrs=[]),),
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
        "several servers instead of one",
        (setting("mysqlReplicas", 3),),
        "refused",
        frozenset(
            {
                # Its data is taken along, so its server and volume may go; told, and not refused.
                "more-servers mysqlauth",
                "network-policy mysqlauth-clients",
            }
        ),
    ),
    Case(
        "one server instead of several",
        (setting("mysqlReplicas", 1),),
        "refused",
        frozenset(
            {
                "data mysqlauth-etcd",
                "data mysqlauth-tablet",
                "network-policy mysqlauth-etcd",
                "network-policy mysqlauth-import",
                "network-policy mysqlauth-tablet",
                "network-policy mysqlauth-vtorc",
                "protection mysqlauth-etcd",
                "protection mysqlauth-tablet",
                "protection mysqlauth-vtorc",
                "servers mysqlauth",
            }
        ),
        first=(setting("mysqlReplicas", 3),),
    ),
    Case(
        "the servers of a shard whose rows were moved",
        (setting("mysqlShards", 2), setting("mysqlReshardTo", 0)),
        findings=frozenset({"shards mysqlauth-tablet"}),
        first=(setting("mysqlReplicas", 3), setting("mysqlReshardTo", 2)),
    ),
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
    Case(
        "a StatefulSet of the program's own is removed",
        (patch("__main__.py", CACHE, ""),),
        "refused",
        frozenset({"data cache"}),
        first=(beside(CACHE),),
        live_impossible="its image is on no node",
    ),
    Case(
        "the gate is told to let claims go",
        (write("kubeauth-gate.yaml", "rules: {claim: off}\n"), setting("mysqlName", "usersdb")),
        "refused",
        NEW_DATABASE | {"weaker-checks kubeauth-gate.yaml"},
        frozenset({AUTH}),
        USERSDB,
        live_fails=PORT_TAKEN,
    ),
    Case(
        "the database answers without TLS",
        (patch("__main__.py", PROGRAM, f'{PROGRAM} "require_tls": False,'),),
        "refused",
        frozenset({"tls mysqlauth-deployment"}),
        frozenset({DATABASE}),
    ),
    Case(
        "another schema of the application",
        (setting("mysqlDatabaseName", "shop"),),
        "refused",
        frozenset({"account mysqlauth-deployment"}),
        frozenset({AUTH, DATABASE}),
    ),
    Case(
        "another account of the application",
        (setting("mysqlUsername", "shop"),),
        "refused",
        frozenset({"account mysqlauth-credentials"}),
        frozenset({AUTH, DATABASE}),
    ),
    Case(
        "the data is no longer protected",
        (setting("mysqlRetainData", False),),
        "refused",
        frozenset(f"protection {name}" for name in PROTECTED),
        first=(setting("mysqlRetainData", True),),
    ),
    Case(
        "rights in the whole cluster",
        (beside(object_("rbac.v1.ClusterRole", "viewer", **VIEWER)),),
        "refused",
        frozenset({"rights viewer"}),
    ),
    Case(
        "a password in a ConfigMap",
        (beside(object_("core.v1.ConfigMap", "settings", data={"app.ini": "password = canary-of-plain"})),),
        "refused",
        frozenset({"plain-secret settings"}),
    ),
    Case(
        "more pods than the quota has room for",
        (setting("authReplicas", 3),),
        "refused",
        frozenset({"quota room"}),
        frozenset({AUTH}),
        first=(beside(object_("core.v1.ResourceQuota", "room", spec={"hard": {"pods": "3"}})),),
    ),
    Case(
        "a way in from outside",
        (beside(ROUTE),),
        "refused",
        frozenset({"wider-service way-in"}),
        live_fails="the node has no Gateway API",
    ),
    Case(
        "the policies only advise",
        (patch("policy/config.dev.json", '"all": "mandatory"', '"all": "advisory"'),),
        "refused",
        frozenset({"weaker-checks policy/config.dev.json"}),
    ),
    Case(
        "backups each night",
        (setting("mysqlBackupSchedule", "0 3 * * *"),),
        "refused",
        # The backups' pods may reach the server, and could not before.
        frozenset({"network-policy mysqlauth-clients"}),
        frozenset({DATABASE}),
    ),
    Case(
        "harmless: fewer pods of the service",
        (setting("authReplicas", 1),),
        restarts=frozenset({AUTH}),
        first=(setting("authReplicas", 3),),
    ),
    *(Case(name, edits, restarts=frozenset(restarts)) for name, (edits, restarts) in HARMLESS.items()),
)
