"""A local cluster of two nodes: its pods reach each other, policies hold between them, and one node may be lost."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab import images, toolchain
from lab.node import Node, owned

from .conftest import eventually

pytestmark = pytest.mark.cluster

PAGE = "/run/index.html"
SERVE = f"echo $NODE > {PAGE}; httpd -p 8080 -h /run; exec sleep 100000"
#: Counts its starts in its volume.
COUNT = "echo started >> /data/count; exec sleep 100000"
PORT = 32001


@dataclass
class Cluster:
    """Two nodes with a server on each, a Service before them and one before nothing, and a volume on the second."""

    node: Node
    programs: Path
    archives: list[Path]

    def start(self) -> None:
        """As `make up NODES=2` does."""
        self.node.start(programs=self.programs, images=self.archives, nodes=2)

    def kubectl(self, *arguments: str, stdin: str = "", ok: bool = True) -> str:
        """Run kubectl as the administrator; what fails where it may has printed nothing."""
        command = ["kubectl", f"--kubeconfig={self.node.kubeconfig}", "-n", "test", "--request-timeout=20s", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False)
        assert not (done.returncode and ok), done.stdout + done.stderr
        return done.stdout

    def get(self, *arguments: str) -> dict[str, Any]:
        """`kubectl get … --output json`."""
        return json.loads(self.kubectl("get", *arguments, "--output", "json"))

    def servers(self) -> dict[str, str]:
        """The servers' pods by their nodes."""
        return {pod["spec"]["nodeName"]: pod["metadata"]["name"] for pod in self.get("pods", "-l", "app=web")["items"]}

    def ask(self, pod: str, address: str, port: int) -> str:
        """What an HTTP server answers a pod; or why it does not, with the seconds that took."""
        script = (
            f"begun=$(date +%s); printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {address} {port} 2>&1"
            " | tail -n 1; [ $(($(date +%s) - begun)) -le 1 ] || echo late"
        )
        return self.kubectl("exec", pod, "--", "sh", "-c", script).strip()


def pod(script: str, **spec: Any) -> dict[str, Any]:
    """A pod's specification."""
    name = {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
    container = {"name": "main", "image": images.REFERENCES["pause"], "command": ["sh", "-c", script], "env": [name]}
    mounts = [{"name": "data", "mountPath": "/data"}] if "volumes" in spec else []
    return {"terminationGracePeriodSeconds": 0, "containers": [{**container, "volumeMounts": mounts}], **spec}


def service(name: str, app: str, **spec: Any) -> dict[str, Any]:
    """A Service before the pods of an application."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": app}, **spec},
    }


def manifests(second: str) -> list[dict[str, Any]]:
    """What is on the cluster."""
    labels = {"metadata": {"labels": {"app": "web"}}}
    ports = [{"name": str(port), "port": port, "targetPort": 8080} for port in (80, 6443, 10250)]
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}
    volume = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "test"}},
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "web"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {**labels, "spec": pod(SERVE)}},
        },
        service("web", "web", type="NodePort", ports=[{"port": 80, "targetPort": 8080, "nodePort": PORT}]),
        service("empty", "nobody", ports=ports),
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": claim},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "keeper"},
            "spec": pod(COUNT, nodeSelector={"kubernetes.io/hostname": second}, volumes=volume),
        },
    ]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    node = Node(owned.name("test", "two"))
    made = Cluster(node, toolchain.ensure("engine", "node").bin, [images.archives("pause")["pause"]])
    try:
        made.start()
        objects = {"apiVersion": "v1", "kind": "List", "items": manifests(f"{node.name}-2")}
        made.kubectl("apply", "-f", "-", stdin=json.dumps(objects))
        made.kubectl("rollout", "status", "daemonset/web", "--timeout=90s")
        made.kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=90s")
        yield made
    finally:
        node.reset()
        assert node.leftovers() == []


def fetched(node: Node) -> str:
    """What the node port answers the host."""
    command = ["curl", "-s", "-m", "2", "--noproxy", "*", f"http://{node.address}:{PORT}/"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def test_a_service_reaches_pods_on_both_nodes_from_each_of_them_and_from_the_host(cluster):
    both = {cluster.node.name, f"{cluster.node.name}-2"}
    servers, address = cluster.servers(), cluster.get("service", "web")["spec"]["clusterIP"]
    assert set(servers) == both
    for name in servers.values():
        assert f"Address: {address}" in cluster.kubectl("exec", name, "--", "nslookup", "web.test.svc.cluster.local")
        assert {cluster.ask(name, address, 80) for _ in range(20)} == both
    assert {fetched(cluster.node) for _ in range(20)} == both


def test_a_service_without_ready_pods_refuses_at_once_also_where_a_daemon_has_the_port(cluster):
    # 6443 and 10250 are the API server's and the kubelet's on the node itself.
    address = cluster.get("service", "empty")["spec"]["clusterIP"]
    for name in cluster.servers().values():
        for port in (80, 6443, 10250):
            said = cluster.ask(name, address, port)
            assert said.endswith("Connection refused"), (port, said)
    for box in cluster.node.boxes:
        tried = box.run(["curl", "-s", "-m", "5", "--noproxy", "*", "-w", "%{time_total}", f"http://{address}"])
        assert (tried.returncode, float(tried.stdout) < 1) == (7, True)


def test_a_network_policy_holds_between_nodes(cluster):
    first, second = (cluster.servers()[name] for name in (cluster.node.name, f"{cluster.node.name}-2"))
    address = cluster.get("pod", second)["status"]["podIP"]
    assert cluster.ask(first, address, 8080) == f"{cluster.node.name}-2"
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "closed"},
        "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"], "ingress": []},
    }
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(policy))
    assert eventually(lambda: f"{cluster.node.name}-2" not in cluster.ask(first, address, 8080))
    cluster.kubectl("delete", "networkpolicy", "closed")
    assert eventually(lambda: cluster.ask(first, address, 8080) == f"{cluster.node.name}-2")


def test_a_lost_node_comes_back_with_its_volumes_and_the_other_one_goes_on(cluster):
    first, (worker,) = cluster.servers()[cluster.node.name], cluster.node.workers
    worker.stop(grace=False)
    assert f"node {worker.name}: stopped" in cluster.node.status()
    assert eventually(lambda: fetched(cluster.node) == cluster.node.name)
    assert cluster.kubectl("exec", first, "--", "cat", PAGE).strip() == cluster.node.name
    before = cluster.node.process
    cluster.start()
    assert cluster.node.process == before
    assert f"node {worker.name}: ready" in cluster.node.status()
    # Until the kubelet has looked, the API server has the word of before: ready.
    started = ("exec", "keeper", "--", "cat", "/data/count")
    assert eventually(lambda: cluster.kubectl(*started, ok=False) == "started\nstarted\n", 60)
    assert eventually(lambda: {fetched(cluster.node) for _ in range(10)} == set(cluster.servers()))
