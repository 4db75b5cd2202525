"""Who may talk to whom, by the rules that NetworkPolicies have: what is drawn is what the cluster enforces."""

import pytest

from cli.report import reach, scene
from cli.report.model import NOT_KNOWN, NOT_READY, READY
from cli.report.reach import Pods

from .report_objects import ADDRESS, CLIENTS, GUARDED, OFFICE, endpoints, policy, service, system, with_namespace

SERVER = Pods("shop", "mysqlauth", {"name": "mysqlauth-selector"}, {})
CLIENT = Pods("shop", "authenticate", {"name": "authenticate-selector"}, {})
ELSEWHERE = Pods("web", "site", {"app": "site"}, {"team": "web"})
PORTS: set[int | str] = {3306, "mysql"}


def refused(*policies, client=CLIENT):
    found = {}
    for item in policies:
        found.setdefault(item["metadata"].get("namespace", "shop"), []).append(item)
    return reach.refused(found, client, SERVER, PORTS)


ALL = {"namespaceSelector": {}}
WEB = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "web"}}}
SITE = {"namespaceSelector": {"matchLabels": {"team": "web"}}, "podSelector": {"matchLabels": {"app": "site"}}}
NOT_SITE = {"namespaceSelector": {}, "podSelector": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}}
ONE_OF = {"podSelector": {"matchExpressions": [{"key": "name", "operator": "In", "values": ["authenticate-selector"]}]}}


@pytest.mark.parametrize(
    ("source", "client", "allowed"),
    [
        (CLIENTS, CLIENT, True),
        (CLIENTS, ELSEWHERE, False),
        (ONE_OF, CLIENT, True),
        ({"podSelector": {}}, CLIENT, True),
        ({"podSelector": {}}, ELSEWHERE, False),
        (ALL, ELSEWHERE, True),
        (WEB, ELSEWHERE, True),
        (WEB, CLIENT, False),
        (SITE, ELSEWHERE, True),
        (SITE, CLIENT, False),
        (NOT_SITE, ELSEWHERE, False),
        (NOT_SITE, CLIENT, True),
        (OFFICE, CLIENT, False),
    ],
)
def test_who_is_let_in(source, client, allowed):
    assert (refused(policy("one", source), client=client) == "") is allowed


def test_no_policy_lets_everybody_in_and_an_empty_one_nobody():
    assert refused() == ""
    said = "NetworkPolicy one of shop does not let it in"
    assert refused(policy("one", ingress=[])) == said
    assert refused(policy("one", ingress=[{}])) == ""
    assert refused(policy("one", ingress=[], selects="another")) == ""


def test_what_one_policy_lets_in_no_other_one_keeps_out():
    assert refused(policy("none", ingress=[]), policy("one", CLIENTS)) == ""


def test_the_way_out_counts_too():
    out = policy("out", selects="authenticate", policyTypes=["Egress"], egress=[{"ports": [{"port": 53}]}])
    assert refused(out, policy("one", CLIENTS)) == "NetworkPolicy out of shop does not let it out"
    out["spec"]["egress"].append({"ports": [{"port": 3306}]})
    assert refused(out, policy("one", CLIENTS)) == ""


@pytest.mark.parametrize(
    ("ports", "allowed"),
    [
        ([{"port": 3306}], True),
        ([{"port": "mysql"}], True),
        ([{"port": 80}], False),
        ([{"port": 3000, "endPort": 4000}], True),
        ([{"port": 4000, "endPort": 5000}], False),
        ([{"protocol": "TCP"}], True),
        ([], True),
    ],
)
def test_ports_count(ports, allowed):
    assert (refused(policy("one", ingress=[{"from": [CLIENTS], "ports": ports}])) == "") is allowed


