"""Certificates and kubeconfigs, made by kubeadm, offline. What exists is kept."""

import os
import shutil
import subprocess
from pathlib import Path

import yaml

from cli.console import Problem
from lab.node import render
from lab.node.layout import SELF_ADDRESS, Layout

#: How the first node's own daemons reach the API server.
LOCAL = "https://127.0.0.1:6443"

#: Daemons outside kubeadm's own set, each with an identity of its own and just the rights it needs (addons.yaml).
USERS = {
    "kube-proxy": "system:kube-proxy",
    "coredns": "kubeauth:coredns",
    "kube-router": "kubeauth:kube-router",
    "local-path-provisioner": "kubeauth:local-path-provisioner",
}


def _kubeadm(programs: Path, *arguments: str) -> str:
    done = subprocess.run([programs / "kubeadm", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise Problem(f"kubeadm {' '.join(arguments[:4])} failed: {done.stderr.strip()[-500:]}", "reset the node")
    return done.stdout


def _user(programs: Path, settings: Path, name: str, *more: str) -> str:
    """A kubeconfig for a user of this name."""
    names = (f"--config={settings}", f"--client-name={name}", *more, "--validity-period=87600h")
    return _kubeadm(programs, "kubeconfig", "user", *names)


def _put(path: Path, text: str) -> None:
    """Write a file with secrets in one step."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


def create(place: Layout, programs: Path, values: dict[str, str]) -> None:
    """Make what is missing of certificates and kubeconfigs."""
    conf = place.directory / "conf"
    # Written last: a start that was killed in between goes through all of it again.
    done = conf / "complete"
    if done.exists():
        return
    version = _kubeadm(programs, "version", "--output=short").strip()
    settings = conf / "kubeadm.yaml"
    settings.write_text(render.fill("kubeadm.yaml", **values, version=version))
    for half_written in (*(place.directory / "pki").rglob("*.crt"), *(place.directory / "pki").rglob("*.key")):
        if half_written.stat().st_size == 0:
            half_written.unlink()
    _kubeadm(programs, "init", "phase", "certs", "all", f"--config={settings}")
    _kubeadm(programs, "init", "phase", "kubeconfig", "all", f"--config={settings}", f"--kubeconfig-dir={conf}")
    for name, user in USERS.items():
        _put(conf / f"{name}.conf", _user(programs, settings, user))
    done.touch()
    os.sync()


def create_for_worker(place: Layout, programs: Path) -> None:
    """Make what is missing of another node's kubeconfigs, signed by the first one's authority."""
    conf, first = place.directory / "conf", Layout(place.name).directory
    shutil.copy(first / "pki" / "ca.crt", place.directory / "pki" / "ca.crt")
    identities = {
        "kubelet": (f"system:node:{place.hostname}", "--org=system:nodes"),
        **{name: (USERS[name],) for name in ("kube-proxy", "kube-router")},
    }
    for name, (user, *more) in identities.items():
        if not (conf / f"{name}.conf").exists():
            text = _user(programs, first / "conf" / "kubeadm.yaml", user, *more)
            _put(conf / f"{name}.conf", text.replace(LOCAL, f"https://{SELF_ADDRESS}:6443"))


def write_kubeconfig(place: Layout, address: str) -> None:
    """The administrator's kubeconfig for the host. The certificate is checked by name, so the address may change."""
    config = yaml.safe_load((place.directory / "conf" / "admin.conf").read_text())
    name = f"kubeauth-{place.name}"
    cluster = config["clusters"][0]["cluster"] | {"server": f"https://{address}:6443", "tls-server-name": "kubernetes"}
    config["clusters"] = [{"name": name, "cluster": cluster}]
    config["users"][0]["name"] = name
    config["contexts"] = [{"name": name, "context": {"cluster": name, "user": name}}]
    config["current-context"] = name
    _put(place.kubeconfig, yaml.safe_dump(config))
