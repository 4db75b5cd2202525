"""A local cluster of several nodes: its addresses do not meet, and what is the first node's alone stays there."""

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from cli.console import Problem
from lab.node import Node, layout, network, render
from lab.node.layout import CLUSTER_CIDR, LINKS, MEMBERS, MOST, SELF_ADDRESS, SERVICE_CIDR, Layout

LINK = IPv4Network("10.99.1.0/30")


@pytest.fixture(autouse=True)
def nodes(tmp_path, monkeypatch):
    monkeypatch.setattr(layout, "NODES", tmp_path)
    return tmp_path


def members() -> list[Layout]:
    return [Layout("shop", number) for number in range(1, MOST + 1)]


def test_addresses_names_and_folders_of_a_clusters_nodes_are_their_own():
    for what in ("hostname", "member", "pods", "directory", "cgroup", "veth"):
        assert len({getattr(place, what) for place in members()}) == MOST, what
    assert len({place.lock for place in members()}) == 1
    assert all(place.pods.subnet_of(CLUSTER_CIDR) and place.member in MEMBERS for place in members())


def test_no_link_to_the_host_meets_what_a_cluster_uses_inside():
    inner = [MEMBERS, CLUSTER_CIDR, IPv4Network(SERVICE_CIDR), IPv4Network(SELF_ADDRESS)]
    assert not [link for link in Layout("shop").links() for other in inner if link.overlaps(other)]
    # One rule for clients from this machine covers a client whose address another node's kube-proxy replaced.
    assert MEMBERS.subnet_of(LINKS)


@pytest.mark.parametrize("place", members(), ids=str)
def test_each_node_has_a_route_to_every_other_nodes_pods_and_none_to_the_world(place):
    made = network.of_first(place, LINK) if place.number == 1 else network.of_worker(place, LINK)
    routes = [line.split()[2:] for line in made if line.startswith("route add")]
    ways = {route[0]: route[2] for route in routes if route[1] == "via"}
    assert {str(other.pods): str(other.member) for other in members() if other != place}.items() <= ways.items()
    # The API server and DNS are the first node's.
    assert (SELF_ADDRESS + "/32" in ways) == (place.number != 1)
    assert ["unreachable", "default"] in routes
    assert not [route for route in routes if "default" in route and route[0] != "unreachable"]


def test_what_belongs_to_the_control_plane_is_on_the_first_node_alone(nodes):
    first, other = (render._files(Layout("shop", number), "10.99.254.9") for number in (1, 2))
    assert set(first) - set(other) == render.OF_THE_FIRST
    key = render.encryption_key(Layout("shop").directory)
    assert key in first["encryption.yaml"]
    assert not [name for name, text in other.items() if key in text]
    for daemon in ("kube-apiserver", "etcd", "kube-scheduler", "coredns", "local-path-provisioner"):
        assert f"[program:{daemon}]" in first["supervisord.conf"]
        assert f"[program:{daemon}]" not in other["supervisord.conf"]
    for daemon in ("kubelet", "containerd", "kube-proxy", "kube-router"):
        assert f"[program:{daemon}]" in other["supervisord.conf"]
    assert f"https://{SELF_ADDRESS}:6443" in other["supervisord.conf"]
    assert not (nodes / "shop/workers/2/pki/secrets.key").exists()


def test_kube_proxy_takes_the_pods_of_all_nodes_for_the_clusters():
    for number in (1, 2):
        files = render._files(Layout("shop", number), "10.99.254.9")
        assert f"clusterCIDR: {CLUSTER_CIDR}" in files["kube-proxy.yaml"]
        assert str(Layout("shop", number).pods) in files["cni/10-pods.conflist"]


def test_a_number_of_nodes_that_would_lose_one_is_refused(nodes):
    node = Node("shop")
    for number in (2, 3):
        (nodes / "shop/workers" / str(number)).mkdir(parents=True)
    node.kubeconfig.touch()
    assert [worker.name for worker in node.workers] == ["shop-2", "shop-3"]
    assert [IPv4Address(worker.address) for worker in node.workers] == [MEMBERS[2], MEMBERS[3]]
    node._check(0)
    node._check(3)
    with pytest.raises(Problem, match="has 3 nodes, not 1, and volumes may be on each") as caught:
        node._check(1)
    assert "make node-reset NODE=shop" in caught.value.fix
    with pytest.raises(Problem, match=f"5 nodes\n  rule: 1 to {MOST}"):
        node._check(5)


def test_every_daemon_of_a_node_is_named_once():
    for number in (1, 2):
        text = render._files(Layout("shop", number), "10.99.254.9")["supervisord.conf"]
        named = [line for line in text.splitlines() if line.startswith("[program:")]
        assert len(named) == len(set(named)) == (11 if number == 1 else 5)
        assert "${" not in text


def test_the_templates_name_no_path_of_this_machine():
    assert not [path for path in render.TEMPLATES.iterdir() if str(Path.home()) in path.read_text()]