@pytest.mark.parametrize(
    ("source", "who"),
    [
        (CLIENTS, "pods of authenticate"),
        ({"podSelector": {"matchLabels": {"a": "b"}}}, "pods with a=b"),
        ({"podSelector": {}}, "every pod of this namespace"),
        (ALL, "every pod of every namespace"),
        (WEB, "every pod of namespace web"),
        (SITE, "pods with app=site of namespaces with team=web"),
        (OFFICE, "10.99.0.0/16"),
        ({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}, "10.0.0.0/8 but 10.1.0.0/16"),
    ],
)
def test_who_it_is_in_words(source, who):
    (peer,) = reach.peers([policy("one", source)], SERVER, [CLIENT]) or []
    assert (peer.who, peer.ports, peer.policy) == (who, "TCP 3306", "one")


def objects(*items):
    found = {"NetworkPolicy": []}
    for item in items:
        found.setdefault(item["kind"], []).append(item)
    return found


def ways(*more, **options):
    return scene.ways(objects(*system(*more)), live=options.get("live", True))


def test_the_way_is_drawn_from_what_names_what():
    (way,) = ways(GUARDED)
    assert (way.address, way.service, way.kind, way.ports) == (
        ADDRESS,
        "mysqlauth-service",
        "NodePort",
        "3306, node port 32001",
    )
    assert [(each.name, each.variable, each.state, each.refused) for each in way.clients] == [
        ("authenticate-deployment", "DB_HOST", READY, "")
    ]  # fmt: skip
    assert [(each.name, each.node, each.state) for each in way.endpoints] == [("mysqlauth-pod", "one", READY)]
    assert [(each.name, each.phase, each.size) for each in way.claims] == [("mysqlauth-data", "Bound", "1Gi")]
    assert way.others() == [("10.99.0.0/16", "TCP 3306")]


def test_without_a_cluster_nothing_is_called_ready():
    (way,) = ways(GUARDED, live=False)
    assert {way.state, *(each.state for each in (*way.clients, *way.endpoints))} == {NOT_KNOWN}
    assert [each.name for each in way.endpoints] == ["mysqlauth-deployment"]


def test_a_service_without_an_endpoint_is_not_ready():
    items = [item for item in system(GUARDED) if item["kind"] != "EndpointSlice"]
    (way,) = scene.ways({**objects(*items), "EndpointSlice": []}, live=True)
    assert (way.state, way.endpoints) == (NOT_READY, ())


def given(value, name="DB_HOST"):
    items = [item for item in system(GUARDED)]
    for item in items:
        if item["metadata"].get("name") == "authenticate-deployment":
            item["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": name, "value": value}]
    return scene.ways(objects(*items), live=True)


@pytest.mark.parametrize(
    "value",
    [
        "mysqlauth-service",
        "mysqlauth-service:3306",
        "mysqlauth-service.shop",
        "mysqlauth-service.shop.svc:3306",
        ADDRESS,
        f"mysql://ann:secret-password@{ADDRESS}/app",
    ],
)
def test_an_address_in_every_form_leads_to_its_service_and_shows_no_password(value):
    (way,) = given(value, name="SOME_URL")
    assert way.service == "mysqlauth-service"
    assert "secret-password" not in str(way) + way.address


def test_a_database_elsewhere_is_shown_as_such_and_the_one_here_without_clients():
    there, here = given("db.example.com:3306")
    assert (there.service, there.address, there.state) == ("", "db.example.com:3306", NOT_KNOWN)
    assert str(there).endswith("db.example.com:3306 is outside this stack's namespaces.")
    assert (here.service, here.clients) == ("mysqlauth-service", ())


def test_what_is_no_address_is_none():
    assert [way.clients for way in given("a sentence of words")] == [()]
    assert [way.clients for way in given("5", name="WORKERS")] == [()]


def test_two_services_are_two_ways():
    more = [with_namespace(item) for item in (service("other"), endpoints("other"))]
    found = ways(GUARDED, *more)
    assert [way.service for way in found] == ["mysqlauth-service"], "what nobody uses and has no data is no way to data"
