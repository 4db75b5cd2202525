"""MySQL's programs from the image that the local node runs, started on this machine without any container."""

import json
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

from lab import images

#: What stands for an image's /bin/sh. With dash and bash the tools are this machine's, with busybox its own.
SHELLS = ("dash", "bash", "busybox")

_NAMES = ("mysqld", "mysql", "mysqladmin", "mysqldump", "mysql_tzinfo_to_sql")
# The server looks for its messages and plugins below its base directory.
_PROGRAM = """#!/bin/sh
exec {loader} --library-path {libraries} {program} "$@"{more}
"""
# An empty data directory takes seconds to make, time zones most of them. What is made once more of the same options and
# the same SQL is a copy of the first; the first is the real one's, wherever it was made.
_ONCE = """#!/bin/sh
datadir= sql=/dev/null given= made=
for word; do
  case $word in
    --initialize-insecure) made={kept} ;;
    --datadir=*) datadir=${{word#*=}} ;;
    --init-file=*) sql=${{word#*=}} ;;
    *) given="$given $word" ;;
  esac
done
[ -n "$made" ] && [ -z "$(ls -A "$datadir" 2> /dev/null)" ] || exec {real} "$@"
PATH=/usr/bin:/bin
made=$made/$({{ echo "$given"; cat "$sql"; }} | sha256sum | cut -c 1-16)
if [ -e "$made" ]; then mkdir -p "$datadir" && exec cp -a "$made"/* "$datadir"; fi
{real} "$@" || exit
new=$(mktemp -d "$made.XXXXXX")
cp -a "$datadir"/* "$new"
# Each server has a UUID of its own.
rm -f "$new/auto.cnf"
mv -T "$new" "$made" 2> /dev/null || rm -r "$new"
"""


@dataclass(frozen=True)
class Programs:
    """Where MySQL's programs are, and the shells that images have."""

    root: Path
    """The image's files."""
    bin: Path
    """Scripts that start MySQL's programs with the image's own libraries, rclone and the exporter."""
    tools: Path
    """busybox under the names of its tools; from the image of the node's pause, as MySQL's image has none."""

    def shell(self, name: str) -> list[str]:
        """The command that stands for /bin/sh."""
        busybox = str(self.tools / "busybox")
        return {"dash": ["dash"], "bash": ["bash", "--posix"], "busybox": [busybox, "sh"]}[name]

    def path(self, shell: str) -> str:
        """PATH as it is beside such a shell."""
        return f"{self.bin}{os.pathsep}{self.tools if shell == 'busybox' else '/usr/bin:/bin'}"


def unpack(folder: Path) -> Programs:
    """Unpack the images.

    Args:
        folder: An empty folder that other users may read.
    """
    found = Programs(folder / "root", folder / "bin", folder / "pause/usr/bin")
    archives = images.archives("mysql", "pause", "rclone", "mysqld-exporter")
    _unpack(archives["mysql"], found.root)
    _unpack(archives["pause"], folder / "pause")
    _unpack(archives["rclone"], folder / "rclone")
    found.bin.mkdir()
    _unpack(archives["mysqld-exporter"], folder / "exporter")
    _script(found.bin, folder / "rclone", "usr/bin/rclone")
    _script(found.bin, folder / "exporter", "usr/bin/prometheus-mysqld-exporter")
    for name in _NAMES:
        [program] = [path for path in (f"usr/sbin/{name}", f"usr/bin/{name}") if (found.root / path).exists()]
        _script(found.bin, found.root, program, f" --basedir={found.root}/usr" if name == "mysqld" else "")
    _initialize_once(found.bin / "mysqld", folder / "initialized")
    return found


def _initialize_once(mysqld: Path, kept: Path) -> None:
    """Let a program that makes data directories copy those that it has made before."""
    kept.mkdir()
    kept.chmod(0o777)
    real = mysqld.rename(mysqld.with_name("mysqld-itself"))
    mysqld.write_text(_ONCE.format(kept=kept, real=real))
    mysqld.chmod(0o755)


def _script(folder: Path, root: Path, program: str, more: str = "") -> None:
    """Write what starts a program of an image with that image's own libraries."""
    [loader] = (root / "usr/lib").glob("*/ld-linux-*.so.*")
    script = folder / Path(program).name
    text = _PROGRAM.format(loader=loader, libraries=loader.parent, program=root / program, more=more)
    script.write_text(text)
    script.chmod(0o755)


def _unpack(image: Path, root: Path) -> None:
    with tarfile.open(image) as archive:
        [layer] = json.loads(_content(archive, "manifest.json"))[0]["Layers"]
        with tarfile.open(fileobj=archive.extractfile(layer)) as files:
            files.extractall(root, filter="tar")


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file
    return file.read()
