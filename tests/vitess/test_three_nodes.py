"""The same two commands on three nodes: servers spread, and the node with the primary may be lost."""

import json

from lab.node import Node
from tests.vitess.checkout import Checkout

PARTS = ("tablet", "etcd", "vtorc", "vtgate")


def places(checkout: Checkout, part: str) -> dict[str, str]:
    """The nodes of a part's pods, by the pods' names."""
    selector = f"name=mysqlauth{'' if part == 'vtgate' else f'-{part}'}-selector"
    pods = json.loads(checkout.kubectl("get", "pods", "--selector", selector, "--output", "json"))["items"]
    return {pod["metadata"]["name"]: pod["spec"]["nodeName"] for pod in pods}


def node_of(checkout: Checkout) -> Node:
    """The first node of the stack's cluster."""
    server = checkout.kubectl("config", "view", "--minify", "--output", "jsonpath={.clusters[0].cluster.server}")
    return next(node for node in Node.all() if f"https://{node.address}:6443" == server)


def test_one_line_and_three_nodes_spread_the_servers_and_the_service_logs_in_as_before(checkout):
    checkout.write(mysqlReplicas=3)
    said = checkout.make("up", NODES="3")
    assert "DB_HOST=mysqlauth-service.production-cloud.svc.cluster.local:3306" in said
    assert "✓ prove it: register and log in" in said
    assert {part: len(set(places(checkout, part).values())) for part in PARTS} == {
        "tablet": 3, "etcd": 3, "vtorc": 2, "vtgate": 2,
    }  # fmt: skip
    assert "all is well" in checkout.make("status")
    assert "has 3 nodes, not 2" in checkout.make("up", ok=False, NODES="2")


def test_writes_go_on_without_the_primarys_node_which_comes_back_with_its_server(checkout):
    cluster = node_of(checkout)
    checkout.sql("CREATE TABLE lost (id INT PRIMARY KEY)", "INSERT INTO lost VALUES (1)", "SELECT 1")
    while (lost := places(checkout, "tablet")[checkout.primary()]) == cluster.name:
        checkout.kubectl("delete", "pod", checkout.primary())
        checkout.kubectl("rollout", "status", "statefulset/mysqlauth-tablet", "--timeout=300s")
    (worker,) = (worker for worker in cluster.workers if worker.name == lost)
    worker.stop(grace=False)
    # The service asks again as long as half of the gateways do not answer: kube-proxy learns that after 40 s.
    checkout.eventually(lambda: checkout.sql("INSERT INTO lost VALUES (2)", "SELECT COUNT(*) FROM lost"), 90)
    assert checkout.primary() not in [name for name, node in places(checkout, "tablet").items() if node == lost]
    assert "✓ prove it: register and log in" in checkout.make("up")
    checkout.kubectl("rollout", "status", "statefulset/mysqlauth-tablet", "--timeout=300s")
    sums = {
        name: checkout.eventually(lambda name=name: checkout.server(name, "CHECKSUM TABLE admin.lost"), 120)
        for name in places(checkout, "tablet")
    }
    assert len(set(sums.values())) == 1
    assert "all is well" in checkout.make("status")
