"""`make deployer`: a user that may deploy one stack and nothing else, for CI and for colleagues.

An administrator makes it once per stack and cluster. The namespace is made here, too, so that nobody else needs the
right to create namespaces. docs/deployer-role.yaml shows the result for the stack dev.

What RBAC cannot narrow: `list` and `watch` of namespaces mean all of them, names and labels; `patch` of the own one
means all of its labels, so an admission policy keeps the one that enforces Pod Security. Who deploys into a namespace
can read that namespace's Secrets, whatever the Role says: a pod may mount them.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from tools import paths
from tools.console import Problem, console, step

from . import Stack, config

#: Where the users live: not in a stack's namespace, which `make destroy` may remove.
HOME = "kubeauth-deployers"
#: The label that makes a namespace refuse pods that are not restricted.
ENFORCE = "pod-security.kubernetes.io/enforce"
PAGE = paths.CHECKOUT / "docs" / "deployer-role.yaml"
#: How long a token is good for; `make deployer` again makes a new one.
TOKEN_HOURS = 24

READ = ["get", "list", "watch"]
OWN = [*READ, "create", "patch", "delete"]
#: What a stack's commands do in its namespace: API group, resources, verbs.
RULES: tuple[tuple[str, list[str], list[str]], ...] = (
    # The components' children; `patch` is server-side apply.
    ("", ["persistentvolumeclaims", "secrets", "serviceaccounts", "services"], OWN),
    ("", ["limitranges", "resourcequotas"], OWN),
    ("apps", ["deployments"], OWN),
    ("batch", ["cronjobs"], OWN),
    ("networking.k8s.io", ["networkpolicies"], OWN),
    ("policy", ["poddisruptionbudgets"], OWN),
    # make backup and make restore run the CronJob's pod now.
    ("batch", ["jobs"], [*READ, "create", "delete"]),
    # What Pulumi waits for, and what the cause of a failed rollout is read from.
    ("", ["configmaps", "endpoints", "events", "pods", "pods/log"], READ),
    ("apps", ["daemonsets", "replicasets", "statefulsets"], READ),
    # make drift looks for what others put into the namespace; roles, its own among them, are not for it to read.
    ("networking.k8s.io", ["ingresses"], READ),
    ("discovery.k8s.io", ["endpointslices"], READ),
    # The proof logs in through the auth pod; the cause of a failed one is asked for inside it.
    ("", ["pods/exec", "pods/portforward"], ["get", "create"]),
)


def _object(api: str, kind: str, name: str, namespace: str = "", **rest: Any) -> dict[str, Any]:
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **where}, **rest}


def _rule(group: str, resources: list[str], verbs: list[str], names: list[str] | None = None) -> dict[str, Any]:
    only = {"resourceNames": names} if names else {}
    return {"apiGroups": [group], "resources": list(resources), **only, "verbs": list(verbs)}


def _pod_security(name: str, user: str) -> list[dict[str, Any]]:
    """An admission policy: whatever a user changes in a namespace, it goes on enforcing Pod Security "restricted"."""
    api, kind = "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"
    namespaces = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["namespaces"]}
    refusal = {
        "expression": f"object.metadata.?labels[?'{ENFORCE}'].orValue('') == 'restricted'",
        "message": f"a deployer may not loosen Pod Security: {ENFORCE} stays restricted",
        "reason": "Forbidden",
    }
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [namespaces]},
        "matchConditions": [{"name": "deployer", "expression": f"request.userInfo.username == '{user}'"}],
        "validations": [refusal],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    return [_object(api, kind, name, spec=spec), _object(api, f"{kind}Binding", name, spec=binding)]


def role_name(namespace: str) -> str:
    """How the deployer's Role, ClusterRole, admission policy and their bindings are called."""
    return f"kubeauth-deployer-{namespace}"


