"""A stack's cluster: agreed to before the first deployment, checked, and removed only when nobody else is on it."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cli import paths, programs
from cli.clusters.road import CONTEXT, KIND, NODE, Road
from cli.console import Problem
from cli.stack import cluster, config, guard
from cli.stack import commands as command

PROD = Road(CONTEXT, "prod", "KUBECONFIG", "https://prod.example", "text")
LOCAL = Road(CONTEXT, "kind-a", "the current context", "https://127.0.0.1:1", "text")


class Stack:
    """Answers kubectl with what a test says, and keeps the tag."""

    name = "dev"
    files = None

    def __init__(self, **answers):
        self.answers, self.tag = answers, ""

    def ask(self, *command, purpose):
        if command[:4] == ("pulumi", "stack", "tag", "ls"):
            return json.dumps({guard.TAG: self.tag} if self.tag else {})
        if command[:4] == ("pulumi", "stack", "tag", "set"):
            self.tag = command[5]
            return ""
        if command[:3] == ("pulumi", "stack", "export"):
            return "{}"
        answer = self.answers[command[2]]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def settings(self):
        return {"mysqlNodePort": "32001", "namespaceName": "shop", "mysqlName": "db"}


@pytest.fixture(autouse=True)
def checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "LOCAL", tmp_path / ".kubeauth")
    monkeypatch.setattr(paths, "STATE", tmp_path / "state")


def stack(**answers) -> Any:
    return Stack(**{"namespace": "uid-1", **answers})


def terminal(monkeypatch, answer):
    monkeypatch.setattr(cluster.sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(cluster, "console", SimpleNamespace(is_terminal=True, print=lambda *_a, **_o: None))
    monkeypatch.setattr(cluster, "Confirm", SimpleNamespace(ask=lambda *_a, **_o: answer))


def test_the_first_deployment_to_a_cluster_that_is_not_local_needs_a_word():
    given = stack()
    with pytest.raises(Problem, match=r"never been deployed to context prod, https://prod\.example") as caught:
        cluster.claim(given, PROD, fresh=False)
    assert "CONTEXT=prod" in caught.value.fix
    assert not given.tag
    assert not config.place_file("dev").exists()


def test_naming_the_context_is_the_word_and_it_is_remembered():
    given = stack()
    named = Road(CONTEXT, "prod", "CONTEXT", "https://prod.example", "text", asked_for=True)
    cluster.claim(given, named, fresh=False)
    assert given.tag == "uid-1 https://prod.example"
    cluster.claim(given, PROD, fresh=False)
    assert config.read(config.place_file("dev"))["name"] == "prod"


def test_a_colleague_whose_stack_is_there_already_is_not_asked():
    given = stack()
    given.tag = "uid-1 https://prod.example"
    cluster.claim(given, PROD, fresh=False)


@pytest.mark.parametrize("way", [LOCAL, Road(NODE, "dev-1"), Road(KIND, "kubeauth-1")])
def test_a_plainly_local_cluster_needs_no_word(way):
    given = stack()
    cluster.claim(given, way, fresh=False)
    assert given.tag == f"uid-1 {way.place}"


def test_on_a_terminal_the_user_is_asked(monkeypatch):
    terminal(monkeypatch, answer=False)
    with pytest.raises(Problem, match="nothing was changed"):
        cluster.claim(stack(), PROD, fresh=False)
    terminal(monkeypatch, answer=True)
    given = stack()
    cluster.claim(given, PROD, fresh=False)
    assert given.tag == "uid-1 https://prod.example"


def service(namespace, name, port):
    return {"metadata": {"namespace": namespace, "name": name}, "spec": {"ports": [{"nodePort": port}]}}


def test_a_node_port_of_another_service_is_refused_and_ones_own_is_not():
    cluster.check(stack(services=json.dumps({"items": [service("shop", "db-service", 32001)]})), LOCAL)
    with pytest.raises(Problem, match="node port 32001 belongs to the Service web in namespace other"):
        cluster.check(stack(services=json.dumps({"items": [service("other", "web", 32001)]})), LOCAL)


def test_who_may_not_list_services_is_told_and_a_silent_cluster_is_refused(capsys):
    cluster.check(stack(services=programs.Forbidden("no")), LOCAL)
    assert "not checked whether the node port is free" in capsys.readouterr().err
    with pytest.raises(Problem, match=r"context kind-a, https://127\.0\.0\.1:1 does not answer"):
        cluster.check(stack(services=programs.Unreachable("connection refused")), LOCAL)


def namespaces(*names, going=()):
    items = [{"metadata": {"name": name}} for name in names]
    items += [{"metadata": {"name": name, "deletionTimestamp": "2026-11-26T12:00:00Z"}} for name in going]
    return json.dumps({"items": items})


def gone(monkeypatch):
    removed: list[str] = []
    this = SimpleNamespace(kubeconfig=lambda _node: paths.STATE, remove=lambda _node: removed.append("node"))
    paths.STATE.mkdir()
    monkeypatch.setattr(cluster.machine, "this", lambda: this)
    kind = SimpleNamespace(exists=lambda _name: True, delete=lambda name, _file: removed.append(name))
    monkeypatch.setattr(cluster, "kind", kind)
    return removed


EMPTY = ("default", "kube-system", "kube-public", "kube-node-lease", "local-path-storage", "kubeauth-deployers")


def test_a_cluster_that_make_up_made_goes_when_nobody_else_is_on_it(monkeypatch):
    removed = gone(monkeypatch)
    cluster.remove(stack(namespaces=namespaces(*EMPTY)), Road(NODE, "dev-1"))
    cluster.remove(stack(namespaces=namespaces(*EMPTY)), Road(KIND, "kubeauth-1"))
    assert removed == ["node", "kubeauth-1"]


def test_what_is_being_deleted_keeps_no_cluster(monkeypatch):
    removed = gone(monkeypatch)
    cluster.remove(stack(namespaces=namespaces(*EMPTY, going=("shop",))), Road(NODE, "dev-1"))
    assert removed == ["node"]


def test_a_cluster_with_another_stack_on_it_stays(monkeypatch, capsys):
    removed = gone(monkeypatch)
    cluster.remove(stack(namespaces=namespaces(*EMPTY, "shop")), Road(NODE, "dev-1"))
    assert "namespaces of others, shop" in capsys.readouterr().err
    cluster.remove(stack(namespaces=namespaces()), LOCAL)
    with pytest.raises(programs.Failed):
        cluster.remove(stack(namespaces=programs.Unreachable("no answer")), Road(NODE, "dev-1"))
    assert removed == []


def nodes(*names):
    return json.dumps({"items": [{"status": {"images": [{"names": list(names)}, {"names": None}]}}, {"status": {}}]})


def test_the_stacks_images_are_brought_and_the_nodes_are_asked_what_they_have(monkeypatch):
    called = []
    monkeypatch.setattr(cluster.loading, "load", lambda way, names, held: called.append((way, names, held())))
    given = stack(nodes=nodes("localhost/a:1", "localhost/a@sha256:0"))
    monkeypatch.setattr(cluster.config, "images", lambda name: [f"of {name}"])
    cluster.load_images(given, LOCAL)
    assert called == [(LOCAL, [f"of {given.name}"], {"localhost/a:1", "localhost/a@sha256:0"})]
    given.answers["nodes"] = programs.Forbidden("no")
    cluster.load_images(given, LOCAL)
    assert called[1][2] == set()


def test_only_up_brings_images_and_does_it_before_the_cluster_is_agreed_to(monkeypatch):
    done: list[str] = []
    for name in ("exclusive.clear", "state.refuse_damage", "connect", "repair.settle", "guard.check_volume"):
        monkeypatch.setattr(f"cli.stack.commands.{name}", lambda *_a, **_o: False)
    for name in ("cluster.load_images", "cluster.claim", "change.up", "change.destroy"):
        monkeypatch.setattr(f"cli.stack.commands.{name}", lambda *_a, name=name, **_o: done.append(name))
    given: Any = SimpleNamespace(command="up", adopt=False)
    command.work(given, stack(), LOCAL, cast("Any", None), 0)
    given.command = "destroy"
    command.work(given, stack(), LOCAL, cast("Any", None), 0)
    assert done == ["cluster.load_images", "cluster.claim", "change.up", "cluster.claim", "change.destroy"]


def test_the_deployer_of_a_local_node_needs_no_right_to_list_nodes():
    kubeconfig = paths.STATE / "nodes/dev-1/kubeconfig"
    kubeconfig.parent.mkdir(parents=True)
    kubeconfig.write_text("server: https://10.99.0.2:6443")
    own = Road(CONTEXT, "deployer-shop", "KUBECONFIG", "https://10.99.0.2:6443", "text")
    cluster.load_images(stack(nodes=programs.Forbidden("no")), own)
