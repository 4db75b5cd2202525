"""What the machine has already, and whether it fits."""

from pathlib import Path

from cli import toolchain
from cli.toolchain import version

from .pins import BUILT, chosen, pinned

PLUGIN = "resource-kubernetes"


def present(names: set[str], provider: str, *, with_node: bool) -> dict[str, str]:
    """Return those of the programs that the machine has at a fitting version, each with what it is.

    Args:
        names: The programs that are wanted.
        provider: The wanted version of the Kubernetes provider.
        with_node: Whether kubectl has to fit the local node; another cluster's version is known only when it is asked.
    """
    there: dict[str, str] = {}
    # Another version was asked for than what the machine has.
    others = chosen()
    # In the shell of `make env` the first on PATH is what was built; it brings no more than what was asked for then.
    if "pulumi" not in others and (pulumi := toolchain.pulumi(beside=BUILT)):
        # A Pulumi installation brings its language hosts, and they must be of one version.
        there |= {name: pulumi for name in names if name == "pulumi" or name.startswith("pulumi-language-")}
    if "kubernetes" not in others and (kubectl := toolchain.kubectl(beside=BUILT)):
        there |= {"kubectl": kubectl} if not with_node or _within_skew(kubectl) else {}
    if has_provider(toolchain.home(), provider):
        there["pulumi-resource-kubernetes"] = provider
    return there


def has_provider(pulumi_home: Path, version: str) -> bool:
    """Whether a PULUMI_HOME has the whole Kubernetes provider."""
    folder = pulumi_home / "plugins" / f"{PLUGIN}-v{version}"
    # Pulumi puts such a file beside the folder while it unpacks, and an installation that was killed leaves it.
    partial = folder.with_name(f"{folder.name}.partial")
    return (folder / f"pulumi-{PLUGIN}").exists() and not partial.exists()


def _within_skew(kubectl: str) -> bool:
    """Whether a kubectl is at most one minor version from the node's API server (Kubernetes' version skew policy)."""
    major, minor, *_ = (*version(kubectl), 0, 0)
    node_major, node_minor, *_ = node_version()
    return major == node_major and abs(minor - node_minor) <= 1


def node_version() -> tuple[int, ...]:
    """The version of the local node's Kubernetes."""
    apiserver = next(program for program in pinned() if program.name == "kube-apiserver")
    return version(apiserver.set["k8s.io/component-base/version.gitVersion"])