def manifests(namespace: str) -> list[dict[str, Any]]:
    """A user for the stack in a namespace, and its rights.

    Args:
        namespace: The stack's `namespaceName`.

    Returns:
        Manifests for `kubectl apply --server-side`. The ServiceAccount is called like the namespace.
    """
    rbac = "rbac.authorization.k8s.io/v1"
    name = role_name(namespace)
    subject = {"kind": "ServiceAccount", "name": namespace, "namespace": HOME}

    def granted(kind: str) -> dict[str, Any]:
        return {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}, "subjects": [subject]}

    cluster = [
        # Itself, by its name: labels are the stack's to set, within the admission policy below.
        _rule("", ["namespaces"], ["patch", "delete"], [namespace]),
        # The uid of kube-system tells one cluster from another; Pulumi watches all names to see its own go.
        _rule("", ["namespaces"], READ),
        # Whether a class that is given exists.
        _rule("storage.k8s.io", ["storageclasses"], READ),
    ]
    own = _object("v1", "Namespace", namespace)
    own["metadata"]["labels"] = {ENFORCE: "restricted"}
    return [
        _object("v1", "Namespace", HOME),
        own,
        _object("v1", "ServiceAccount", namespace, HOME, automountServiceAccountToken=False),
        _object(rbac, "Role", name, namespace, rules=[_rule(*rule) for rule in RULES]),
        _object(rbac, "RoleBinding", name, namespace, **granted("Role")),
        _object(rbac, "ClusterRole", name, rules=cluster),
        _object(rbac, "ClusterRoleBinding", name, **granted("ClusterRole")),
        *_pod_security(name, f"system:serviceaccount:{HOME}:{namespace}"),
    ]


def page() -> str:
    """docs/deployer-role.yaml: the rights for the stack dev."""
    head = (
        "# What deploys the stack dev may do, and nothing else. Written by `make schema`; `make deployer` applies it\n"
        "# with your rights and writes a kubeconfig for it. It cannot make a namespace: after a `make destroy` that\n"
        "# removed it, an administrator runs `make deployer` again. It sees names and labels of all namespaces, as\n"
        "# RBAC cannot narrow `list`, and the Secrets of its own namespace.\n"
    )
    namespace = config.read(config.tracked("dev"))["config"].get("kubeauth:namespaceName") or _default("namespaceName")
    return head + yaml.safe_dump_all(manifests(str(namespace)), sort_keys=False)


def _default(key: str) -> Any:
    return config.read(config.project_file())["config"][key]["default"]


def make(stack: Stack) -> Path:
    """Make the user with the rights of whoever runs this, and write a kubeconfig for it.

    Returns:
        The kubeconfig; it is good for `TOKEN_HOURS` hours.

    Raises:
        Problem: The cluster refuses it.
    """
    namespace = str(config.value(stack.config_file, "namespaceName"))
    with step(f"make the deployer of namespace {namespace}"):
        wanted = yaml.safe_dump_all(manifests(namespace))
        _must(stack, "apply", "--server-side", "--field-manager=kubeauth-deployer", "--filename", "-", text=wanted)
        token = _must(stack, "--namespace", HOME, "create", "token", namespace, f"--duration={TOKEN_HOURS}h").strip()
        seen = json.loads(_must(stack, "config", "view", "--raw", "--minify", "--flatten", "--output", "json"))
    name = f"deployer-{namespace}"
    path = paths.LOCAL / f"deployer-{stack.name}.kubeconfig"
    made = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": seen["clusters"][0]["cluster"]}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
        "current-context": name,
    }
    config.write_private(path, yaml.safe_dump(made, sort_keys=False))
    console.print(f"Next: export KUBECONFIG={path}, then make up STACK={stack.name}.", markup=False)
    return path


def _must(stack: Stack, *arguments: str, text: str | None = None) -> str:
    done = stack.run("kubectl", *arguments, text=text)
    if done.returncode:
        raise Problem(f"the deployer was not made: {done.stderr.strip()}", "use an administrator's KUBECONFIG")
    return done.stdout
