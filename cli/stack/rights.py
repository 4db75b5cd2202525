"""What the users of `make deployer` may do, as manifests; docs/reference/deployer-role.yaml shows those of stack dev.

What RBAC cannot narrow: `list` and `watch` of namespaces mean all of them, names and labels; `patch` of the own one
means all of its labels, so an admission policy keeps those that enforce Pod Security. Who deploys into a namespace
can read that namespace's Secrets, whatever the Role says: a pod may mount them.
"""

from typing import Any

import yaml

from .. import paths, shipped
from . import config
from .policy import MARK

#: Where the users live: not in a stack's namespace, which `make destroy` may remove.
HOME = "kubeauth-deployers"
#: The label that makes a namespace refuse pods that are not restricted, and that of the rules' version.
ENFORCE = "pod-security.kubernetes.io/enforce"
ENFORCE_VERSION = f"{ENFORCE}-version"
PAGE = paths.CHECKOUT / "docs" / "reference" / "deployer-role.yaml"

READ = ["get", "list", "watch"]
OWN = [*READ, "create", "patch", "delete"]
#: What a stack's commands do in its namespace: API group, resources, verbs.
RULES: tuple[tuple[str, list[str], list[str]], ...] = (
    # The components' children; `patch` is server-side apply.
    ("", ["configmaps", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"], OWN),
    ("", ["limitranges", "resourcequotas"], OWN),
    ("apps", ["deployments", "statefulsets"], OWN),
    # make backup and make restore make Jobs, too.
    ("batch", ["cronjobs", "jobs"], OWN),
    ("networking.k8s.io", ["networkpolicies"], OWN),
    ("policy", ["poddisruptionbudgets"], OWN),
    # What Pulumi waits for, and what the cause of a failed rollout is read from.
    ("", ["endpoints", "events", "pods", "pods/log"], READ),
    ("apps", ["daemonsets", "replicasets"], READ),
    # make drift looks for what others put into the namespace; roles, its own among them, are not for it to read.
    ("networking.k8s.io", ["ingresses"], READ),
    ("discovery.k8s.io", ["endpointslices"], READ),
    # The proof logs in through the auth pod; the cause of a failed one is asked for inside it.
    ("", ["pods/exec", "pods/portforward"], ["get", "create"]),
)

Rule = dict[str, Any]


def manifest(api: str, kind: str, name: str, namespace: str = "", **rest: Any) -> dict[str, Any]:
    """A Kubernetes object with these fields beside its name."""
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **where}, **rest}


def rule(group: str, resources: list[str], verbs: list[str], names: list[str] | None = None) -> Rule:
    """A rule of a Role: verbs on resources of a group; with names, on those objects only."""
    only = {"resourceNames": names} if names else {}
    return {"apiGroups": [group], "resources": list(resources), **only, "verbs": list(verbs)}


def _pod_security(name: str, user: str) -> list[dict[str, Any]]:
    """An admission policy: whatever a user changes in a namespace, it goes on enforcing Pod Security "restricted"."""
    api, kind = "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"
    namespaces = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["namespaces"]}
    required = shipped.component("namespace").POD_SECURITY_VERSION
    least = required.removeprefix("v1.")

    def keep(label: str, default: str, condition: str, what: str) -> dict[str, str]:
        value = f"object.metadata.?labels[?'{label}'].orValue('{default}')"
        message = f"a deployer may not loosen Pod Security: {label} {what}"
        return {"expression": condition.replace("VALUE", value), "message": message, "reason": "Forbidden"}

    # The rules of old versions are looser.
    newer = rf"VALUE == 'latest' || VALUE.matches('^v1[.][0-9]+$') && int(VALUE.substring(3)) >= {least}"
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [namespaces]},
        "matchConditions": [{"name": "deployer", "expression": f"request.userInfo.username == '{user}'"}],
        "validations": [
            keep(ENFORCE, "", "VALUE == 'restricted'", "stays restricted"),
            keep(ENFORCE_VERSION, "latest", newer, f"is {required} or newer"),
        ],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    return [manifest(api, kind, name, spec=spec), manifest(api, f"{kind}Binding", name, spec=binding)]


