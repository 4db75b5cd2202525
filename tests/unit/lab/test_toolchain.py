"""What the machine has is used, what Pulumi can install is installed, the rest is built; nothing else is touched."""

import json
import os
import sys
from pathlib import Path

import pytest

import cli.toolchain
from cli import paths
from cli.console import Problem
from lab import matrix, toolchain
from lab.toolchain import found, pins, preflight

PROVIDER = "pulumi-resource-kubernetes"
VERSION = "4.25.0"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with nothing on PATH but a shell: its folder."""
    for module in ("", ".found", ".build", ".preflight", ".pins"):
        monkeypatch.setattr(sys.modules[f"lab.toolchain{module}"], "BUILT", tmp_path / "cache")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    (tmp_path / "bin").mkdir()
    for name in ("sh", "mkdir", "cat", "touch", "echo"):
        (tmp_path / "bin" / name).symlink_to(f"/bin/{name}")
    return tmp_path


def program(machine, name, body):
    path = machine / "bin" / name
    path.write_text(f'#!/bin/sh\necho "{name} $*" >> {machine}/asked\n{body}\n')
    path.chmod(0o755)


def asked(machine):
    return (machine / "asked").read_text().splitlines() if (machine / "asked").exists() else []


def pulumi(machine, version="v3.259.0", install="exit 1"):
    program(machine, "pulumi", f'case "$1" in version) echo {version};; plugin) {install};; esac')
    program(machine, "pulumi-language-python", "")


def kubectl(machine, version="v1.34.1", body=""):
    said = json.dumps({"clientVersion": {"gitVersion": version}})
    program(machine, "kubectl", body or f"cat <<'E'\n{said}\nE")


PLUGIN = f"plugins/resource-kubernetes-v{VERSION}"
INSTALL = f'mkdir -p "$PULUMI_HOME/{PLUGIN}"; touch "$PULUMI_HOME/{PLUGIN}/{PROVIDER}"'


def test_a_laptop_with_pulumi_and_kubectl_installs_the_provider_and_builds_nothing(machine, capsys):
    pulumi(machine, install=INSTALL)
    kubectl(machine, "v1.37.0")
    program(machine, "go", "exit 1")
    tools = toolchain.ensure("engine")
    assert tools.pulumi_home == machine / ".pulumi"
    assert f"pulumi plugin install resource kubernetes {VERSION}" in asked(machine)
    assert not [line for line in asked(machine) if line.startswith("go ")]
    assert "to be built" not in capsys.readouterr().err
    before = asked(machine)
    toolchain.ensure("engine")
    assert not [line for line in asked(machine)[len(before) :] if "plugin" in line], "it is there already"


def test_a_login_survives_a_provider_that_was_missing(machine, monkeypatch):
    home = machine / "own home"
    home.mkdir()
    (home / "credentials.json").write_text('{"current": "https://api.pulumi.com"}')
    monkeypatch.setenv("PULUMI_HOME", str(home))
    pulumi(machine, install=INSTALL)
    kubectl(machine)
    assert toolchain.ensure("engine").pulumi_home == home
    assert (home / "credentials.json").exists()


def test_where_the_provider_cannot_be_installed_it_is_built_into_the_users_own_home(machine, monkeypatch, capsys):
    pulumi(machine, install=f'case "$*" in *--file*) {INSTALL};; *) echo "error: no such host" >&2; exit 1;; esac')
    kubectl(machine)
    built = []
    monkeypatch.setattr(toolchain, "check_go", lambda _missing: None)

    def fake(wanted, _cache):
        built.append(wanted.name)
        wanted.folder.mkdir(parents=True)
        wanted.binary.touch()

    monkeypatch.setattr(toolchain, "build", fake)
    assert toolchain.ensure("engine").pulumi_home == machine / ".pulumi"
    assert built == [PROVIDER]
    assert found.has_provider(machine / ".pulumi", VERSION)
    said = capsys.readouterr().err
    assert "no such host; it will be built" in said
    assert "pulumi-resource-kubernetes  to be built" in said


def test_an_installation_that_was_cut_off_is_not_taken_for_a_provider(machine):
    folder = machine / ".pulumi" / PLUGIN
    folder.mkdir(parents=True)
    assert not found.has_provider(machine / ".pulumi", VERSION)
    (folder / PROVIDER).touch()
    folder.with_name(f"{folder.name}.partial").touch()
    assert not found.has_provider(machine / ".pulumi", VERSION)
    folder.with_name(f"{folder.name}.partial").unlink()
    assert found.has_provider(machine / ".pulumi", VERSION)


@pytest.mark.parametrize(
    ("version", "fits"), [("v3.258.9", False), ("v3.259.0", True), ("v3.274.1", True), ("v4.0.0", False)]
)
def test_pulumi_is_used_in_the_range_that_is_tested(machine, version, fits):
    pulumi(machine, version)
    assert ("pulumi" in found.present({"pulumi"}, VERSION, with_node=False)) == fits


@pytest.mark.parametrize(("minor", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_kubectl_has_to_fit_the_node_within_kubernetes_skew_and_any_other_cluster_at_any_version(machine, minor, fits):
    major, node, *_ = found.node_version()
    kubectl(machine, f"v{major}.{node + minor}.3-eks-1a2b3c")
    assert ("kubectl" in found.present({"kubectl"}, VERSION, with_node=True)) == fits
    assert "kubectl" in found.present({"kubectl"}, VERSION, with_node=False)


@pytest.mark.parametrize("body", ["echo not json", "exit 3", "echo '{}'", "echo '[]'", "exec sleep 60"])
def test_a_kubectl_that_does_not_say_its_version_is_not_used(machine, monkeypatch, body):
    monkeypatch.setattr(cli.toolchain, "VERSION_SECONDS", 0.5)
    (machine / "bin/sleep").symlink_to("/bin/sleep")
    kubectl(machine, body=body)
    assert found.present({"kubectl"}, VERSION, with_node=False) == {}


def test_without_go_the_message_says_what_to_install_and_nothing_is_left(machine):
    with pytest.raises(
        Problem, match="Go is not on PATH, and these programs have to be built with it: pulumi, "
    ) as caught:
        toolchain.ensure("engine")
    assert caught.value.fix.startswith("install Go 1.26 or newer")
    assert not list((machine / "cache").glob(".go-*"))


GO = """case "$1" in
  env) echo go1.26.8;;
  *) mkdir -p "$GOMODCACHE" "$GOCACHE"; touch "$GOMODCACHE/x"; echo "$GOFLAGS|$GOMODCACHE" >> FOLDER/caches
     echo "cannot find module" >&2; exit 1;;
