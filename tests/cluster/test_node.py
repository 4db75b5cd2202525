"""The local node itself: it starts, it is a real cluster, it survives being killed, it leaves nothing behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli import paths
from cli.console import Problem
from lab import images, toolchain
from lab.node import Node, health, owned

from .conftest import eventually

pytestmark = pytest.mark.cluster

Kubectl = Callable[..., str]
MARK = "kubeauth-canary-5f2c"
SAFE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
KERNEL = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward")


@pytest.fixture(scope="module")
def programs() -> Path:
    """The Kubernetes programs: those of the toolchain, unless the environment names others."""
    given = os.environ.get("KUBEAUTH_PROGRAMS")
    return Path(given) if given else toolchain.ensure("engine", "node").bin


@pytest.fixture(scope="module")
def archives() -> list[Path]:
    return [images.archives("pause")["pause"]]


@pytest.fixture(scope="module")
def fresh(programs: Path) -> Iterator[Callable[[str], Node]]:
    """Makes nodes with names of their own, and deletes them when the tests are done."""
    made: list[Node] = []

    def make(suffix: str) -> Node:
        made.append(Node(owned.name("test", suffix)))
        return made[-1]

    yield make
    for node in made:
        node.reset()


@pytest.fixture(scope="module")
def node(fresh: Callable[[str], Node], programs: Path, archives: list[Path]) -> Node:
    made = fresh("main")
    made.start(programs=programs, images=archives)
    return made


def _kubectl(node: Node, programs: Path) -> Kubectl:
    built = programs / "kubectl"
    program = str(built) if built.exists() else shutil.which("kubectl") or "kubectl"

    def kubectl(*arguments: str, stdin: str = "", succeeds: bool = True) -> str:
        done = subprocess.run(
            [program, f"--kubeconfig={node.kubeconfig}", f"--cache-dir={node.kubeconfig.parent / 'test'}", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert (done.returncode == 0) == succeeds, done.stdout + done.stderr
        return done.stdout + done.stderr

    return kubectl


@pytest.fixture(scope="module")
def kubectl(node: Node, programs: Path) -> Kubectl:
    return _kubectl(node, programs)


def pod(name: str, script: str, volume: dict[str, Any] | None = None) -> dict[str, Any]:
    """A pod that Pod Security "restricted" admits; /data is `volume`."""
    mounts = [{"name": "data", "mountPath": "/data"}]
    container = {"name": "main", "image": "localhost/pause:1", "command": ["sh", "-c", script]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "test", "labels": {"app": name}},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10999,
                "runAsGroup": 10999,
                "fsGroup": 10999,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container | {"securityContext": SAFE, "volumeMounts": mounts}],
            "volumes": [{"name": "data", **(volume or {"emptyDir": {}})}],
        },
    }


IDLE = "trap 'exit 0' TERM; while :; do sleep 0.2; done"
#: Counts its starts in the volume and serves the count.
SERVE = "trap 'exit 0' TERM; echo started >> /data/count && httpd -p 8080 -h /data; while :; do sleep 0.2; done"


@pytest.fixture(scope="module")
def system(kubectl: Kubectl) -> str:
    """A server with a volume behind a NodePort Service, and a client; the node port's number."""
    objects = [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": "test", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": "test"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "server", "namespace": "test"},
            "spec": {
                "type": "NodePort",
                "selector": {"app": "server"},
                "ports": [{"port": 80, "targetPort": 8080, "nodePort": 32001}],
            },
        },
        pod("server", SERVE, {"persistentVolumeClaim": {"claimName": "data"}}),
        pod("client", IDLE),
    ]
    kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    kubectl("-n", "test", "wait", "--for=condition=Ready", "pod", "--all", "--timeout=90s")
    return "32001"


def pids(node: Node) -> dict[str, int]:
    """Each daemon's pid inside the node; 0 while it does not run."""
    assert node.process
    return {daemon["name"]: daemon["pid"] for daemon in health.daemons(node.process)}


def fetch(address: str) -> str:
    """What a web server answers; empty if it does not."""
    done = subprocess.run(["curl", "-s", "-m", "2", "--noproxy", "*", address], capture_output=True, text=True)
    return done.stdout


def ask(kubectl: Kubectl, address: str, port: str = "80") -> str:
    """The same from the client pod. Its wget cannot look up names (static libc), so it gets an IP address."""
    script = f"printf 'GET /count HTTP/1.0\\r\\n\\r\\n' | nc -w 2 {address} {port}; true"
    return kubectl("-n", "test", "exec", "client", "--", "sh", "-c", script)


def test_a_second_start_changes_nothing(node: Node, programs: Path, archives: list[Path]) -> None:
    before = node.process
    node.start(programs=programs, images=archives)
    assert node.process == before