def role_name(namespace: str, user: str = "deployer") -> str:
    """How the Role, ClusterRole and admission policy of one of the users, and their bindings, are called."""
    return f"kubeauth-{user}-{namespace}"


def account(namespace: str, user: str) -> str:
    """How the ServiceAccount of one of the users is called."""
    # No namespace has a dot in its name, so no other stack's user is called the same.
    return namespace if user == "deployer" else f"{namespace}.{user}"


def _user(namespace: str, user: str, rules: list[Rule], cluster: list[Rule]) -> list[dict[str, Any]]:
    """A ServiceAccount with rights in a namespace and rights in the cluster."""
    rbac, name, its_account = "rbac.authorization.k8s.io", role_name(namespace, user), account(namespace, user)

    def granted(kind: str) -> dict[str, Any]:
        subject = {"kind": "ServiceAccount", "name": its_account, "namespace": HOME}
        return {"roleRef": {"apiGroup": rbac, "kind": kind, "name": name}, "subjects": [subject]}

    return [
        manifest("v1", "ServiceAccount", its_account, HOME, automountServiceAccountToken=False),
        manifest(f"{rbac}/v1", "Role", name, namespace, rules=rules),
        manifest(f"{rbac}/v1", "RoleBinding", name, namespace, **granted("Role")),
        manifest(f"{rbac}/v1", "ClusterRole", name, rules=cluster),
        manifest(f"{rbac}/v1", "ClusterRoleBinding", name, **granted("ClusterRole")),
    ]


def manifests(namespace: str, mark: str = "") -> list[dict[str, Any]]:
    """The users for the stack in a namespace, and their rights.

    Args:
        namespace: The stack's `namespaceName`.
        mark: Whose the namespace is: `<organization>/<project>/<stack>`. Default: nobody's yet.

    Returns:
        Manifests for `kubectl apply --server-side`. The deployer's ServiceAccount is called like the namespace.
    """
    # Itself, by its name: labels are the stack's to set, within the admission policy.
    its = rule("", ["namespaces"], ["patch", "delete"], [namespace])
    # The uid of kube-system tells one cluster from another; Pulumi watches all names to see its own go. And whether a
    # storage class that is given exists.
    seen = [rule("", ["namespaces"], READ), rule("storage.k8s.io", ["storageclasses"], READ)]
    reading = [rule(group, resources, READ) for group, resources, verbs in RULES if set(READ) <= set(verbs)]
    own = manifest("v1", "Namespace", namespace)
    own["metadata"]["labels"] = {ENFORCE: "restricted"}
    if mark:
        own["metadata"]["annotations"] = {MARK: mark}
    return [
        manifest("v1", "Namespace", HOME),
        own,
        *_user(namespace, "deployer", [rule(*one) for one in RULES], [its, *seen]),
        *_pod_security(role_name(namespace), f"system:serviceaccount:{HOME}:{account(namespace, 'deployer')}"),
        *_user(namespace, "reader", reading, seen),
    ]


def page() -> str:
    """docs/reference/deployer-role.yaml: the rights for the stack dev."""
    head = (
        "# What deploys the stack dev may do, and nothing else. Written by `make schema`; `make deployer` applies it\n"
        "# with your rights and writes a kubeconfig for it. It cannot make a namespace: after a `make destroy` that\n"
        "# removed it, an administrator runs `make deployer` again. It sees names and labels of all namespaces, as\n"
        "# RBAC cannot narrow `list`, and the Secrets of its own namespace. The reader, for previews and drift,\n"
        "# sees the same and changes nothing.\n"
    )
    namespace = str(config.value(config.tracked("dev"), "namespaceName"))
    return head + yaml.safe_dump_all(manifests(namespace), sort_keys=False)
