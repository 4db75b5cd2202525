"""What the machine has already, and whether it fits."""

import json
import os
import re
import shutil
from pathlib import Path

import yaml

from tools import paths, programs

from .pins import BUILT, HERE

#: How long a program may take to say its version, in seconds.
VERSION_SECONDS = 30
PLUGIN = "resource-kubernetes"


def present(names: set[str], provider: str, *, with_node: bool) -> dict[str, str]:
    """Return those of the programs that the machine has at a fitting version, each with what it is.

    Args:
        names: The programs that are wanted.
        provider: The wanted version of the Kubernetes provider.
        with_node: Whether kubectl has to fit the local node; another cluster's version is known only when it is asked.
    """
    there: dict[str, str] = {}
    if pulumi := _pulumi():
        # A Pulumi installation brings its language hosts, and they must be of one version.
        there |= {name: pulumi for name in names if name == "pulumi" or name.startswith("pulumi-language-")}
    if (kubectl := _kubectl()) and (not with_node or _within_skew(kubectl)):
        there["kubectl"] = kubectl
    if has_provider(home(), provider):
        there["pulumi-resource-kubernetes"] = provider
    return there


def home() -> Path:
    """The user's PULUMI_HOME: plugins, and what `pulumi login` remembers."""
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")


def has_provider(pulumi_home: Path, version: str) -> bool:
    """Whether a PULUMI_HOME has the whole Kubernetes provider."""
    folder = pulumi_home / "plugins" / f"{PLUGIN}-v{version}"
    # Pulumi puts such a file beside the folder while it unpacks, and an installation that was killed leaves it.
    partial = folder.with_name(f"{folder.name}.partial")
    return (folder / f"pulumi-{PLUGIN}").exists() and not partial.exists()


def _said(*command: str) -> str:
    found = shutil.which(command[0])
    # In the shell of `make env` the first on PATH is what was built; it brings no more than what was asked for then.
    if not found or Path(found).is_relative_to(BUILT):
        return ""
    try:
        return programs.run(command, seconds=VERSION_SECONDS, check=False).stdout
    except programs.Failed:
        return ""


def version(text: str) -> tuple[int, ...]:
    """The numbers of a version: `v3.259.0-dev` is (3, 259, 0)."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def _pulumi() -> str:
    project = yaml.safe_load((paths.CHECKOUT / "Pulumi.yaml").read_text(encoding="utf-8"))
    low, high = project["requiredPulumiVersion"].split()
    said = _said("pulumi", "version").strip()
    fits = version(low) <= version(said) < version(high) and shutil.which("pulumi-language-python") is not None
    return said if fits else ""


def _kubectl() -> str:
    said = _said("kubectl", "version", "--client", "--output", "json")
    try:
        return str(json.loads(said)["clientVersion"]["gitVersion"]) if said else ""
    except (ValueError, KeyError, TypeError):
        # A wrapper of that name, or a version that says it in another way.
        return ""


def _within_skew(kubectl: str) -> bool:
    """Whether a kubectl is at most one minor version from the node's API server (Kubernetes' version skew policy)."""
    major, minor, *_ = (*version(kubectl), 0, 0)
    node_major, node_minor, *_ = node_version()
    return major == node_major and abs(minor - node_minor) <= 1


def node_version() -> tuple[int, ...]:
    """The version of the local node's Kubernetes."""
    text = (HERE / "modules/kubernetes/go.mod").read_text(encoding="utf-8")
    pinned = re.search(r"k8s\.io/kubernetes v(\S+)", text)
    return version(pinned[1]) if pinned else ()
