"""Brings images that no registry has into a local cluster, by the command of whoever made the cluster."""

from collections.abc import Iterable
from pathlib import Path

from tools import images, paths, programs
from tools.console import Problem, console, step

from . import kind
from .local import is_local

#: How long one command may take, in seconds: a pull of MySQL's image, or a copy of it into a node.
SECONDS = 900
#: MySQL's own image, which stands for the one of the local node.
MYSQL = "mysql:9.7"
#: Clusters that run what Docker on this machine has, without a copy.
_SHARED = ("docker-desktop", "orbstack", "rancher-desktop", "colima")


def load(context: str, wanted: Iterable[str]) -> None:
    """Bring images into a plainly local cluster; those of a registry are left to the cluster.

    Docker builds the one and pulls the other where it answers; else they are made from Debian packages.

    Args:
        context: The cluster's context, for example `kind-a`.
        wanted: The images that the stack's pods name.

    Raises:
        Problem: They could not be made, or the cluster did not take them.
    """
    ours = {name: reference for name, reference in images.REFERENCES.items() if reference in wanted}
    if not ours or not is_local(context):
        return
    with step(f"bring {', '.join(ours.values())} into {context}", 60):
        made = (
            all([_in_docker(name, reference) for name, reference in ours.items()]) if kind.docker_answers() else False
        )
        if made and context.startswith(_SHARED):
            return
        if not made and context.startswith(_SHARED):
            raise Problem(
                f"{context} runs what Docker has, and Docker did not make the images", "see docker build, above"
            )
        sources = list(ours.values()) if made else [str(path) for path in images.archives(*ours).values()]
        for command in _commands(context, sources, archives=not made):
            programs.run(command, seconds=SECONDS, purpose=f"bring images into {context}")


def _in_docker(name: str, reference: str) -> bool:
    """Have an image in Docker's store; whether that worked."""
    there = programs.run(["docker", "image", "inspect", reference], seconds=60, check=False)
    if there.returncode == 0:
        return True
    if name == "authenticate":
        sources = paths.CHECKOUT / "examples/authenticate"
        commands = [["docker", "build", "--tag", reference, str(sources)]]
    elif name == "mysql":
        commands = [["docker", "pull", MYSQL], ["docker", "tag", MYSQL, reference]]
    else:
        return False
    try:
        for command in commands:
            programs.run(command, seconds=SECONDS, purpose=f"make {reference}")
    except programs.Failed as failure:
        console.print(f"{failure}; it is made from Debian packages instead", markup=False)
        return False
    return True


def _commands(context: str, sources: list[str], *, archives: bool) -> list[list[str]]:
    """The command lines of each maker of clusters, for images of Docker's or for archives."""
    if context.startswith("kind-"):
        cluster = ["--name", context.removeprefix("kind-")]
        if archives:
            return [["kind", "load", "image-archive", source, *cluster] for source in sources]
        return [["kind", "load", "docker-image", *sources, *cluster]]
    if context.startswith("k3d-"):
        return [["k3d", "image", "import", *sources, "--cluster", context.removeprefix("k3d-")]]
    return [["minikube", "image", "load", source] for source in sources]


def hint(server: str, wanted: Iterable[str], nodes: Path) -> str:
    """What to say about images that a cluster of the user's own cannot pull; nothing where there are none.

    Args:
        server: The API server's address.
        wanted: The images that the stack's pods name.
        nodes: The folder of the local nodes, which have these images.
    """
    local = sorted({reference for reference in wanted if reference.startswith("localhost/")})
    own = any(server in file.read_text(encoding="utf-8") for file in nodes.glob("*/kubeconfig"))
    if not local or own:
        return ""
    return (
        f"{', '.join(local)}: no registry has that, so the cluster has to have it already. Otherwise:\n"
        "  docker build --tag <registry>/authenticate:1.0.0 examples/authenticate, docker push it, then\n"
        f"  pulumi config set authImage <registry>/authenticate:1.0.0; pulumi config set mysqlImage {MYSQL}"
    )
