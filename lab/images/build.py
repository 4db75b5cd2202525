"""Builds an image once and keeps it in the user's cache, under the hash of what it is made from."""

import dataclasses
import fcntl
import hashlib
import json
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.console import step
from cli.paths import CACHE
from lab import toolchain
from lab.images import debian, docker
from lab.images.recipes import Recipe
from lab.toolchain import pins

#: The label that says which version of its packages an image has.
VERSION_LABEL = "org.opencontainers.image.version"
_HERE = Path(__file__).parent


def archive(recipe: Recipe) -> Path:
    """The docker archive of an image; built when it is not in the cache."""
    folder, done = CACHE / "images", path_of(recipe)
    if not done.exists():
        with _alone(folder, recipe.name):
            # Somebody else may have built it while this call waited.
            if not done.exists():
                debian.require_tools()
                with step(f"Building the image {recipe.reference}", recipe.estimate):
                    _build(recipe, folder / f".building-{recipe.name}", done)
    return done


def path_of(recipe: Recipe) -> Path:
    """Where the archive of an image is once it is built."""
    return CACHE / "images" / key(recipe) / f"{recipe.name}.tar"


def key(recipe: Recipe) -> str:
    """Changes with all that the image is made from: the recipe, the modules it takes in, the code that builds it."""
    # Not the folder of the sources: two checkouts with the same modules share an image.
    parts = {**dataclasses.asdict(recipe), "sources": None, "architecture": debian.architecture()}
    # What a program is made from is in the name of its folder.
    names = parts.pop("programs")
    built = [program.folder.name for program in pins.pinned() if program.name in names]
    parts |= {"programs": built} if built else {}
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
    for path in (*recipe.modules(), _HERE / "debian.py", _HERE / "docker.py"):
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _build(recipe: Recipe, work: Path, done: Path) -> None:
    # Only the holder of the lock is here, so what lies there was left by a build that was killed.
    shutil.rmtree(work, ignore_errors=True)
    modules = work / "modules"
    modules.mkdir(parents=True)
    hooks = list(recipe.hooks)
    if recipe.sources:
        for path in recipe.modules():
            shutil.copyfile(path, modules / path.name)
        hooks = [
            f'mkdir -p "$1{recipe.sources_to}" && cp {shlex.quote(str(modules))}/* "$1{recipe.sources_to}/"',
            *hooks,
        ]
    hooks += [
        f'install -D -m 755 {shlex.quote(str(path))} "$1/usr/bin/{path.name}"'
        for path in toolchain.all_of(*recipe.programs)
    ]
    root, layer, out = work / "root.tar", work / "layer.tar", work / done.name
    debian.unpack(recipe.suite, recipe.packages, hooks, root)
    added = [docker.added_file(name, text) for name, text in recipe.files.items()]
    added += [docker.added_file(name, text, 0o755) for name, text in recipe.executables.items()]
    added += [docker.added_link(name, target) for name, target in recipe.links.items()]
    docker.write_layer(root, layer, recipe.drop, recipe.keep, added)
    docker.write_archive(layer, out, recipe.reference, debian.architecture(), _config(recipe, root))
    done.parent.mkdir(parents=True, exist_ok=True)
    out.replace(done)
    shutil.rmtree(work)


def _config(recipe: Recipe, root: Path) -> dict[str, object]:
    version = docker.text_of(root, recipe.version_file) if recipe.version_file else ""
    config = {
        "User": recipe.user,
        "WorkingDir": recipe.workdir,
        "Env": list(recipe.env),
        "Entrypoint": list(recipe.entrypoint),
        "Cmd": list(recipe.command),
        "Labels": {VERSION_LABEL: version} if version else {},
    }
    return {name: value for name, value in config.items() if value}


@contextmanager
def _alone(folder: Path, name: str) -> Iterator[None]:
    """One build of an image at a time; the lock ends with its process, however that ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step(f"Waiting for another build of {name}"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
