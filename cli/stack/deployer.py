"""`make deployer`: a user that may deploy one stack and nothing else, and a reader, for CI and for colleagues.

An administrator makes it once per stack and cluster. The namespace is made here, too, so that nobody else needs the
right to create namespaces. docs/reference/deployer-role.yaml shows it for stack dev. Another team's project, which is
no stack of this checkout, gets its users by the name of its namespace.

What RBAC cannot narrow: `list` and `watch` of namespaces mean all of them, names and labels; `patch` of the own one
means all of its labels, so an admission policy keeps those that enforce Pod Security. Who deploys into a namespace
can read that namespace's Secrets, whatever the Role says: a pod may mount them.
"""

import base64
import json
from pathlib import Path
from typing import Any

import yaml

from .. import paths, shipped
from ..console import Problem, console, step
from . import Stack, config
from .policy import MARK

#: Where the users live: not in a stack's namespace, which `make destroy` may remove.
HOME = "kubeauth-deployers"
#: What each may do: the stack's commands; previews and drift, which change nothing.
USERS = ("deployer", "reader")
#: The label that makes a namespace refuse pods that are not restricted, and that of the rules' version.
ENFORCE = "pod-security.kubernetes.io/enforce"
ENFORCE_VERSION = f"{ENFORCE}-version"
PAGE = paths.CHECKOUT / "docs" / "reference" / "deployer-role.yaml"
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

Rule = dict[str, Any]


def _object(api: str, kind: str, name: str, namespace: str = "", **rest: Any) -> dict[str, Any]:
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **where}, **rest}


def _rule(group: str, resources: list[str], verbs: list[str], names: list[str] | None = None) -> Rule:
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
    return [_object(api, kind, name, spec=spec), _object(api, f"{kind}Binding", name, spec=binding)]


def role_name(namespace: str, user: str = "deployer") -> str:
    """How the Role, ClusterRole and admission policy of one of USERS, and their bindings, are called."""
    return f"kubeauth-{user}-{namespace}"


def _account(namespace: str, user: str) -> str:
    # No namespace has a dot in its name, so no other stack's user is called the same.
    return namespace if user == "deployer" else f"{namespace}.{user}"


