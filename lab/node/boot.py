"""PID 1 of a node until supervisord takes over: private mounts, then the node's side of its network.

Runs inside the new namespaces as a file of its own: standard library only. Arguments: one JSON object and the number of
the socket to the starter. If the starter dies before it says go, this process ends, and the kernel removes everything.
"""

import json
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

# The kubelet writes these kernel settings, which belong to the whole machine; it gets files of its own to write to.
KERNEL = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


def sh(*command: str, lines: str = "") -> None:
    """Run a program, with `lines` to read; its failure ends the node with the reason in boot.log."""
    subprocess.run(command, check=True, text=True, input=lines)


def mounts(directory: str, programs: str, kubectl: str) -> None:
    """Give the node its own /run, /var/log and layer of /var/lib: the same paths in every node, nothing on the host."""
    sh("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for name in ("kubeauth", "bin", "lock", "netns", "tmp", "kernel", "lib/upper", "lib/work"):
        Path("/run", name).mkdir(parents=True)
    sh("mount", "--bind", directory, "/run/kubeauth")
    sh("mount", "--bind", programs, "/run/bin")
    sh("mount", "-o", "remount,bind,ro", "/run/bin")
    sh("mount", "--bind", "/run/kubeauth/log", "/var/log")
    layers = "lowerdir=/var/lib,upperdir=/run/lib/upper,workdir=/run/lib/work"
    sh("mount", "-t", "overlay", "-o", layers, "overlay", "/var/lib")
    for name, value in KERNEL.items():
        copy = Path("/run/kernel", name.replace("/", "."))
        copy.write_text(value + "\n")
        sh("mount", "--bind", str(copy), f"/proc/sys/{name}")
    # A path that stays, for the programs that start and set up the daemons.
    Path("/run/python").symlink_to(os.path.realpath(sys.executable))
    Path("/run/kubectl").symlink_to(kubectl)
    # The kubelet passes mounts on to containers; the namespace is private, so nothing reaches the host.
    sh("mount", "--make-rshared", "/")


def network(batch: list[str], kept: list[str], services: str) -> None:
    """Addresses and routes. Nothing but answers leaves: no default route, and no connection from a pod to the host.

    Args:
        batch: Commands for `ip -batch`.
        kept: Networks that begin no connection through eth0.
        services: The addresses of Services. What still has one after kube-proxy's rules has no ready pod: it is refused
            at once, as on other clusters. kube-router accepts it before kube-proxy's own rule could.
    """
    sh("ip", "-batch", "-", lines="\n".join(batch))
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    for addresses in kept:
        rule = ("POSTROUTING", "-o", "eth0", "-s", addresses, "-m", "conntrack", "--ctstate", "NEW", "-j", "DROP")
        sh("iptables", "-t", "mangle", "-A", *rule)
    sh("iptables", "-A", "INPUT", "-d", services, "-j", "REJECT", "--reject-with", "icmp-port-unreachable")


def main() -> None:
    """Set up, report to the starter, wait for its go, become supervisord."""
    # A strict umask of whoever starts the node would lock pods that are not root out of their own files.
    os.umask(0o022)
    settings = json.loads(sys.argv[1])
    with socket.socket(fileno=int(sys.argv[2])) as starter:
        mounts(settings["directory"], settings["programs"], settings["kubectl"])
        starter.sendall(b"ready")
        if not starter.recv(2):
            sys.exit("the starter went away")
    network(settings["network"], settings["kept"], settings["services"])
    # Containers inherit the limit; the hard one is all this process may take.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    configuration = "/run/kubeauth/etc/supervisord.conf"
    os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", "-c", configuration])  # noqa: S606


if __name__ == "__main__":
    main()