esac"""


def test_go_works_in_a_folder_that_is_gone_afterwards_and_its_words_are_in_the_message(machine, monkeypatch):
    program(machine, "go", GO.replace("FOLDER", str(machine)))
    monkeypatch.setenv("GOMODCACHE", str(machine / "the users own"))
    killed = machine / "cache/.go-of-a-build-that-was-killed"
    killed.mkdir(parents=True)
    with pytest.raises(Problem, match="cannot find module"):
        toolchain.ensure("engine")
    assert not list((machine / "cache").glob(".go-*"))
    assert not list((machine / "cache").glob(".build-*"))
    flags, _, used = (machine / "caches").read_text().splitlines()[0].partition("|")
    assert "-modcacherw" in flags, "or the folder could not be removed"
    assert Path(used).is_relative_to(machine / "cache")
    assert not (machine / "the users own").exists()


def test_builds_that_the_disk_has_no_room_for_are_not_begun(machine, monkeypatch):
    program(machine, "go", GO.replace("FOLDER", str(machine)))
    monkeypatch.setattr(preflight, "SCRATCH_PER_SECOND", 10**15)
    with pytest.raises(Problem, match=r"building needs .* GB for a while"):
        toolchain.ensure("engine")
    assert not (machine / "caches").exists()


def test_the_floor_of_pulumi_is_a_version_that_the_tests_run_with():
    floor = cli.toolchain.LOWEST
    assert f"pulumi-{floor}" in [cell.name for cell in matrix.cells()], "the pinned one, or one of make matrix"
    assert f'requiredPulumiVersion: ">={floor} <4.0.0"\n' in (paths.CHECKOUT / "Pulumi.yaml").read_text()
    short = floor.removesuffix(".0")
    assert f'"pulumi>={short},<4"' in (paths.CHECKOUT / "pyproject.toml").read_text()
    pages = ["README.md", "docs/reference/toolchain.md", "docs/getting-started/your-cluster.md"]
    pages += [f"docs/guides/languages/{name}.md" for name in ("go", "python", "typescript", "yaml")]
    for page in pages:
        assert f"{short} or newer" in (paths.CHECKOUT / page).read_text(), page


def test_every_program_says_what_it_costs():
    assert all(program.seconds > 0 and program.megabytes > 0 for program in pins.pinned())
    assert os.path.basename(pins.BUILT) == "toolchain"
