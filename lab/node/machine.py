"""What the machine must have: Linux, root and a handful of Debian packages, installed when that is possible."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from cli.console import Problem, step
from lab import apt

OWN_CLUSTER = "name a cluster of your own (make up CONTEXT=<context>), or run this on Linux as root"
#: Program to look for, and the Debian package that has it.
PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "ipset": "ipset",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
}
CNI_PLUGINS = ("ptp", "host-local", "loopback", "portmap")
CNI_PACKAGE = "containernetworking-plugins"
CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
#: inotify instances of a node: 19 were counted on 2026-11-26, with the pods of stack dev; the rest is for other pods.
INOTIFY = 24
INOTIFY_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
#: Asked for by name, because inside a network namespace the kernel does not load them by itself.
MODULES = ("overlay", "br_netfilter", "ip_set", "xt_set", "xt_conntrack", "xt_comment", "xt_mark")


def cni_plugins() -> Path | None:
    """The folder with the network plugins, if there is one."""
    for folder in CNI_FOLDERS:
        if all((folder / plugin).exists() for plugin in CNI_PLUGINS):
            return folder
    return None


def missing_packages() -> list[str]:
    """The Debian packages that this machine still needs."""
    packages = {package for program, package in PROGRAMS.items() if not shutil.which(program)}
    return sorted(packages | (set() if cni_plugins() else {CNI_PACKAGE}))


def require_root() -> None:
    """A node takes namespaces, mounts and network rules: only Linux has them, and only root may."""
    if sys.platform != "linux":
        raise Problem(f"a local node needs Linux; this is {sys.platform}", OWN_CLUSTER)
    if os.geteuid() != 0:
        raise Problem("a local node needs root", OWN_CLUSTER)


def _inotify_in_use() -> int:
    """How many inotify instances root's processes have."""
    found = 0
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            found += os.readlink(descriptor) == "anon_inode:inotify"
        except OSError:
            continue
    return found


def check_inotify(limit: Path = INOTIFY_LIMIT) -> None:
    """Refuse a machine on which containerd and kubelet would fail in their logs only.

    Raises:
        Problem: Too few inotify instances are left, with the command that allows more.
    """
    allowed, used = int(limit.read_text(encoding="ascii")), _inotify_in_use()
    if used + INOTIFY > allowed:
        raise Problem(
            f"fs.inotify.max_user_instances is {allowed}, and {used} are in use: a local node needs {INOTIFY} more",
            "sysctl -w fs.inotify.max_user_instances=1024",
        )


def prepare() -> None:
    """Check the machine, and install what it lacks where apt can."""
    require_root()
    check_inotify()
    if packages := missing_packages():
        if not shutil.which("apt-get"):
            raise Problem(f"a local node needs programs of these Debian packages: {' '.join(packages)}", OWN_CLUSTER)
        with step(f"Install {', '.join(packages)}", 30):
            if wrong := apt.install(*packages):
                raise Problem(wrong, OWN_CLUSTER)
    if shutil.which("modprobe"):
        # Built into some kernels: then there is nothing to load, and a module that is really missing shows up later.
        subprocess.run(["modprobe", "--all", "--quiet", *MODULES], check=False, capture_output=True)
