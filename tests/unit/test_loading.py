"""Images reach each kind of local cluster by its own command; the stand-ins write down the exact command lines."""

import pytest

from tools import images, paths
from tools.clusters import loading
from tools.console import Problem

MYSQL, AUTH = images.REFERENCES["mysql"], images.REFERENCES["authenticate"]
WANTED = [MYSQL, AUTH, "registry.example/other:1"]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Programs that note how they are called; Docker has no image yet."""
    monkeypatch.setattr(paths, "CHECKOUT", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    (tmp_path / "bin").mkdir()

    def program(name, body="exit 0"):
        path = tmp_path / "bin" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/asked\n{body}\n')
        path.chmod(0o755)

    for name in ("kind", "minikube", "k3d"):
        program(name)
    program("docker", 'case "$1" in image) exit 1;; esac')
    monkeypatch.setattr(
        images, "archives", lambda *names: {name: tmp_path / f"{name}.tar" for name in names}, raising=True
    )
    program.folder = tmp_path  # pyright: ignore[reportFunctionMemberAccess] - for `asked`
    return program


def asked(machine):
    lines = (machine.folder / "asked").read_text().splitlines()
    return [line for line in lines if not line.startswith(("docker version", "docker image"))]


def docker(machine):
    return [
        "docker pull mysql:9.7",
        f"docker tag mysql:9.7 {MYSQL}",
        f"docker build --tag {AUTH} {machine.folder}/examples/authenticate",
    ]


@pytest.mark.parametrize(
    ("context", "commands"),
    [
        ("kind-a", [f"kind load docker-image {MYSQL} {AUTH} --name a"]),
        ("k3d-shop", [f"k3d image import {MYSQL} {AUTH} --cluster shop"]),
        ("minikube", [f"minikube image load {MYSQL}", f"minikube image load {AUTH}"]),
        ("docker-desktop", []),
        ("orbstack", []),
        ("rancher-desktop", []),
        ("colima-two", []),
    ],
)
def test_docker_makes_the_images_and_the_clusters_own_command_brings_them_in(machine, context, commands):
    loading.load(context, WANTED)
    assert asked(machine) == [*docker(machine), *commands]


@pytest.mark.parametrize(
    ("context", "commands"),
    [
        (
            "kind-a",
            ["kind load image-archive {}/mysql.tar --name a", "kind load image-archive {}/authenticate.tar --name a"],
        ),
        ("k3d-shop", ["k3d image import {}/mysql.tar {}/authenticate.tar --cluster shop"]),
        ("minikube", ["minikube image load {}/mysql.tar", "minikube image load {}/authenticate.tar"]),
    ],
)
def test_without_docker_the_archives_are_brought_in(machine, context, commands):
    machine("docker", "exit 1")
    loading.load(context, WANTED)
    assert asked(machine) == [command.replace("{}", str(machine.folder)) for command in commands]


def test_where_no_registry_answers_the_archives_are_used(machine, capsys):
    machine("docker", 'case "$1" in image) exit 1;; pull) echo "no such host" >&2; exit 1;; esac')
    loading.load("kind-a", WANTED)
    assert asked(machine)[-1] == f"kind load image-archive {machine.folder}/authenticate.tar --name a"
    assert "no such host; it is made from Debian packages instead" in capsys.readouterr().err


def test_what_docker_has_is_not_made_again(machine):
    machine("docker")
    loading.load("kind-a", WANTED)
    assert asked(machine) == [f"kind load docker-image {MYSQL} {AUTH} --name a"]


def test_images_of_a_registry_are_left_to_the_cluster_and_a_remote_cluster_gets_none(machine):
    loading.load("kind-a", ["mysql:9.7", "registry.example/a:1"])
    loading.load("prod", WANTED)
    assert not (machine.folder / "asked").exists()


def test_a_cluster_that_takes_no_image_ends_with_its_words(machine):
    machine("kind", 'echo "no nodes found for cluster \\"a\\"" >&2; exit 1')
    with pytest.raises(Problem, match='no nodes found for cluster "a"'):
        loading.load("kind-a", WANTED)


def test_a_cluster_of_ones_own_is_told_the_way_through_a_registry(tmp_path):
    said = loading.hint("https://prod.example", WANTED, tmp_path)
    assert f"{AUTH}, {MYSQL}: no registry has that" in said
    assert "pulumi config set mysqlImage mysql:9.7" in said
    assert loading.hint("https://prod.example", ["mysql:9.7"], tmp_path) == ""
    (tmp_path / "dev-1").mkdir()
    (tmp_path / "dev-1/kubeconfig").write_text("server: https://10.99.0.2:6443")
    assert loading.hint("https://10.99.0.2:6443", WANTED, tmp_path) == ""
