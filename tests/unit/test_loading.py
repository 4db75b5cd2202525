"""How images get into each kind of local cluster: the exact command lines, recorded by stand-ins on PATH."""

import json

import pytest

from cli import machine as machines
from cli import paths
from cli.clusters import loading
from cli.clusters.local import is_local, maker
from cli.clusters.road import CONTEXT, KIND, NODE, Road
from cli.console import Problem
from components.mysql import mysqld

MYSQL, AUTH = loading.REFERENCES["mysql"], loading.REFERENCES["authenticate"]
VITESS = loading.REFERENCES["vitess"]
SOURCES = str(paths.CHECKOUT / loading.AUTHENTICATE_SOURCES)
MYSQL_HASH, AUTH_HASH = loading._hash("FROM mysql:9.7\n"), loading._hash(None)

#: Records its command line; `docker image inspect` shows the file that `docker build` or a test wrote.
PROGRAM = r"""#!/bin/sh
echo "$(basename "$0") $*" >> "$LOG/calls"
case "$(basename "$0") $1 $2" in
    "docker version "*) exit "$(cat "$LOG/down" 2>/dev/null || echo 0)" ;;
    "docker image inspect") cat "$LOG/$(echo "$3" | tr / _)" 2>/dev/null ;;
    "docker build --tag")
        [ "$6" = - ] && cat > "$LOG/stdin"
        echo "$BUILDX_NO_DEFAULT_ATTESTATIONS" > "$LOG/plain"
        echo '[{"Id": "sha256:new", "Config": {"Labels": {"'"${5%%=*}"'": "'"${5#*=}"'"}}}]' \
            > "$LOG/$(echo "$3" | tr / _)" ;;
    "minikube --profile minikube") if [ "$4" = ls ]; then cat "$LOG/minikube" 2>/dev/null || echo "[]"; fi ;;
esac
"""


class Machine:
    """A machine with stand-ins, and what they were called with."""

    def __init__(self, folder):
        self.folder = folder

    def in_docker(self, reference, labels, image_id="sha256:old"):
        text = json.dumps([{"Id": image_id, "Config": {"Labels": labels}}])
        (self.folder / reference.replace("/", "_")).write_text(text)

    def both_in_docker(self):
        self.in_docker(MYSQL, {loading.LABEL: MYSQL_HASH}, "sha256:m")
        self.in_docker(AUTH, {loading.LABEL: AUTH_HASH}, "sha256:a")

    def without_docker(self):
        (self.folder / "down").write_text("1")

    def calls(self, *, questions=False):
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        asked = ("docker version", "docker image inspect", "minikube --profile minikube image ls")
        return [line for line in lines if questions or not line.startswith(asked)]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    for name in ("docker", "kind", "minikube", "k3d"):
        (tmp_path / "bin" / name).write_text(PROGRAM)
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("LOG", str(tmp_path))
    monkeypatch.setattr(loading.tempfile, "TemporaryDirectory", lambda prefix: Kept(tmp_path))
    return Machine(tmp_path)


