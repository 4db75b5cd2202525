"""`make deployer`: a user that may deploy one stack and nothing else, and a reader, for CI and for colleagues.

An administrator makes it once per stack and cluster. The namespace is made here, too, so that nobody else needs the
right to create namespaces. Another team's project, which is no stack of this checkout, gets its users by the name of
its namespace.
"""

import base64
import json
from pathlib import Path
from typing import Any

import yaml

from .. import paths, shipped
from ..console import Problem, console, step
from . import Stack, config, environment_rights, rights
from .rights import HOME

#: How long a token is good for; `make deployer` again makes a new one.
TOKEN_HOURS = 24


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
        _apply(stack, rights.manifests(namespace, "" if other else stack.mark()))
        seen = _seen(stack)
        for user in config.USERS:
            account = rights.account(namespace, user)
            token = _lasting(stack, account) if long_lived else _token(stack, account, hours)
            _write(kubeconfig(stack, user, other), f"{user}-{namespace}", seen, token, namespace)
    if long_lived:
        _say_lasting(rights.account(namespace, "deployer"))
    then = (
        f"pulumi up in the project of namespace {other}"
        if other
        else f"make up STACK={stack.name} CONTEXT=deployer-{namespace}"
    )
    console.print(f"Next: export KUBECONFIG={kubeconfig(stack, other=other)}, then {then}.", markup=False)
    reader = kubeconfig(stack, "reader", other)
    console.print(f"{reader} is for previews and drift: it changes nothing.", markup=False)


def make_for_environments(stack: Stack, *, hours: int = TOKEN_HOURS, long_lived: bool = False) -> None:
    """Make the user of environments on the stack's cluster, and write its kubeconfig.

    Args:
        stack: A stack, which names the cluster.
        hours: How long the token is good for. Default: 24.
        long_lived: A token without an end instead.

    Raises:
        Problem: The cluster refuses it.
    """
    account = environment_rights.ACCOUNT
    with step("make the user of environments"):
        _apply(stack, environment_rights.manifests())
        token = _lasting(stack, account) if long_lived else _token(stack, account, hours)
        file = paths.LOCAL / f"{account}.kubeconfig"
        _write(file, account, _seen(stack), token, "default")
    if long_lived:
        _say_lasting(account)
    console.print(f"{file} is the secret KUBECONFIG of the GitHub environment `environments`.", markup=False)


def _apply(stack: Stack, manifests: list[dict[str, Any]]) -> None:
    text = yaml.safe_dump_all(manifests)
    _must(stack, "apply", "--server-side", "--field-manager=kubeauth-deployer", "--filename", "-", text=text)


def _seen(stack: Stack) -> dict[str, Any]:
    """The administrator's kubeconfig, which says where the cluster is."""
    return json.loads(_must(stack, "config", "view", "--raw", "--minify", "--flatten", "--output", "json"))


def _write(file: Path, name: str, seen: dict[str, Any], token: str, namespace: str) -> None:
    made = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": seen["clusters"][0]["cluster"]}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
        "current-context": name,
    }
    config.write_private(file, yaml.safe_dump(made, sort_keys=False))


def _say_lasting(account: str) -> None:
    told = f"These tokens have no end. To take one back: kubectl --namespace {HOME} delete secret {account}-token"
    console.print(told, markup=False)


def _token(stack: Stack, account: str, hours: int) -> str:
    return _must(stack, "--namespace", HOME, "create", "token", account, f"--duration={hours}h").strip()


def _lasting(stack: Stack, account: str) -> str:
    """A token without an end, for CI that cannot get a fresh one: Kubernetes writes it into a Secret of this type."""
    name, seconds = f"{account}-token", 30
    secret = rights.manifest("v1", "Secret", name, HOME, type="kubernetes.io/service-account-token")
    secret["metadata"]["annotations"] = {"kubernetes.io/service-account.name": account}
    _apply(stack, [secret])
    written = ("wait", f"secret/{name}", "--for=jsonpath={.data.token}", f"--timeout={seconds}s")
    _must(stack, "--namespace", HOME, *written)
    read = ("get", "secret", name, "--output", "jsonpath={.data.token}")
    return base64.b64decode(_must(stack, "--namespace", HOME, *read)).decode()


def kubeconfig(stack: Stack, user: str = "deployer", other: str = "") -> Path:
    """Where the kubeconfig of one of the users is written, for the stack or for another namespace."""
    return config.user_file(paths.CHECKOUT, stack.name, user, other)


def _must(stack: Stack, *arguments: str, text: str | None = None) -> str:
    done = stack.run("kubectl", *arguments, text=text)
    if done.returncode:
        raise Problem(f"the deployer was not made: {done.stderr.strip()}", "use an administrator's KUBECONFIG")
    return done.stdout
