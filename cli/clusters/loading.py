"""How a local cluster gets the images of stack dev: by its maker's own command, from Docker or from archives.

A cluster that is not plainly local pulls from a registry; a reference to `localhost/…` is refused there.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from .. import machine, paths, programs
from ..console import Problem, step
from ..machine import Image
from . import kind
from .local import maker
from .road import KIND, NODE, Road

#: The images that are made on this machine and that no registry has, by short name.
REFERENCES = {
    "mysql": "localhost/mysql:9.7",
    "authenticate": "localhost/authenticate:1.0.0",
    "vitess": "localhost/vitess:24.0.4",
    "etcd": "localhost/etcd:3.6.16",
}
#: Those that Docker builds; the others are made from Debian packages and Go modules only.
OF_DOCKER = ("mysql", "authenticate")
#: Where the auth service's Dockerfile is, in the project's folder.
AUTHENTICATE_SOURCES = "examples/authenticate"
#: What Docker makes stack dev's database from: the components' default, MySQL's public image.
PUBLIC_MYSQL = "mysql:9.7"
#: The label with the hash of what an image was built from; an image without it is the user's own and stays.
LABEL = "kubeauth.sources"
#: Limits in seconds: a pull of 250 MB on a slow line, the copy of an image into a cluster, a question.
BUILD_SECONDS, LOAD_SECONDS, ASK_SECONDS = 1800, 600, 60
#: Docker adds attestations to what it builds, and kind and k3d cannot import those (kind#3795).
_PLAIN = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}


def load(way: Road, references: Iterable[str], held: Callable[[], Collection[str]] = tuple) -> None:
    """Bring those of `references` that are this project's into the cluster; the local node brings its own.

    Args:
        way: The cluster.
        references: The images that the stack's configuration names.
        held: Asks the cluster which images its nodes have; only called where no command brings them.

    Raises:
        Problem: An image cannot be made here, or cannot get into this cluster; what to type instead is in it.
    """
    local = sorted({reference for reference in references if reference.startswith("localhost/")})
    if way.kind == NODE or not local:
        return
    if not way.plainly_local:
        _refuse(way, [reference for reference in local if reference not in held()])
        return
    wanted = {name: reference for name, reference in sorted(REFERENCES.items()) if reference in local}
    made: list[Image] = []
    if kind.docker_answers():
        made = [_built(name, reference) for name, reference in wanted.items() if name in OF_DOCKER]
        wanted = {name: reference for name, reference in wanted.items() if name not in OF_DOCKER}
    # Asked only where something is left.
    if wanted and (missing := {name: reference for name, reference in wanted.items() if reference not in held()}):
        made += _archived(missing)
    _bring(way, made)


def _refuse(way: Road, local: list[str]) -> None:
    if local:
        raise Problem(
            f"{way} cannot pull {', '.join(local)}: localhost is each node itself. Nothing was changed.",
            "push the auth service to a registry of yours, take MySQL's public image, and say so:\n"
            f"       docker build --tag <registry>/authenticate:1.0.0 {AUTHENTICATE_SOURCES}\n"
            "       docker push <registry>/authenticate:1.0.0\n"
            "       pulumi config set authImage <registry>/authenticate:1.0.0\n"
            f"       pulumi config set mysqlImage {PUBLIC_MYSQL}\n"
            "       (pulumi: in the shell of `make env`)",
        )


def _archived(wanted: dict[str, str]) -> list[Image]:
    try:
        return machine.this().archives(wanted.keys())
    except Problem as problem:
        if not wanted.keys() & set(OF_DOCKER):
            raise Problem(
                f"the cluster needs {', '.join(wanted.values())}, and no Dockerfile makes them: {problem}",
                "make them on Linux as root (docs/guides/many-servers.md), push them to a registry of yours, and name\n"
                "       them: pulumi config set mysqlClusterImage <image>, pulumi config set mysqlEtcdImage <image>",
            ) from None
        raise Problem(
            f"the cluster needs {', '.join(wanted.values())}; Docker does not answer, and without it: {problem}",
            f"start Docker, then type the same command again; or: {problem.fix}",
        ) from None


def _built(name: str, reference: str) -> Image:
    """Build an image in Docker unless it is there, made from the same; return it."""
    base = f"FROM {PUBLIC_MYSQL}\n" if name == "mysql" else None
    source = _hash(base)
    found = _in_docker(reference)
    if found is None or (found["Config"].get("Labels") or {}).get(LABEL, source) != source:
        command = ["docker", "build", "--tag", reference, "--label", f"{LABEL}={source}"]
        # A build makes an image of one platform; one that was pulled and tagged names others, which kind cannot import.
        command.append("-" if base else str(paths.CHECKOUT / AUTHENTICATE_SOURCES))
        with step(f"Building {reference} with Docker", 60):
            env = {**os.environ, **_PLAIN}
            programs.run(command, seconds=BUILD_SECONDS, purpose=f"build {reference}", env=env, text=base)
        found = _in_docker(reference)
    if found is None:
        raise Problem(f"Docker built {reference}, but does not have it", "docker context ls: is it the cluster's?")
    return Image(reference, found["Id"])


def _hash(base: str | None) -> str:
    """The hash of a Dockerfile's text or, without one, of the auth service's folder."""
    if base:
        return hashlib.sha256(base.encode()).hexdigest()[:16]
    digest = hashlib.sha256()
    for path in sorted(path for path in (paths.CHECKOUT / AUTHENTICATE_SOURCES).iterdir() if path.is_file()):
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _in_docker(reference: str) -> dict[str, Any] | None:
    command = ["docker", "image", "inspect", reference]
    done = programs.run(command, seconds=ASK_SECONDS, purpose=f"look for {reference} in Docker", check=False)
    return json.loads(done.stdout)[0] if done.returncode == 0 else None


def _bring(way: Road, made: list[Image]) -> None:
    program, cluster = ("kind", way.name) if way.kind == KIND else maker(way.name)
    if not made:
        return
    if program == "kind":
        _into_kind(cluster, made)
    elif program == "minikube":
        _into_minikube(cluster, made)
    elif program == "k3d":
        _into_k3d(cluster, made)
    elif any(image.archive for image in made):
        # Their cluster runs what is in Docker's own store, so without Docker there is no way in.
        raise Problem(
            f"context {way.name} takes its images from Docker, which does not answer",
            "start Docker, or choose the runtime dockerd in its settings; then type the same command again",
        )


def _into_kind(cluster: str, made: list[Image]) -> None:
    """Kind compares the ids of Docker's images with its nodes' itself; archives it takes as they are."""
    docker = [image.reference for image in made if image.archive is None]
    if docker:
        _run(["kind", "load", "docker-image", *docker, "--name", cluster], docker)
    for image in made:
        if image.archive:
            _run(["kind", "load", "image-archive", str(image.archive), "--name", cluster], [image.reference])


def _into_minikube(profile: str, made: list[Image]) -> None:
    asked = ["minikube", "--profile", profile, "image", "ls", "--format", "json"]
    listed = programs.run(asked, seconds=ASK_SECONDS, purpose="list minikube's images").stdout
    there = {(tag, entry["id"]) for entry in json.loads(listed) or [] for tag in entry["repoTags"] or []}
    missing = [image for image in made if (image.reference, image.id.removeprefix("sha256:")) not in there]
    _with_archives(missing, lambda path: ["minikube", "--profile", profile, "image", "load", path])


def _into_k3d(cluster: str, made: list[Image]) -> None:
    """k3d has no command that lists its images, so they are always imported."""
    _with_archives(made, lambda path: ["k3d", "image", "import", path, "--cluster", cluster])


def _with_archives(made: list[Image], command: Callable[[str], list[str]]) -> None:
    for image in made:
        with tempfile.TemporaryDirectory(prefix="kubeauth-") as folder:
            path = image.archive or Path(folder) / "image.tar"
            if image.archive is None:
                save = ["docker", "save", "--output", str(path), image.reference]
                programs.run(save, seconds=LOAD_SECONDS, purpose=f"write {image.reference} to an archive")
            _run(command(str(path)), [image.reference])


def _run(command: list[str], references: list[str]) -> None:
    what = ", ".join(references)
    with step(f"Loading {what} into the cluster", 20):
        programs.run(command, seconds=LOAD_SECONDS, purpose=f"load {what}")