def test_status_names_every_daemon(node: Node) -> None:
    status = node.status()
    assert f"node {node.name}: ready" in status
    for daemon in ("etcd", "kube-apiserver", "kubelet", "containerd", "coredns", "kube-router"):
        assert f"  {daemon} " in status
    assert node.name in [other.name for other in Node.all()]


@pytest.mark.usefixtures("system")
def test_unprivileged_pod_writes_to_a_volume(kubectl: Kubectl) -> None:
    assert kubectl("-n", "test", "exec", "server", "--", "cat", "/data/count") == "started\n"
    owner = kubectl("-n", "test", "exec", "server", "--", "stat", "-c", "%u:%g", "/data/count")
    assert owner.strip() == "10999:10999"


@pytest.mark.usefixtures("system")
def test_pod_security_refuses(kubectl: Kubectl) -> None:
    bad = pod("bad", IDLE)
    bad["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    assert "violates PodSecurity" in kubectl("apply", "-f", "-", stdin=json.dumps(bad), succeeds=False)


@pytest.mark.usefixtures("system")
def test_names_resolve_in_pods(kubectl: Kubectl) -> None:
    address = kubectl("-n", "test", "get", "service", "server", "-o", "jsonpath={.spec.clusterIP}")
    answer = kubectl("-n", "test", "exec", "client", "--", "nslookup", "server.test.svc.cluster.local")
    assert f"Address: {address}" in answer
    unknown = kubectl("-n", "test", "exec", "client", "--", "nslookup", "example.com", succeeds=False)
    assert "NXDOMAIN" in unknown


def test_node_port_answers_on_the_host(node: Node, system: str) -> None:
    assert eventually(lambda: fetch(f"http://{node.address}:{system}/count") == "started\n")


@pytest.mark.usefixtures("system")
def test_logs_and_exec(kubectl: Kubectl) -> None:
    assert kubectl("-n", "test", "logs", "client") == ""
    assert kubectl("-n", "test", "exec", "client", "--", "id", "-u") == "10999\n"


@pytest.mark.usefixtures("system")
def test_network_policy_is_enforced(kubectl: Kubectl) -> None:
    address = kubectl("-n", "test", "get", "pod", "server", "-o", "jsonpath={.status.podIP}")
    service = kubectl("-n", "test", "get", "service", "server", "-o", "jsonpath={.spec.clusterIP}")
    assert "started" in ask(kubectl, address, "8080")
    assert "started" in ask(kubectl, service)
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny", "namespace": "test"},
        "spec": {"podSelector": {"matchLabels": {"app": "server"}}, "policyTypes": ["Ingress"]},
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(policy))
    assert eventually(lambda: "started" not in ask(kubectl, address, "8080"))
    assert "started" not in ask(kubectl, service)
    policy["spec"]["ingress"] = [{"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]}]
    kubectl("apply", "-f", "-", stdin=json.dumps(policy))
    assert eventually(lambda: "started" in ask(kubectl, address, "8080"))
    kubectl("-n", "test", "delete", "networkpolicy", "deny")


@pytest.mark.usefixtures("system")
def test_secrets_are_encrypted_on_disk(node: Node, kubectl: Kubectl) -> None:
    kubectl("-n", "test", "create", "secret", "generic", "canary", f"--from-literal=value={MARK}")
    kubectl("-n", "test", "create", "configmap", "canary", f"--from-literal=value=plain-{MARK}")
    etcd = b"".join(path.read_bytes() for path in (node.kubeconfig.parent / "etcd").rglob("*") if path.is_file())
    # The ConfigMap shows that the search would find it; nothing else may hold the value.
    assert etcd.count(MARK.encode()) == etcd.count(f"plain-{MARK}".encode()) > 0


@pytest.mark.usefixtures("system")
def test_pods_cannot_reach_the_host(node: Node, kubectl: Kubectl) -> None:
    host = str(next(node.network.hosts()))
    script = "timeout 2 nc {} {} < /dev/null; echo $?"
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", "--bind", host, "0"], stderr=subprocess.DEVNULL
    ) as server:
        try:
            assert eventually(lambda: bool(psutil.Process(server.pid).net_connections()))
            port = psutil.Process(server.pid).net_connections()[0].laddr.port
            assert fetch(f"http://{host}:{port}/")
            answer = kubectl("-n", "test", "exec", "client", "--", "sh", "-c", script.format(host, port))
        finally:
            server.kill()
    assert answer.strip() != "0"


def test_pods_and_data_survive_a_stop(node: Node, system: str, programs: Path, archives: list[Path]) -> None:
    address = node.address
    node.stop()
    assert not node.running()
    assert node.leftovers() == []
    node.start(programs=programs, images=archives)
    assert node.address == address
    assert eventually(lambda: fetch(f"http://{node.address}:{system}/count") == "started\nstarted\n", 60)


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("daemon", ["etcd", "kube-apiserver", "containerd", "kubelet"])
def test_killed_daemon_comes_back(node: Node, kubectl: Kubectl, daemon: str) -> None:
    containers = kubectl(
        "-n", "test", "get", "pod", "client", "-o", "jsonpath={.status.containerStatuses[0].containerID}"
    )
    before = pids(node)[daemon]
    node.run(["kill", "-KILL", str(before)], check=True)
    assert eventually(lambda: pids(node)[daemon] not in {0, before})
    assert eventually(lambda: f"node {node.name}: ready" in node.status(), 60)
    after = kubectl("-n", "test", "get", "pod", "client", "-o", "jsonpath={.status.containerStatuses[0].containerID}")
    assert after == containers


def test_two_nodes_at_once(
    node: Node, fresh: Callable[[str], Node], programs: Path, archives: list[Path], system: str
) -> None:
    other = fresh("other")
    other.start(programs=programs, images=archives)
    assert other.address != node.address
    for one in (node, other):
        names = json.loads(_kubectl(one, programs)("get", "nodes", "-o", "json"))["items"]
        assert [item["metadata"]["name"] for item in names] == [one.name]
    other.reset()
    assert other.leftovers() == []
    assert not other.kubeconfig.parent.exists()
    assert fetch(f"http://{node.address}:{system}/count")


def test_concurrent_starts_agree(fresh: Callable[[str], Node], programs: Path, archives: list[Path]) -> None:
    one = fresh("race")
    with ThreadPoolExecutor() as pool:
        for result in [pool.submit(Node(one.name).start, programs, archives) for _ in range(3)]:
            result.result()
    assert "ready" in one.status()
    one.reset()


@pytest.mark.parametrize(
    ("victim", "moments"),
    [("starter", (0.3, 0.6, 0.9, 1.2, 2, 4, 7)), ("pid 1", (1.2, 3, 8)), ("unshare", (1.2, 5))],
)
def test_start_repairs_a_killed_start(
    fresh: Callable[[str], Node], programs: Path, archives: list[Path], victim: str, moments: tuple[float, ...]
) -> None:
    one = fresh("kill")
    command = [sys.executable, "-m", "lab.node", "start", "--node", one.name, "--programs", str(programs)]
    for moment in moments:
        starter = subprocess.Popen(
            [*command, "--image", str(archives[0])],
            cwd=paths.CHECKOUT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moment)
        if victim == "starter":
            starter.kill()
            starter.wait()
        elif process := one.process:
            os.kill(process.pid if victim == "pid 1" else psutil.Process(process.pid).ppid(), signal.SIGKILL)
            # The starter sees by itself that its node is gone, and ends.
            assert starter.wait(30) in {0, 1}
            assert eventually(lambda: not one.running())
        else:
            starter.wait(60)
    one.start(programs=programs, images=archives)
    assert f"node {one.name}: ready" in one.status()
    one.reset()
    assert one.leftovers() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_start_repairs_a_dead_and_a_hanging_node(
    fresh: Callable[[str], Node], programs: Path, archives: list[Path], number: signal.Signals
) -> None:
    one = fresh("dead")
    one.start(programs=programs, images=archives)
    before = one.process
    assert before
    before.send(number)
    one.start(programs=programs, images=archives)
    assert one.process != before
    assert f"node {one.name}: ready" in one.status()
    one.reset()
    assert one.leftovers() == []


def test_nothing_on_the_host_changes(fresh: Callable[[str], Node], programs: Path, archives: list[Path]) -> None:
    def host() -> list[str]:
        seen = [f"{name} {Path('/proc/sys', name).read_text().strip()}" for name in KERNEL]
        for tool in ("iptables-save", "ip6tables-save"):
            rules = subprocess.run([tool], capture_output=True, text=True).stdout.splitlines()
            seen += [rule for rule in rules if not rule.startswith(("#", ":"))]
        for folder in ("/run", "/run/netns", "/opt", "/etc", "/var/lib", "/var/log", "/usr/libexec", "/etc/cni"):
            seen += [str(path) for path in sorted(Path(folder).glob("*"))]
        return seen

    before = host()
    one = fresh("trace")
    one.start(programs=programs, images=archives)
    while_running = host()
    one.stop()
    assert one.leftovers() == []
    one.reset()
    assert not one.kubeconfig.parent.exists()
    assert while_running == before
    assert host() == before


@pytest.mark.parametrize("name", ["", "Upper", "under_score", "-dash", "dash-", "a" * 21, "../up"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(Problem, match="node name"):
        Node(name)


def test_without_root_there_is_a_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Problem, match="needs root") as raised:
        Node("nobody").start(programs=tmp_path)
    assert "CONTEXT=" in raised.value.fix
