"""The format that `docker save` writes: a tar of one layer, its configuration and a manifest."""

import fnmatch
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def write_layer(root: Path, out: Path, drop: Iterable[str] = (), keep: Iterable[str] = (),
                added: Iterable[tuple[tarfile.TarInfo, bytes]] = ()) -> None:  # fmt: skip
    """Copy the tar `root` to `out` so that equal content gives equal bytes, less `drop` but for `keep`, plus `added`.

    Patterns are shell patterns on the whole name; `*` crosses `/`.
    """
    extra = {info.name: (info, content) for info, content in added}
    with tarfile.open(root) as source, tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as target:
        members = {member.name.removeprefix("./"): member for member in source if member.name not in ("", ".", "./")}
        dropped = {name for name in members if _matches(name, drop) and not _matches(name, keep)} - extra.keys()
        wanted = members.keys() - dropped | extra.keys()
        # A dropped folder stays when something kept lies in it.
        wanted |= {str(parent) for name in wanted for parent in PurePosixPath(name).parents} - {"."}
        for name in sorted(wanted):
            if name in extra:
                info, content = extra[name]
                target.addfile(_plain(info, name), io.BytesIO(content))
            elif name in members:
                member = members[name]
                # A hard link may point to a file that is dropped or sorted behind it: write the content instead.
                body = source.extractfile(member) if member.isreg() or member.islnk() else None
                linked = source.getmember(member.linkname) if member.islnk() else member
                target.addfile(_plain(linked, name), body)
            else:
                target.addfile(_plain(_folder(name), name))


def added_file(name: str, content: str, mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    """A file for `write_layer`."""
    info, data = tarfile.TarInfo(name), content.encode()
    info.size, info.mode = len(data), mode
    return info, data


def added_link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    """A symbolic link for `write_layer`."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info, b""


def write_archive(layer: Path, out: Path, reference: str, architecture: str, config: Mapping[str, Any]) -> None:
    """Write the docker archive of an image of one layer."""
    with layer.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    image = {
        "architecture": architecture,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {**config, "Env": [_PATH, *config.get("Env", ())]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "lab/images"}],
    }
    body = json.dumps(image, sort_keys=True).encode()
    config_name, layer_name = f"{hashlib.sha256(body).hexdigest()}.json", f"{digest}/layer.tar"
    manifest = [{"Config": config_name, "RepoTags": [reference], "Layers": [layer_name]}]
    with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in ((config_name, body), ("manifest.json", json.dumps(manifest).encode())):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        info = tarfile.TarInfo(layer_name)
        info.size = layer.stat().st_size
        with layer.open("rb") as file:
            archive.addfile(info, file)


def text_of(root: Path, name: str) -> str:
    """Return a file's text in the tar of a root, without blanks around it.

    Raises:
        KeyError: The root has no such file.
    """
    with tarfile.open(root) as archive:
        file = archive.extractfile(f"./{name}")
        if file is None:
            raise KeyError(name)
        return file.read().decode().strip()


def label(path: Path, name: str) -> str:
    """Return a label of the image in an archive; empty without it."""
    with tarfile.open(path) as archive:
        body = archive.extractfile(image_id(path).removeprefix("sha256:") + ".json")
        return str((json.load(body)["config"].get("Labels") or {}).get(name, "")) if body else ""


def image_id(path: Path) -> str:
    """The id of the image in an archive, as `docker images --no-trunc` and `crictl images` show it."""
    with tarfile.open(path) as archive:
        manifest = archive.extractfile("manifest.json")
        if manifest is None:
            raise ValueError(f"{path} has no manifest.json")
        return "sha256:" + json.load(manifest)[0]["Config"].removesuffix(".json")


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    return info


def _plain(member: tarfile.TarInfo, name: str) -> tarfile.TarInfo:
    """The header without what differs from build to build (times, owners) and without set-user-id bits."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = member.type, member.linkname
    info.size = member.size if member.isreg() else 0
    # Any user id must be able to read what root may read; only /tmp and its like are writable for all.
    executable = member.isdir() or member.mode & 0o111
    info.mode = 0o777 if member.issym() else 0o1777 if member.mode & 0o1000 else 0o755 if executable else 0o644
    return info
