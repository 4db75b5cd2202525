"""Whether a node does its work: asked of its daemons, its API server and the services around it."""

import json
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy  # nosec B411 - the node's own supervisor answers

from supervisor.xmlrpc import SupervisorTransport

from lab.node.process import Process

SOCKET = "/run/supervisor.sock"
#: A question is answered at once; stopping a daemon takes as long as its stopwaitsecs.
ASK_SECONDS, ACT_SECONDS = 3, 10
#: Run once per start and end.
ONCE = ("addons", "join")


@dataclass(frozen=True)
class Api:
    """Where the cluster's API server answers, and as whom to ask it."""

    network: IPv4Network
    """The network between host and first node."""
    pki: Path
    """The folder with the first node's certificates."""

    @property
    def address(self) -> str:
        """The first node's address."""
        return str(list(self.network.hosts())[1])


class _Transport(SupervisorTransport):
    """Without a limit, a supervisord that hangs would hang whoever asks it."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(serverurl=f"unix://{path}")
        unlimited = self._get_connection

        def limited() -> HTTPConnection:
            connection = unlimited()
            connection.connect()
            connection.sock.settimeout(seconds)
            return connection

        self._get_connection = limited


def supervisor(process: Process, seconds: float = ACT_SECONDS) -> Any:
    """The remote interface of the node's supervisord."""
    return ServerProxy("http://node", transport=_Transport(process.path(SOCKET), seconds)).supervisor


def daemons(process: Process) -> list[dict[str, Any]]:
    """What supervisord says of each daemon; empty if it does not answer."""
    try:
        return supervisor(process, ASK_SECONDS).getAllProcessInfo()
    except (OSError, Fault):
        return []


def _works(daemon: dict[str, Any]) -> bool:
    if daemon["name"] in ONCE:
        return daemon["statename"] == "EXITED" and daemon["exitstatus"] == 0
    return daemon["statename"] == "RUNNING"


def answers(url: str) -> bool:
    """Whether a daemon says that it is well; the node's own address is never a proxy's business."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def _node(name: str, api: Api) -> dict[str, Any] | None:
    """What the API server says of the node; None if it does not answer."""
    context = ssl.create_default_context(cafile=api.pki / "ca.crt")
    context.load_cert_chain(api.pki / "apiserver-kubelet-client.crt", api.pki / "apiserver-kubelet-client.key")
    try:
        with (
            socket.create_connection((api.address, 6443), timeout=3) as plain,
            context.wrap_socket(plain, server_hostname="kubernetes") as encrypted,
        ):
            connection = HTTPConnection(api.address)
            connection.sock = encrypted
            connection.request("GET", f"/api/v1/nodes/{name}")
            answer = connection.getresponse()
            return json.loads(answer.read()) if answer.status == 200 else None
    except (OSError, HTTPException):
        return None


def trouble(process: Process, name: str, api: Api) -> str:
    """What is not in order yet with the node of this name, in a few words; empty when all is well."""
    states = daemons(process)
    if not states:
        return "supervisord does not answer"
    if idle := [daemon["name"] for daemon in states if not _works(daemon)]:
        return f"not running: {', '.join(idle)}"
    node = _node(name, api)
    if node is None:
        return "the API server does not answer"
    ready = next((item for item in node["status"].get("conditions", []) if item["type"] == "Ready"), None)
    if not ready:
        return "the kubelet has not reported yet"
    if ready["status"] != "True":
        return f"the kubelet is not ready: {ready['message']}"
    # The API server keeps the word of a kubelet that ended long ago.
    if ready["lastHeartbeatTime"] < time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(process.launched)):
        return "the kubelet has not reported yet"
    if any(taint["key"].startswith("node.kubernetes.io/") for taint in node["spec"].get("taints", [])):
        return "the scheduler does not use the node yet"
    return ""


def wait(process: Process, ask: Callable[[Process], str], seconds: float) -> str:
    """Wait until nothing is wrong; what still is after `seconds`, or empty."""
    deadline = time.monotonic() + seconds
    while wrong := ask(process):
        if not process.alive():
            return "the node ended"
        if time.monotonic() > deadline:
            return wrong
        time.sleep(0.2)
    return ""
