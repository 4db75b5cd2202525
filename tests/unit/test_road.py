"""The way to a cluster: found in one order, before anything is built, and never a cluster nobody asked for."""

import os
from types import SimpleNamespace

import pytest
import yaml

from cli import machine, paths
from cli.clusters import kind, road
from cli.clusters.road import CONTEXT, KIND, NODE, Wish, find
from cli.console import Problem


def kubeconfig(*names, current="", server="https://{}.example:6443"):
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": current,
            "clusters": [{"name": name, "cluster": {"server": server.format(name)}} for name in names],
            "users": [{"name": name, "user": {"token": f"token of {name}"}} for name in names],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
        }
    )


@pytest.fixture
def laptop(tmp_path, monkeypatch):
    """A machine with nothing: no kubeconfig, no programs, an ordinary user; the home's folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(paths, "STATE", tmp_path / "state")
    monkeypatch.setattr(paths, "LOCAL", tmp_path / ".kubeauth")
    (tmp_path / "bin").mkdir()
    (tmp_path / ".kube").mkdir()
    return tmp_path


def default(laptop, *names, current=""):
    (laptop / ".kube/config").write_text(kubeconfig(*names, current=current))


def program(laptop, name, body="exit 0"):
    path = laptop / "bin" / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def only(text):
    return [entry["name"] for entry in yaml.safe_load(text)["contexts"]]


@pytest.mark.parametrize(
    "name",
    ["kind-a", "minikube", "docker-desktop", "k3d-shop", "rancher-desktop", "orbstack", "colima", "colima-two"],
)
def test_a_current_context_that_is_plainly_local_is_used(laptop, name):
    default(laptop, "prod", name, current=name)
    way = find(Wish())
    assert (way.kind, way.name, way.plainly_local) == (CONTEXT, name, True)
    assert only(way.kubeconfig) == [name]
    assert "prod" not in way.kubeconfig


@pytest.mark.parametrize("name", ["prod", "kind", "my-kind-a", "minikube-of-ann", "arn:aws:eks:x", "k3d"])
def test_another_current_context_is_named_and_never_used_unasked(laptop, name):
    default(laptop, name, current=name)
    with pytest.raises(Problem, match="is not plainly local, so it is not used unasked") as caught:
        find(Wish())
    assert f"Context {name}, https://{name}.example:6443" in str(caught.value)


def test_the_only_local_context_is_used_beside_a_remote_current_one(laptop):
    default(laptop, "prod", "kind-a", current="prod")
    assert find(Wish()).name == "kind-a"


def test_of_two_local_contexts_none_is_guessed(laptop):
    default(laptop, "prod", "kind-a", "kind-b", current="prod")
    with pytest.raises(Problem, match="there is no cluster to deploy to"):
        find(Wish())


def test_kind_is_used_where_docker_answers(laptop):
    program(laptop, "kind")
    program(laptop, "docker", "exit 1")
    with pytest.raises(Problem, match="there is no cluster"):
        find(Wish())
    program(laptop, "docker")
    assert find(Wish()).kind == KIND


def test_where_this_machine_has_nodes_one_is_taken_last(laptop, monkeypatch):
    monkeypatch.setattr(machine, "this", lambda: SimpleNamespace(has_nodes=True))
    assert (find(Wish()).kind, find(Wish()).name) == (NODE, paths.default_node())


def test_without_a_cluster_the_four_ways_are_shown_at_once(laptop):
    with pytest.raises(Problem) as caught:
        find(Wish())
    for way in ("CONTEXT=", "minikube start", "Docker and kind"):
        assert way in caught.value.fix
    assert "sudo" not in caught.value.fix, "without the lab there is no node"


def test_what_the_user_names_comes_first(laptop, monkeypatch):
    default(laptop, "kind-a", "prod", current="kind-a")
    named = find(Wish(context="prod"))
    assert (named.name, named.server, named.asked_for) == ("prod", "https://prod.example:6443", True)
    (laptop / "own").write_text(kubeconfig("mine", current="mine"))
    monkeypatch.setenv("KUBECONFIG", str(laptop / "own"))
    way = find(Wish(node="x"))
    assert (way.name, way.why, way.asked_for, way.plainly_local) == ("mine", "KUBECONFIG", False, False)


def test_a_context_that_is_not_there_is_refused_with_those_that_are(laptop):
    default(laptop, "kind-a", "prod", current="kind-a")
    with pytest.raises(Problem, match="has no context staging") as caught:
        find(Wish(context="staging"))
    assert "kind-a, prod" in caught.value.fix


def test_the_stacks_own_context_wins_over_the_current_one_and_must_not_contradict_CONTEXT(laptop):
    default(laptop, "a", "b", current="a")
    assert find(Wish(stack_context="b")).name == "b"
    with pytest.raises(Problem, match="CONTEXT=a, but the stack's kubernetes:context is b"):
        find(Wish(stack_context="b", context="a"))


def test_the_stacks_own_kubeconfig_is_a_path_or_a_text(laptop):
    (laptop / "own").write_text(kubeconfig("mine", current="mine"))
    for value in (str(laptop / "own"), "~/own", kubeconfig("mine", current="mine")):
        way = find(Wish(stack_kubeconfig=value))
        assert (way.name, way.server, way.asked_for) == ("mine", "https://mine.example:6443", True)


def test_a_kubeconfig_that_make_env_set_is_not_the_users(laptop, monkeypatch):
    default(laptop, "kind-a", current="kind-a")
    own = laptop / ".kubeauth/clusters/dev"
    node = laptop / "state/nodes/dev-1/kubeconfig"
    monkeypatch.setenv("KUBECONFIG", f"{own}{os.pathsep}{node}")
    assert find(Wish()).name == "kind-a"
    (laptop / "mine").write_text(kubeconfig("mine", current="mine"))
    monkeypatch.setenv("KUBECONFIG", f"{node}{os.pathsep}{laptop / 'mine'}")
    assert find(Wish()).name == "mine"


def test_where_a_stack_was_deployed_last_is_remembered(laptop):
    default(laptop, "kind-a", "prod", current="kind-a")
    before = {"kind": CONTEXT, "name": "prod", "server": "https://prod.example:6443"}
    assert find(Wish(remembered=before)).name == "prod"
    assert find(Wish(remembered={"kind": NODE, "name": "dev-1", "server": ""})).name == "dev-1"
    assert find(Wish(remembered=before, cluster="current")).name == "kind-a"
    with pytest.raises(
        Problem, match=r"was deployed to context prod, https://old, which ~/\.kube/config does not have"
    ):
        find(Wish(remembered={**before, "server": "https://old"}))


def test_a_local_cluster_that_got_another_port_is_still_the_same_name(laptop):
    default(laptop, "kind-a", current="kind-a")
    before = {"kind": CONTEXT, "name": "kind-a", "server": "https://127.0.0.1:40001"}
    assert find(Wish(remembered=before)).server == "https://kind-a.example:6443"


def test_CLUSTER_skips_the_search_and_knows_three_words(laptop):
    default(laptop, "prod", current="prod")
    assert find(Wish(cluster="current")).name == "prod"
    assert find(Wish(cluster="node", node="x")).name == "x"
    with pytest.raises(Problem, match="CLUSTER=kind needs docker and kind"):
        find(Wish(cluster="kind"))
    with pytest.raises(Problem, match="one of: current, kind, node"):
        find(Wish(cluster="eks"))


def test_what_is_remembered_holds_no_credentials(laptop):
    default(laptop, "kind-a", current="kind-a")
    assert "token" not in find(Wish()).as_json()
    assert road.find(Wish()).place == "https://kind-a.example:6443"


def test_a_number_of_nodes_is_for_a_cluster_that_is_made_here(laptop):
    default(laptop, "kind-a", current="kind-a")
    with pytest.raises(Problem, match="NODES = 3\n  rule: for a cluster that is made here; context kind-a") as caught:
        find(Wish(nodes=3))
    assert "make up NODES=3 CLUSTER=node" in caught.value.fix
    assert find(Wish(nodes=3, cluster="node")).nodes == 3
    assert find(Wish(cluster="node")).nodes == 0


def test_kind_makes_as_many_nodes_as_were_asked_for_and_refuses_another_number_later(laptop, tmp_path):
    keeps = f'[ "$1" = --config ] && read -r text < "$2"; [ "$text" ] && echo "$text" > {tmp_path}/config'
    program(laptop, "kind", f'[ "$2" = nodes ] && echo a b c; while [ $# -gt 0 ]; do {keeps}; shift; done; exit 0')
    kind.create("shop", tmp_path / "kubeconfig", fresh=True, nodes=3)
    roles = [node["role"] for node in yaml.safe_load((tmp_path / "config").read_text())["nodes"]]
    assert roles == ["control-plane", "worker", "worker"]
    kind.create("shop", tmp_path / "kubeconfig", fresh=False, nodes=3)
    with pytest.raises(Problem, match="NODES = 2\n  rule: as many as cluster shop has: 3") as caught:
        kind.create("shop", tmp_path / "kubeconfig", fresh=False, nodes=2)
    assert "kind delete cluster --name shop" in caught.value.fix
    (tmp_path / "config").unlink()
    kind.create("shop", tmp_path / "kubeconfig", fresh=True)
    assert not (tmp_path / "config").exists()
