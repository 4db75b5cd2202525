"""How to reach an environment, as the comment of a pull request says it."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from .. import programs
from ..stack import Stack
from .records import Record, now

Object = dict[str, Any]


def marker(name: str) -> str:
    """The hidden first line, by which the next run finds its comment; cli/github/texts.py reads it."""
    return f"<!-- kubeauth-environment:{name} -->"


def running(record: Record, found: list[Object]) -> str:
    """The comment on an environment that runs.

    Args:
        record: The environment.
        found: The Services and Ingresses of its namespace.
    """
    rows = [*_ingresses(found), *_services(found)]
    table = ["| | address | from your machine |", "|---|---|---|", *rows] if rows else ["It has no Service."]
    lines = [
        _head(record.name, "✅ It runs."),
        f"Namespace `{record.namespace}`, commit `{record.commit[:10]}`, settings of stack `{record.base}`, passwords "
        f"of its own; data: {_plain(record.data) or 'none'}.",
        "\n".join(table),
        f"Made {_said(record.age(now()))} ago. It goes when the pull request is closed or the label is taken away, and "
        f"at the latest {_said(record.left(now()))} after this update, at {record.expires[:16].replace('T', ' ')} UTC.",
    ]
    return "\n\n".join(lines) + "\n"


def failed(name: str, words: str) -> str:
    """The comment on an environment that could not be made; what there is of it stays for the next update."""
    kept = [line[:500] for line in words.strip().splitlines()[-40:]]
    longest = max((len(run) for run in re.findall(r"`+", "\n".join(kept))), default=0)
    fence = "`" * max(3, longest + 1)
    told = "What was made of it stays; the next update goes on, and it is removed with the label."
    return "\n\n".join([_head(name, "❌ It failed."), "\n".join([fence, *kept, fence]), told]) + "\n"


def gone(name: str) -> str:
    """The comment on an environment that was removed."""
    return f"{_head(name, '🧹 It is gone.')}\n\nNamespace, data, passwords and state were removed.\n"


def objects(stack: Stack, namespace: str) -> list[Object]:
    """The Services and Ingresses of a namespace, as the cluster has them; a reader may lack the right to some."""
    found: list[Object] = []
    for kind in ("services", "ingresses.networking.k8s.io"):
        command = ("kubectl", "--namespace", namespace, "get", kind, "--output", "json", "--request-timeout", "10s")
        try:
            found += json.loads(stack.ask(*command, purpose=f"read the {kind}"))["items"]
        except (programs.Forbidden, programs.NotFound):
            continue
    return found


def _head(name: str, verdict: str) -> str:
    return f"{marker(name)}\n\n### Environment `{name}`\n\n**{verdict}**"


def _services(found: list[Object]) -> Iterator[str]:
    for item in (one for one in found if one["kind"] == "Service"):
        name, namespace, spec = item["metadata"]["name"], item["metadata"]["namespace"], item["spec"]
        ports = [int(port["port"]) for port in spec.get("ports") or []]
        # A headless Service names pods; the one beside it is the way in.
        if not ports or spec.get("clusterIP") == "None":
            continue
        places = [f"`{name}.{namespace}.svc:{port}`" for port in ports]
        status = (item.get("status") or {}).get("loadBalancer") or {}
        outside = [str(one.get("hostname") or one.get("ip")) for one in status.get("ingress") or []]
        places += [f"`{_plain(host)}:{port}`" for host in outside for port in ports]
        forward = f"`kubectl --namespace {namespace} port-forward service/{name} {' '.join(map(str, ports))}`"
        yield f"| Service {name} | {'<br>'.join(places)} | {forward} |"


def _ingresses(found: list[Object]) -> Iterator[str]:
    for item in (one for one in found if one["kind"] == "Ingress"):
        spec = item["spec"]
        secured = {host for entry in spec.get("tls") or [] for host in entry.get("hosts") or []}
        hosts = [str(rule["host"]) for rule in spec.get("rules") or [] if rule.get("host")]
        links = [f"{'https' if host in secured else 'http'}://{_plain(host)}/" for host in hosts]
        if links:
            yield f"| Ingress {item['metadata']['name']} | {'<br>'.join(links)} | |"


def _plain(text: str) -> str:
    """Text that is no Markdown."""
    return re.sub(r"[^\w .,:/@*+-]", "?", text)


def _said(time: timedelta) -> str:
    """A time as people say it, in minutes or hours."""
    minutes = max(0, round(time.total_seconds() / 60))
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"