def _user(namespace: str, user: str, rules: list[Rule], cluster: list[Rule]) -> list[dict[str, Any]]:
    """A ServiceAccount with rights in a namespace and rights in the cluster."""
    rbac, name, account = "rbac.authorization.k8s.io", role_name(namespace, user), _account(namespace, user)

    def granted(kind: str) -> dict[str, Any]:
        subject = {"kind": "ServiceAccount", "name": account, "namespace": HOME}
        return {"roleRef": {"apiGroup": rbac, "kind": kind, "name": name}, "subjects": [subject]}

    return [
        _object("v1", "ServiceAccount", account, HOME, automountServiceAccountToken=False),
        _object(f"{rbac}/v1", "Role", name, namespace, rules=rules),
        _object(f"{rbac}/v1", "RoleBinding", name, namespace, **granted("Role")),
        _object(f"{rbac}/v1", "ClusterRole", name, rules=cluster),
        _object(f"{rbac}/v1", "ClusterRoleBinding", name, **granted("ClusterRole")),
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
    its = _rule("", ["namespaces"], ["patch", "delete"], [namespace])
    # The uid of kube-system tells one cluster from another; Pulumi watches all names to see its own go. And whether a
    # storage class that is given exists.
    seen = [_rule("", ["namespaces"], READ), _rule("storage.k8s.io", ["storageclasses"], READ)]
    reading = [_rule(group, resources, READ) for group, resources, verbs in RULES if set(READ) <= set(verbs)]
    own = _object("v1", "Namespace", namespace)
    own["metadata"]["labels"] = {ENFORCE: "restricted"}
    if mark:
        own["metadata"]["annotations"] = {MARK: mark}
    return [
        _object("v1", "Namespace", HOME),
        own,
        *_user(namespace, "deployer", [_rule(*rule) for rule in RULES], [its, *seen]),
        *_pod_security(role_name(namespace), f"system:serviceaccount:{HOME}:{_account(namespace, 'deployer')}"),
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


def check(namespace: str, key: str = "NAMESPACE", fix: str = "make deployer NAMESPACE=shop") -> None:
    """Refuse what is no namespace for a project: Pod Security "restricted" would stop the pods of the cluster's own.

    Args:
        namespace: Its name.
        key: What it was given as. Default: the variable for `make`.
        fix: What to type for another one.

    Raises:
        Problem: Names the rule.
    """
    rules = [error.rule for error in shipped.component("inputs.validation").name(key, namespace, "shop")]
    if namespace in ("default", HOME) or namespace.startswith("kube-"):
        rules.append("a project's own namespace, not one of the cluster's")
    if rules:
        raise Problem(f"{key} = {namespace!r}\n  rule: {'; '.join(rules)}", fix)


def make(stack: Stack, other: str = "", *, hours: int = TOKEN_HOURS, long_lived: bool = False) -> None:
    """Make the users with the rights of whoever runs this, and write a kubeconfig with a token for each.

    Args:
        stack: The stack, which names the cluster.
        other: The namespace of another team's project. Default: the stack's own.
        hours: How long the tokens are good for; a cluster may allow less. Default: 24.
        long_lived: Tokens without an end instead, kept in Secrets of the namespace of the users.

    Raises:
        Problem: The name is no namespace's, or the cluster refuses it.
    """
    if not other and not config.declares("namespaceName"):
        raise Problem("this project's Pulumi.yaml has no key namespaceName", "make deployer NAMESPACE=<the namespace>")
    namespace = other or str(config.value(stack.config_file, "namespaceName"))
    if other:
        check(other)
    else:
        check(namespace, "namespaceName", "pulumi config set namespaceName shop")
    with step(f"make the deployer of namespace {namespace}"):
        wanted = yaml.safe_dump_all(manifests(namespace, "" if other else stack.mark()))
        _must(stack, "apply", "--server-side", "--field-manager=kubeauth-deployer", "--filename", "-", text=wanted)
        seen = json.loads(_must(stack, "config", "view", "--raw", "--minify", "--flatten", "--output", "json"))
        for user in USERS:
            account = _account(namespace, user)
            token = _lasting(stack, account) if long_lived else _token(stack, account, hours)
            name = f"{user}-{namespace}"
            made = {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": name, "cluster": seen["clusters"][0]["cluster"]}],
                "users": [{"name": name, "user": {"token": token}}],
                "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
                "current-context": name,
            }
            config.write_private(kubeconfig(stack, user, other), yaml.safe_dump(made, sort_keys=False))
    if long_lived:
        console.print(
            "These tokens have no end. To take one back: kubectl --namespace"
            f" {HOME} delete secret {_account(namespace, 'deployer')}-token",
            markup=False,
        )
    then = (
        f"pulumi up in the project of namespace {other}"
        if other
        else f"make up STACK={stack.name} CONTEXT=deployer-{namespace}"
    )
    console.print(f"Next: export KUBECONFIG={kubeconfig(stack, other=other)}, then {then}.", markup=False)
    reader = kubeconfig(stack, "reader", other)
    console.print(f"{reader} is for previews and drift: it changes nothing.", markup=False)


def _token(stack: Stack, account: str, hours: int) -> str:
    return _must(stack, "--namespace", HOME, "create", "token", account, f"--duration={hours}h").strip()


def _lasting(stack: Stack, account: str) -> str:
    """A token without an end, for CI that cannot get a fresh one: Kubernetes writes it into a Secret of this type."""
    name, seconds = f"{account}-token", 30
    secret = _object("v1", "Secret", name, HOME, type="kubernetes.io/service-account-token")
    secret["metadata"]["annotations"] = {"kubernetes.io/service-account.name": account}
    apply = ("apply", "--server-side", "--field-manager=kubeauth-deployer", "--filename", "-")
    _must(stack, *apply, text=yaml.safe_dump(secret))
    written = ("wait", f"secret/{name}", "--for=jsonpath={.data.token}", f"--timeout={seconds}s")
    _must(stack, "--namespace", HOME, *written)
    read = ("get", "secret", name, "--output", "jsonpath={.data.token}")
    return base64.b64decode(_must(stack, "--namespace", HOME, *read)).decode()


def kubeconfig(stack: Stack, user: str = "deployer", other: str = "") -> Path:
    """Where the kubeconfig of one of USERS is written, for the stack or for another namespace."""
    return kubeconfig_in(paths.CHECKOUT, stack.name, user, other)


def kubeconfig_in(checkout: Path, stack: str, user: str = "deployer", other: str = "") -> Path:
    """Where that is in any checkout."""
    return checkout / paths.LOCAL.name / f"{user}-{f'in-{other}' if other else stack}.kubeconfig"


def _must(stack: Stack, *arguments: str, text: str | None = None) -> str:
    done = stack.run("kubectl", *arguments, text=text)
    if done.returncode:
        raise Problem(f"the deployer was not made: {done.stderr.strip()}", "use an administrator's KUBECONFIG")
    return done.stdout
