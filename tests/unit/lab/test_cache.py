"""What a newer version replaced in the user's cache can be removed; what another checkout or a process uses, never."""

import json
import os
import shutil
import subprocess

import pytest

from cli import paths
from cli.console import Problem
from lab import cache
from lab.toolchain import pins

OLD, NEW = "pulumi-000000000000", "pulumi-111111111111"


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A cache with one program in two versions, each with its folder for PATH; the checkout uses the new one."""
    for number, name in enumerate((OLD, NEW)):
        entry, links = tmp_path / "cache/toolchain" / name, tmp_path / f"cache/toolchain/bin-{number}"
        entry.mkdir(parents=True)
        links.mkdir()
        (entry / "pulumi").write_text("x" * 1000)
        (links / "pulumi").hardlink_to(entry / "pulumi")
        (entry.parent / f"{name}.seconds").touch()
    use(tmp_path, monkeypatch, "one", OLD)
    use(tmp_path, monkeypatch, "one", NEW)
    return tmp_path / "cache"


def use(folder, monkeypatch, checkout, *entries, part="toolchain"):
    monkeypatch.setattr(paths, "CHECKOUT", folder / checkout)
    (folder / checkout).mkdir(exist_ok=True)
    cache.note(folder / "cache", part, entries)


def there(store):
    return sorted(path.name for path in (store / "toolchain").iterdir() if path.name[0] != ".")


def test_what_a_newer_version_replaced_is_told_with_its_size_and_removed_with_its_links(store, capsys):
    cache.tell(store)
    assert "1 programs or images of older versions take 0.0 GB" in capsys.readouterr().err
    assert cache.left(store).size() == 1000
    assert [line.split(" MB: ")[0] for line in cache.clean(store)] == ["removed 0", "removed 0"]
    assert there(store) == ["bin-1", NEW, f"{NEW}.seconds"]
    assert (store / "toolchain" / NEW / "pulumi").exists()
    cache.tell(store)
    assert capsys.readouterr().err == ""


def test_what_another_checkout_uses_stays_until_that_checkout_is_gone(store, monkeypatch):
    use(store.parent, monkeypatch, "two", OLD)
    assert cache.clean(store) == []
    (store.parent / "two").rmdir()
    assert len(cache.clean(store)) == 2


def test_a_checkout_of_another_machine_that_shares_the_cache_is_not_taken_for_gone(store):
    uses = json.loads((store / "uses.json").read_text())
    uses["checkouts"]["/home/ann/kubeauth"] = {"host": "elsewhere", "toolchain": [OLD]}
    (store / "uses.json").write_text(json.dumps(uses))
    assert cache.clean(store) == []


def test_a_version_that_the_checkout_uses_beside_the_pinned_one_stays(store, monkeypatch):
    use(store.parent, monkeypatch, "one", OLD, NEW)
    assert cache.clean(store) == []


def test_images_and_programs_of_one_checkout_are_noted_apart(store, monkeypatch):
    (store / "images/0123").mkdir(parents=True)
    use(store.parent, monkeypatch, "one", "0123", part="images")
    assert [path.name for path in cache.left(store).superseded] == [OLD]
    use(store.parent, monkeypatch, "one", "4567", part="images")
    assert [path.name for path in cache.left(store).superseded] == [OLD, "0123"]


def test_what_nobody_ever_noted_stays_unless_it_is_asked_for(store):
    (store / "toolchain/etcd-222222222222").mkdir()
    assert "kept, 0.0 GB that no checkout ever noted" in cache.clean(store)[-1]
    assert "etcd-222222222222" in there(store)
    cache.clean(store, unknown=True)
    assert "etcd-222222222222" not in there(store)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"checkouts": []}', '{"checkouts": {}}'])
def test_where_nobody_can_tell_nothing_is_removed(store, content, capsys):
    (store / "uses.json").write_text(content)
    before = there(store)
    with pytest.raises(Problem, match="which checkout uses what cannot be read"):
        cache.clean(store, unknown=True)
    cache.tell(store)
    assert (there(store), capsys.readouterr().err) == (before, "")


@pytest.mark.parametrize("place", ["bin-0", OLD])
def test_what_a_process_runs_stays(store, place):
    program = store / "toolchain" / place / "sleep"
    shutil.copyfile("/bin/sleep", program)
    program.chmod(0o755)
    running = subprocess.Popen([program, "60"])
    try:
        assert any(line == f"kept, a process runs from it: {program.parent}" for line in cache.clean(store))
        assert program.exists()
    finally:
        running.kill()
        running.wait()


def test_a_cache_that_cannot_be_written_to_stops_nobody(tmp_path):
    (tmp_path / "file").touch()
    cache.note(tmp_path / "file" / "cache", "toolchain", [NEW])


def test_the_pinned_programs_and_those_of_the_matrix_are_this_checkouts():
    names = pins.folders()
    assert {program.folder.name for program in pins.pinned({})} < names
    assert {program.folder.name for program in pins.pinned({"pulumi": "3.274.1"})} < names
    assert not any(os.sep in name for name in names)
