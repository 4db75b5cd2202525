"""The image archives: their format, and what happens when building them fails or happens twice."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
import threading
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from cli.console import Problem
from lab import toolchain
from lab.images import REFERENCES, build, debian, docker, image_id
from lab.images.recipes import Recipe, recipes
from lab.toolchain import pins

RECIPE = Recipe("tiny", "1", "suite", ("package",), 1, files={"etc/motd": "hi"}, command=("sh",))


def root(path, members, mtime=1):
    """A tar with (name, content) files; content None is a folder, `-> x` a symbolic link, `=> x` a hard link."""
    with tarfile.open(path, "w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.mtime, info.uid, info.mode = mtime, mtime, 0o4755 if "bin/" in name else 0o640
            if content is None:
                info.type = tarfile.DIRTYPE
            elif content[:2] in ("->", "=>"):
                info.type = tarfile.SYMTYPE if content[0] == "-" else tarfile.LNKTYPE
                info.linkname = content[3:]
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO((content or "").encode()))
    return path


def layer(tmp_path, members, **options):
    docker.write_layer(root(tmp_path / "root.tar", members), tmp_path / "layer.tar", **options)
    with tarfile.open(tmp_path / "layer.tar") as tar:
        return {member.name: member for member in tar}


def content(tar, name):
    file = tar.extractfile(name)
    assert file
    return file.read()


@pytest.fixture
def unpacked(tmp_path, monkeypatch):
    """Replaces mmdebstrap; the list of builds."""
    done = []

    def unpack(suite, packages, hooks, out):
        done.append(packages)
        root(out, [("./etc", None), ("./etc/hostname", "mine")])

    monkeypatch.setattr(build, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(debian, "unpack", unpack)
    monkeypatch.setattr(debian, "require_tools", lambda: None)
    monkeypatch.setattr(debian, "architecture", lambda: "amd64")
    return done


def test_references_are_what_the_stack_configuration_says():
    assert REFERENCES == {
        "pause": "localhost/pause:1", "mysql": "localhost/mysql:9.7", "authenticate": "localhost/authenticate:1.0.0",
        "mysqld-exporter": "localhost/mysqld-exporter:0.17",
        "rclone": "localhost/rclone:1.60", "etcd": "localhost/etcd:3.6.16", "vitess": "localhost/vitess:24.0.4",
    }  # fmt: skip


def test_equal_content_gives_equal_bytes(tmp_path):
    one, two = [("./a", "1"), ("./b/", None), ("./b/c", "2")], [("./b/c", "2"), ("./b/", None), ("./a", "1")]
    for name, members, mtime in (("one", one, 1), ("two", two, 2)):
        docker.write_layer(root(tmp_path / f"{name}.root", members, mtime), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_dropped_files_go_and_what_is_kept_keeps_its_folders(tmp_path):
    members = [("./doc", None), ("./doc/x", None), ("./doc/x/news", "n"), ("./doc/x/copyright", "c"), ("./doc/y", None)]
    assert [*layer(tmp_path, members, drop=["doc/*"], keep=["doc/*/copyright"])] == ["doc", "doc/x", "doc/x/copyright"]


def test_a_hard_link_to_a_dropped_file_becomes_a_file(tmp_path):
    found = layer(tmp_path, [("./bin/perl5", "data"), ("./bin/perl", "=> ./bin/perl5")], drop=["bin/perl5"])
    assert found["bin/perl"].isreg()
    with tarfile.open(tmp_path / "layer.tar") as tar:
        assert content(tar, "bin/perl") == b"data"


def test_added_files_replace_and_modes_suit_any_user(tmp_path):
    added = [docker.added_file("etc/passwd", "root"), docker.added_link("bin/sh", "bash")]
    found = layer(tmp_path, [("./etc/passwd", "much longer"), ("./bin/su", "x"), ("./bin/sh", "-> dash")], added=added)
    assert (found["etc/passwd"].size, found["etc/passwd"].mode) == (4, 0o644)
    assert (found["bin/sh"].linkname, found["bin/su"].mode) == ("bash", 0o755)
    assert found["etc"].isdir()


def test_the_archive_is_what_docker_load_reads(tmp_path):
    layer(tmp_path, [("./a", "1")])
    path = tmp_path / "image.tar"
    docker.write_archive(tmp_path / "layer.tar", path, "localhost/x:1", "amd64", {"Cmd": ["sh"], "Env": ["A=1"]})
    with tarfile.open(path) as tar:
        [manifest] = json.loads(content(tar, "manifest.json"))
        body = content(tar, manifest["Config"])
        data = content(tar, manifest["Layers"][0])
    image = json.loads(body)
    assert manifest["RepoTags"] == ["localhost/x:1"]
    assert image_id(path) == "sha256:" + hashlib.sha256(body).hexdigest()
    assert image["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(data).hexdigest()]
    assert (image["architecture"], image["os"], image["config"]["Cmd"]) == ("amd64", "linux", ["sh"])
    assert [entry.partition("=")[0] for entry in image["config"]["Env"]] == ["PATH", "A"]


def test_an_image_is_built_once_even_by_many_at_once(unpacked):
    paths = []
    threads = [threading.Thread(target=lambda: paths.append(build.archive(RECIPE))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(paths)) == len(unpacked) == 1
    with tarfile.open(paths[0]) as archive:
        layer_name = json.loads(content(archive, "manifest.json"))[0]["Layers"][0]
        with tarfile.open(fileobj=io.BytesIO(content(archive, layer_name))) as tar:
            assert tar.getnames() == ["etc", "etc/motd"]


def test_programs_of_the_toolchain_go_into_the_image_and_a_newer_one_makes_another_image(unpacked, monkeypatch):
    hooks, made = [], [Path("/cache/vtgate-1/vtgate"), Path("/cache/etcd-1/etcd")]
    monkeypatch.setattr(debian, "unpack", lambda _suite, _packages, given, out: (hooks.extend(given), root(out, [])))
    monkeypatch.setattr(toolchain, "all_of", lambda *names: made if names else [])
    recipe = replace(RECIPE, programs=("vtgate", "etcd"))
    build.archive(recipe)
    assert hooks == [f'install -D -m 755 {path} "$1/usr/bin/{path.name}"' for path in made]
    plain, before = build.key(RECIPE), build.key(recipe)
    pinned = [replace(program, set={"version": "2"}) for program in pins.pinned()]
    monkeypatch.setattr(pins, "pinned", lambda: pinned)
    assert build.key(recipe) != before
    assert build.key(RECIPE) == plain


def test_the_versions_of_images_are_those_of_the_modules():
    tag = {name: REFERENCES[name].rpartition(":")[2] for name in ("etcd", "vitess")}
    major, _, patch = tag["vitess"].split(".")
    # Vitess 24.0.4 is v0.24.4 as a Go module.
    wanted = {"etcd": f"go.etcd.io/etcd/server/v3 v{tag['etcd']}", "vitess": f"vitess.io/vitess v0.{major}.{patch}"}
    for name, required in wanted.items():
        assert f"\t{required}" in (pins.HERE / "modules" / name / "go.mod").read_text()


def test_a_build_that_fails_half_way_leaves_no_archive_and_the_next_one_works(unpacked, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(docker, "write_archive", fail)
        with pytest.raises(KeyboardInterrupt):
            build.archive(RECIPE)
    assert not list(build.CACHE.rglob("tiny.tar"))
    assert build.archive(RECIPE).exists()
    assert not list(build.CACHE.rglob("root.tar"))


def test_the_key_follows_the_sources_and_not_their_place(tmp_path, unpacked):
    for name, text in (("one", "1"), ("two", "1"), ("three", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.py").write_text(text)
    keys = [build.key(replace(RECIPE, sources=tmp_path / name)) for name in ("one", "two", "three")]
    assert keys[0] == keys[1] != keys[2]
    assert build.key(RECIPE) != build.key(replace(RECIPE, packages=("other",)))


def test_the_seeds_command_starts_the_service_under_a_shell_that_replaces_itself():
    image = {recipe.name: recipe for recipe in recipes()}["authenticate"]
    assert image.command == ("/bin/sh", "-c", "python run.py")
    assert (image.workdir, image.links["usr/bin/sh"]) == ("/build/authenticate_service", "bash")


def test_the_mirror_is_the_machines_own(monkeypatch):
    monkeypatch.delenv(debian.MIRROR_VARIABLE, raising=False)
    monkeypatch.setattr(debian, "_output", lambda *_: "https://one.example/debian/\nhttps://two.example/\n")
    assert debian.mirror() == "https://one.example/debian/"
    monkeypatch.setattr(debian, "_output", lambda *_: "")
    assert debian.mirror() == "", "Debian's own, which mmdebstrap knows"
    monkeypatch.setenv(debian.MIRROR_VARIABLE, "https://chosen.example/")
    assert debian.mirror() == "https://chosen.example/"


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(debian.shutil, "which", lambda name: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Problem, match="needs mmdebstrap") as caught:
        debian.require_tools()
    assert caught.value.fix.startswith("sudo apt-get install")


def test_the_image_of_mysql_takes_the_newest_patch_and_says_which(tmp_path, unpacked, monkeypatch):
    mysql = {recipe.name: recipe for recipe in recipes()}["mysql"]
    assert [package for package in mysql.packages if "=" in package] == [
        "mysql-server-core=9.7.*", "mysql-client-core=9.7.*",
    ]  # fmt: skip

    def unpack(suite, packages, hooks, out):
        assert any("mysqld --version" in hook and hook.endswith(f'> "$1/{mysql.version_file}"') for hook in hooks)
        root(out, [("./etc", None), (f"./{mysql.version_file}", "9.7.9-1\n")])

    monkeypatch.setattr(debian, "unpack", unpack)
    path = build.archive(mysql)
    assert docker.label(path, build.VERSION_LABEL) == "9.7.9-1"
    assert mysql.reference == "localhost/mysql:9.7"


def test_the_image_of_mysql_has_nothing_to_run_that_the_official_one_lacks(tmp_path):
    mysql = {recipe.name: recipe for recipe in recipes()}["mysql"]
    programs = tmp_path / "usr/bin"
    programs.mkdir(parents=True)
    assert not any("busybox" in package for package in mysql.packages)
    wanted = ["[", "bash", "cat", "gawk", "grep", "mysql", "mysql_tzinfo_to_sql", "mysqladmin", "mysqldump", "sh"]
    mysql_own = ("mysqlbinlog", "mysqlcheck", "perror")
    for name in (*wanted, *mysql_own, "busybox", "dash", "flock", "hostname", "nc", "perl", "which"):
        (programs / name).touch()
    (tmp_path / "usr/sbin").mkdir()
    for name in ("mysqld", "add-shell", "dpkg-reconfigure"):
        (tmp_path / "usr/sbin" / name).touch()
    subprocess.run(["sh", "-c", mysql.hooks[0], "sh", str(tmp_path)], check=True)
    assert [path.name for path in (tmp_path / "usr/sbin").iterdir()] == ["mysqld"]
    kept = {path.name for path in programs.iterdir()}
    assert sorted(kept | {PurePosixPath(link).name for link in mysql.links}) == sorted({*wanted, "awk"})


def test_a_home_with_a_blank_and_a_quote_reaches_the_hook_whole(tmp_path, unpacked, monkeypatch):
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "run.py").write_text("1")
    monkeypatch.setattr(build, "CACHE", tmp_path / "my home's; touch wrong" / "cache")

    def unpack(suite, packages, hooks, out):
        target = tmp_path / "target"
        target.mkdir()
        subprocess.run(["sh", "-c", hooks[0], "sh", str(target)], check=True, cwd=tmp_path)
        assert (target / "srv/run.py").read_text() == "1"
        root(out, [("./srv", None)])

    monkeypatch.setattr(debian, "unpack", unpack)
    assert build.archive(replace(RECIPE, sources=sources, sources_to="/srv")).exists()
    assert not (tmp_path / "wrong").exists()


def test_an_error_shows_no_password_of_the_mirror():
    text = "I: start\nE: Failed to fetch https://me:secret@deb.example/x  refused\nE: more\nE: the whole command"
    assert debian._errors(text) == "Failed to fetch https://deb.example/x  refused; more"
