"""DNS queries that one lookup of DB_HOST takes: in a pod with the component's dnsConfig, and in a plain one."""

from typing import Any

import yaml

from lab import images
from lab.node import Node

from . import render
from .inline import FIRST
from .parts import Given, Part
from .sides import NAMESPACE
from .system import System

_HOST = f"{FIRST}-service.{NAMESPACE}.svc.cluster.local"
_LOOKUPS = 20
_WAIT = ["python", "-c", "import time; time.sleep(3600)"]
_ASK = f"""
import socket
for _ in range({_LOOKUPS}):
    try:
        socket.getaddrinfo("{_HOST}", 3306)
    except socket.gaierror:
        pass
"""


def run(system: System, given: Given) -> dict[str, Any]:
    """Count in both pods, which do nothing else."""
    resources = {item.name: item for item in render.render(system, 1)}
    auth, service = resources["authenticate-deployment"], resources[f"{FIRST}-service"]
    component = auth.manifest()["spec"]["template"]["spec"]["dnsConfig"]
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    pods = [_pod("component", component), _pod("plain", None)]
    objects = yaml.safe_dump_all([namespace, service.manifest(), *pods])
    system.run("kubectl", "apply", "--filename", "-", stdin=objects)
    system.run("kubectl", "wait", "--for=condition=Ready", "pod/component", "pod/plain", "--timeout=120s")
    counted = {name: _count(system, name) for name in ("component", "plain")}
    system.run("kubectl", "delete", "--filename", "-", "--wait", "--grace-period=1", stdin=objects)
    return counted


def _pod(name: str, dns: dict[str, Any] | None) -> dict[str, Any]:
    container = {"name": "ask", "image": images.REFERENCES["authenticate"], "command": _WAIT}
    spec = {"containers": [container], **({"dnsConfig": dns} if dns else {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def _count(system: System, pod: str) -> float:
    """Queries per lookup: the packets of the pod to any DNS server while it asks."""
    node = system.node or Node("")
    address = system.run("kubectl", "get", "pod", pod, "--output", "jsonpath={.status.podIP}").output
    rule = ["-s", address, "-p", "udp", "--dport", "53", "-j", "ACCEPT"]
    node.run(["iptables", "-t", "raw", "-I", "PREROUTING", *rule], check=True)
    system.run("kubectl", "exec", pod, "--", "python", "-c", _ASK)
    listed = node.run(["iptables", "-t", "raw", "-L", "PREROUTING", "1", "-v", "-n", "-x"], check=True).stdout
    node.run(["iptables", "-t", "raw", "-D", "PREROUTING", *rule], check=True)
    return int(listed.split()[0]) / _LOOKUPS


def summary(results: dict[str, Any]) -> list[str]:
    """One line per pod."""
    return [f"{name} pod: {queries:g} queries per lookup" for name, queries in results.items()]


PART = Part("DNS queries per lookup", run, summary, lambda given: 15)
