"""Builds one pinned program from its Go module; go.sum makes Go refuse anything but the pinned sources."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli import programs
from cli.console import Problem, duration

from .pins import BUILT, Program

GO = (1, 26)
#: How long one run of go may take, in seconds: the longest build takes 7 minutes on 2 cores.
BUILD_SECONDS = 3600


def check_go(missing: list[Program]) -> None:
    """Raise `Problem` when there is no Go that can build what is missing."""
    names = ", ".join(program.name for program in missing)
    fix = f"install Go {GO[0]}.{GO[1]} or newer, or what is missing at the versions in docs/reference/toolchain.md"
    go = shutil.which("go")
    if not go:
        raise Problem(f"Go is not on PATH, and these programs have to be built with it: {names}", fix)
    version = programs.run([go, "env", "GOVERSION"], seconds=60, purpose="ask Go for its version").stdout.strip()
    match = re.match(r"go(\d+)\.(\d+)", version)
    if not match or (int(match[1]), int(match[2])) < GO:
        raise Problem(f"{version or 'this Go'} is too old to build: {names}", fix)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what Go downloads and compiles, gone afterwards: a first build leaves 17 GB there."""
    for left in (*BUILT.glob(".go-*"), *BUILT.glob(".build-*")):
        # Of a build that was killed; the lock says that none runs.
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=BUILT, prefix=".go-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _go(arguments: list[str], cwd: Path, cache: Path) -> str:
    """Run go on a module; only the pinned versions, no other toolchain, no C compiler, no cache of the user's."""
    # -modcacherw, because the folder has to be removed again.
    own = {
        "GOCACHE": str(cache / "build"),
        "GOMODCACHE": str(cache / "modules"),
        "GOFLAGS": "-mod=readonly -modcacherw",
    }
    env = {**os.environ, **own, "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}
    try:
        done = subprocess.run(
            ["go", *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise Problem(
            f"waited {duration(BUILD_SECONDS)} for go {arguments[0]} in {cwd.name} and ended it",
            "see whether the module proxy answers (go env GOPROXY), then run it again",
        ) from None
    if done.returncode:
        tail = "\n".join(done.stderr.strip().splitlines()[-15:])
        raise Problem(f"go {arguments[0]} failed in {cwd.name}:\n{tail}", "look at the lines above, then run it again")
    return done.stdout.strip()


def _module_folder(program: Program, module: str, cache: Path) -> Path:
    _go(["mod", "download", module], program.sources, cache)
    return Path(_go(["list", "-m", "-f", "{{.Dir}}", module], program.sources, cache))


def _embedding_main(program: Program, folder: Path, cache: Path) -> str:
    """Lay out a main package with the files it embeds; the module cache itself is read-only."""
    # The module's path ends with its major version; the package lies below it.
    module = re.split(r"(?<=/v\d)/", program.package)[0]
    upstream = _module_folder(program, module, cache) / program.package.removeprefix(f"{module}/")
    for source in (program.sources / "go.mod", program.sources / "go.sum", upstream / "main.go"):
        shutil.copyfile(source, folder / source.name)
    for name, additions in program.embed.items():
        content = {**json.loads((upstream / name).read_text(encoding="utf-8")), **additions}
        embedded = folder / f"{Path(name).stem}-embed.json"
        embedded.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
    return "."


def _vendor_edited(program: Program, folder: Path, cache: Path) -> None:
    """Copy the program's sources and change one of them; the module cache itself is read-only."""
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(program.sources / name, folder / name)
    # -e, because the edit may be what makes a package whole: one that embeds files which its repository generates.
    _go(["mod", "vendor", "-e"], folder, cache)
    source = folder / "vendor" / program.edit["file"]
    text = source.read_text(encoding="utf-8")
    if program.edit["old"] not in text:
        raise Problem(f"{program.name}: {source.name} is not what pins.toml edits", "remove or renew its `edit`")
    source.write_text(text.replace(program.edit["old"], program.edit["new"]), encoding="utf-8")


def build(program: Program, cache: Path) -> None:
    """Build a program into its folder of the cache: whole or not at all; note beside it how long that took.

    Args:
        program: The program.
        cache: The folder of `scratch`.

    Raises:
        Problem: Go failed; its last lines are in it.
    """
    started = time.monotonic()
    linked = " ".join(["-s -w", *(f"-X {variable}={value}" for variable, value in program.set.items())])
    # What the linker would throw away is not made in the first place.
    flags = ["-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false", "-ldflags", linked]
    flags += ["-tags", ",".join(program.tags)] if program.tags else []
    with tempfile.TemporaryDirectory(dir=BUILT, prefix=".build-") as temporary:
        out, folder = Path(temporary, "out"), Path(temporary, "src")
        out.mkdir()
        folder.mkdir()
        package, cwd, mode = program.package, program.sources, "-mod=readonly"
        if program.embed:
            package, cwd = _embedding_main(program, folder, cache), folder
        elif program.edit:
            _vendor_edited(program, folder, cache)
            cwd, mode = folder, "-mod=vendor"
        # vet would look at every package that the tests need.
        verb = ["test", "-vet=off", "-c"] if program.test else ["build"]
        _go([*verb, mode, *flags, "-o", str(out / program.name), package], cwd, cache)
        if program.scripts:
            source = _module_folder(program, program.scripts["module"], cache)
            for script in program.scripts["files"]:
                target = out / Path(script).name
                shutil.copyfile(source / script, target)
                target.chmod(0o755)
        shutil.rmtree(program.folder, ignore_errors=True)
        out.rename(program.folder)
    program.record.write_text(f"{time.monotonic() - started:.1f}\n", encoding="utf-8")