class Kept:
    """A temporary folder whose name a test knows."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        return str(self.folder)

    def __exit__(self, *_):
        return None


@pytest.fixture
def archives(tmp_path, monkeypatch):
    """Stands in for the archives that Debian packages make."""
    made = {name: tmp_path / f"{name}.tar" for name in loading.REFERENCES}

    class Builder(machines.Machine):
        def archives(self, names):
            return [machines.Image(loading.REFERENCES[name], f"sha256:{name}", made[name]) for name in names]

    monkeypatch.setattr(loading.machine, "this", Builder)
    return made


def context(name):
    return Road(CONTEXT, name, server="https://127.0.0.1:1")


LOADED = {
    Road(KIND, "kubeauth-1"): [f"kind load docker-image {AUTH} {MYSQL} --name kubeauth-1"],
    context("kind-shop"): [f"kind load docker-image {AUTH} {MYSQL} --name shop"],
    context("minikube"): [
        f"docker save --output TMP/image.tar {AUTH}",
        "minikube --profile minikube image load TMP/image.tar",
        f"docker save --output TMP/image.tar {MYSQL}",
        "minikube --profile minikube image load TMP/image.tar",
    ],
    context("k3d-shop"): [
        f"docker save --output TMP/image.tar {AUTH}",
        "k3d image import TMP/image.tar --cluster shop",
        f"docker save --output TMP/image.tar {MYSQL}",
        "k3d image import TMP/image.tar --cluster shop",
    ],
    **{context(name): [] for name in ("docker-desktop", "orbstack", "rancher-desktop", "colima", "colima-two")},
}


@pytest.mark.parametrize("way", LOADED, ids=str)
def test_docker_builds_what_is_missing_and_each_kind_of_cluster_loads_it_its_own_way(machine, way):
    loading.load(way, [MYSQL, AUTH])
    built = [
        f"docker build --tag {AUTH} --label {loading.LABEL}={AUTH_HASH} {SOURCES}",
        f"docker build --tag {MYSQL} --label {loading.LABEL}={MYSQL_HASH} -",
    ]
    assert machine.calls() == built + [line.replace("TMP", str(machine.folder)) for line in LOADED[way]]
    assert (machine.folder / "stdin").read_text() == f"FROM {mysqld.IMAGE}\n"
    # kind cannot import attestations (kind#3795).
    assert (machine.folder / "plain").read_text() == "1\n"


@pytest.mark.parametrize("labels", [{loading.LABEL: AUTH_HASH}, None, {"their": "own"}])
def test_an_image_of_the_same_sources_or_of_the_users_own_is_not_built_again(machine, labels):
    machine.in_docker(AUTH, labels)
    loading.load(context("docker-desktop"), [AUTH])
    assert machine.calls() == []


def test_an_image_of_other_sources_is_built_again(machine):
    machine.in_docker(AUTH, {loading.LABEL: "0"})
    loading.load(context("docker-desktop"), [AUTH])
    assert [line.split(" --label")[0] for line in machine.calls()] == [f"docker build --tag {AUTH}"]


def test_minikube_loads_only_what_it_has_not_under_that_id(machine):
    machine.both_in_docker()
    listed = [{"id": "m", "repoTags": [MYSQL]}, {"id": "other", "repoTags": [AUTH]}, {"id": "x", "repoTags": None}]
    (machine.folder / "minikube").write_text(json.dumps(listed))
    loading.load(context("minikube"), [MYSQL, AUTH])
    archive = machine.folder / "image.tar"
    assert machine.calls() == [
        f"docker save --output {archive} {AUTH}", f"minikube --profile minikube image load {archive}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("kind-a", "kind load image-archive {} --name a"),
        ("minikube", "minikube --profile minikube image load {}"),
        ("k3d-a", "k3d image import {} --cluster a"),
    ],
)
def test_without_docker_the_archives_are_loaded(machine, archives, name, line):
    machine.without_docker()
    loading.load(context(name), [MYSQL, AUTH])
    assert machine.calls() == [line.format(archives["authenticate"]), line.format(archives["mysql"])]


def test_without_docker_what_the_nodes_have_is_enough(machine, archives):
    machine.without_docker()
    loading.load(context("kind-a"), [MYSQL, AUTH], lambda: {MYSQL})
    assert machine.calls() == [f"kind load image-archive {archives['authenticate']} --name a"]


def test_what_no_dockerfile_makes_comes_as_an_archive_beside_dockers(machine, archives):
    machine.both_in_docker()
    loading.load(context("kind-a"), [AUTH, VITESS])
    assert machine.calls() == [
        f"kind load docker-image {AUTH} --name a",
        f"kind load image-archive {archives['vitess']} --name a",
    ]


def test_what_no_dockerfile_makes_and_this_machine_neither_is_the_users_to_push(machine):
    machine.both_in_docker()
    with pytest.raises(Problem, match=f"needs {VITESS}, and no Dockerfile makes them") as caught:
        loading.load(context("kind-a"), [VITESS])
    assert "pulumi config set mysqlClusterImage" in caught.value.fix


def test_a_cluster_on_dockers_store_needs_docker(machine, archives):
    machine.without_docker()
    with pytest.raises(Problem, match="colima takes its images from Docker, which does not answer") as caught:
        loading.load(context("colima"), [MYSQL])
    assert "start Docker" in caught.value.fix
    assert machine.calls() == []


def test_where_neither_docker_nor_debian_is_both_ways_are_named(machine, monkeypatch):
    class Elsewhere(machines.Machine):
        def archives(self, names):
            raise Problem("images are built on Debian", "do it there")

    machine.without_docker()
    monkeypatch.setattr(loading.machine, "this", Elsewhere)
    with pytest.raises(Problem, match=f"needs {AUTH}; Docker does not answer, .*built on Debian") as caught:
        loading.load(context("kind-a"), [AUTH])
    assert "start Docker" in caught.value.fix
    assert "do it there" in caught.value.fix


def test_a_command_that_fails_ends_with_its_words(machine):
    machine.both_in_docker()
    (machine.folder / "bin" / "kind").write_text("#!/bin/sh\necho 'no nodes found for cluster' >&2\nexit 1\n")
    with pytest.raises(Problem, match=f"load {AUTH}, {MYSQL} failed .*: no nodes found for cluster"):
        loading.load(context("kind-gone"), [MYSQL, AUTH])


@pytest.mark.parametrize("way", [Road(NODE, "dev-1"), context("kind-a"), context("prod")], ids=str)
def test_images_of_a_registry_are_left_to_the_cluster(machine, way):
    references = ["mysql:9.7", "registry.example/authenticate:1.0.0"]
    loading.load(way, [MYSQL, AUTH] if way.kind == NODE else references)
    assert machine.calls(questions=True) == []


def test_a_remote_cluster_is_refused_localhosts_images_with_the_way_through_a_registry(machine):
    with pytest.raises(Problem, match=f"prod, .* cannot pull {AUTH}, {MYSQL}: .*Nothing was changed") as caught:
        loading.load(context("prod"), [MYSQL, AUTH])
    for line in (
        "docker build --tag <registry>/authenticate:1.0.0 examples/authenticate",
        "docker push <registry>/authenticate:1.0.0",
        "pulumi config set authImage <registry>/authenticate:1.0.0",
        "pulumi config set mysqlImage mysql:9.7",
    ):
        assert line in caught.value.fix
    assert machine.calls(questions=True) == []
    with pytest.raises(Problem, match="cannot pull localhost/own:1"):
        loading.load(context("prod"), ["localhost/own:1"])


def test_a_remote_cluster_whose_nodes_were_given_the_images_is_not_refused(machine):
    loading.load(context("prod"), [MYSQL, AUTH], lambda: {MYSQL, AUTH})
    with pytest.raises(Problem, match=f"cannot pull {AUTH}: "):
        loading.load(context("prod"), [MYSQL, AUTH], lambda: {MYSQL})


@pytest.mark.parametrize("name", ["kind-a", "minikube", "k3d-a", "docker-desktop", "orbstack", "colima-x"])
def test_every_local_context_has_a_way_in(name):
    assert is_local(name)
    assert maker(name)[0] in ("kind", "minikube", "k3d", "docker")
