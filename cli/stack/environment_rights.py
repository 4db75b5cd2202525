"""What the user of environments may do on a cluster, also where real stacks are: `kubeauth deployer --environments`.

It makes namespaces that carry a label, and gives itself rights in them; RBAC alone would give it all namespaces, so two
admission policies bound it. It reads no Secret but those of namespace HOME and of environments.
"""

from typing import Any

from . import rights

#: The namespace with what all environments of a cluster may have: Secrets to copy.
HOME = "kubeauth-environments"
#: The label of an environment's namespace, with the environment's name.
LABEL = "kubeauth/environment"
ACCOUNT = "environments"
USER = f"system:serviceaccount:{rights.HOME}:{ACCOUNT}"
#: What it may do in the namespace of an environment, as a ClusterRole that is bound there.
INSIDE = "kubeauth-environment"
_RBAC = "rbac.authorization.k8s.io"
_POLICY = "admissionregistration.k8s.io/v1"


def binding(namespace: str) -> dict[str, Any]:
    """What gives the user its rights in one namespace."""
    return _bound("RoleBinding", INSIDE, "ClusterRole", namespace)


def manifests() -> list[dict[str, Any]]:
    """The user, its rights and their bounds, for `kubectl apply --server-side`."""
    own = [rights.rule(*rule) for rule in rights.RULES]
    outside = [
        rights.rule("", ["namespaces"], rights.OWN),
        rights.rule("storage.k8s.io", ["storageclasses"], rights.READ),
        rights.rule(_RBAC, ["rolebindings"], ["get", "create", "patch"]),
        rights.rule(_RBAC, ["clusterroles"], ["bind"], [INSIDE]),
    ]
    secrets = [rights.rule("", ["secrets"], ["get"])]
    return [
        rights.manifest("v1", "Namespace", rights.HOME),
        rights.manifest("v1", "Namespace", HOME),
        rights.manifest("v1", "ServiceAccount", ACCOUNT, rights.HOME, automountServiceAccountToken=False),
        rights.manifest(f"{_RBAC}/v1", "ClusterRole", INSIDE, rules=own),
        rights.manifest(f"{_RBAC}/v1", "ClusterRole", HOME, rules=outside),
        _bound("ClusterRoleBinding", HOME, "ClusterRole"),
        rights.manifest(f"{_RBAC}/v1", "Role", HOME, HOME, rules=secrets),
        _bound("RoleBinding", HOME, "Role", HOME),
        *_bounds(),
    ]


def _bound(kind: str, role: str, role_kind: str, namespace: str = "") -> dict[str, Any]:
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": rights.HOME}
    to = {"apiGroup": _RBAC, "kind": role_kind, "name": role}
    return rights.manifest(f"{_RBAC}/v1", kind, role, namespace, roleRef=to, subjects=[subject])


def _bounds() -> list[dict[str, Any]]:
    """Admission policies: the user changes namespaces of environments only, and gives rights in no others."""

    def labelled(thing: str) -> str:
        return f"{thing}.metadata.?labels[?'{LABEL}'].hasValue()"

    restricted = f"object.metadata.?labels[?'{rights.ENFORCE}'].orValue('') == 'restricted'"
    of_namespaces = [
        # The label is given when the namespace is made, or never.
        f"object == null || {labelled('object')} && {restricted}",
        f"oldObject == null || {labelled('oldObject')}",
    ]
    changes = ["CREATE", "UPDATE", "DELETE"]
    return [
        *_policy("namespaces", "", changes, of_namespaces, f"with label {LABEL}, and Pod Security restricted"),
        *_policy("rolebindings", _RBAC, changes, [labelled("namespaceObject")], f"in a namespace with label {LABEL}"),
    ]


def _policy(resource: str, group: str, changes: list[str], allowed: list[str], where: str) -> list[dict[str, Any]]:
    name = f"{HOME}-{resource}"
    rule = {"apiGroups": [group], "apiVersions": ["v1"], "operations": changes, "resources": [resource]}
    message = f"the user of environments changes {resource} {where} only"
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "matchConditions": [{"name": "environments", "expression": f"request.userInfo.username == '{USER}'"}],
        "validations": [{"expression": one, "message": message, "reason": "Forbidden"} for one in allowed],
    }
    applied = {"policyName": name, "validationActions": ["Deny"]}
    kind = "ValidatingAdmissionPolicy"
    return [
        rights.manifest(_POLICY, kind, name, spec=spec),
        rights.manifest(_POLICY, f"{kind}Binding", name, spec=applied),
    ]
