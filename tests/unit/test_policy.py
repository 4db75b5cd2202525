"""Each rule of the policy pack on plain data: what it refuses, where it says that is, and what it leaves alone."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import deserialize, proxy

from policy import network, pods, production, services
from policy.rules import POLICIES
from policy.values import UNKNOWN, SecretList, SecretText, decode
from policy.workloads import Finding, Pod, Resource, kubernetes, pod_of

WEB = "spec.containers[web]"
RESOURCES = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "100m", "memory": "64Mi"}}


def container(**values: Any) -> Pod:
    return Pod("", {}, {"containers": [{"name": "web", **values}]})


def paths(findings: Iterable[Finding]) -> list[str]:
    return [finding.path for finding in findings]


def resource(kind: str, name: Any = "web", namespace: Any = "shop", **properties: Any) -> Resource:
    metadata = {"name": name, "namespace": namespace}
    return Resource(kind, {"metadata": metadata, **properties}, f"urn:{kind}/{name}")


def workload(name: str = "web", namespace: str = "shop", *, env: Any = None, labels: Any = None) -> Resource:
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "env": env or []}]}}
    return resource("Deployment", name, namespace, spec={"template": template})


@pytest.mark.parametrize(
    ("token", "path"),
    [
        ("kubernetes:core/v1:Pod", ""),
        ("kubernetes:apps/v1:Deployment", "spec.template."),
        ("kubernetes:apps/v1:StatefulSet", "spec.template."),
        ("kubernetes:apps/v1:DaemonSet", "spec.template."),
        ("kubernetes:apps/v1:ReplicaSet", "spec.template."),
        ("kubernetes:batch/v1:Job", "spec.template."),
        ("kubernetes:batch/v1:CronJob", "spec.jobTemplate.spec.template."),
        ("kubernetes:core/v1:Service", None),
        ("kubernetes:batch.volcano.sh/v1alpha1:Job", None),
        ("kubernetes:apps/v1:DeploymentPatch", None),
        ("kubeauth:index:AuthService", None),
    ],
)
def test_pods_are_found_in_each_kind_of_workload(token, path):
    properties: dict[str, Any] = {"spec": {"containers": [{"name": "web"}]}}
    for key in reversed((path or "").split(".")[:-1]):
        properties = {key: properties}
    found = kubernetes(token, properties)
    its_pod = pod_of(found) if found else None
    where = [each.path for each in its_pod.containers()] if its_pod else None
    assert where == (None if path is None else [f"{path}spec.containers[web]"])


@pytest.mark.parametrize(
    "name",
    ["DB_PASS", "MYSQL_ROOT_PASSWORD", "API_KEY", "apiKey", "GITHUB_TOKEN", "dbPassword", "AWS_SECRET", "MYSQL_PWD"],
)
@pytest.mark.parametrize("value", ["x", UNKNOWN, SecretText("x")], ids=["literal", "unknown", "secret"])
def test_secret_literals_are_refused_and_not_repeated(name, value):
    bad = container(env=[{"name": name, "value": value}])
    (finding,) = pods.secret_literals(resource("Pod"), bad)
    assert finding.path == f"{WEB}.env[{name}].value"
    assert "x" not in finding.problem.split()


@pytest.mark.parametrize(
    "variable",
    [
        {"name": "DB_PASS", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
        {"name": "DB_PASS", "value": ""},
        {"name": "DB_URL_PASSWORD", "value": "$(DB_PASS)"},
        {"name": "DB_PASSWORD_FILE", "value": "/run/password"},
        {"name": "SECRET_NAME", "value": "db"},
        {"name": "MONKEY", "value": "x"},
        {"name": "COMPASS", "value": "x"},
        {"name": "MAX_TOKENS", "value": "4096"},
        {"name": UNKNOWN, "value": "x"},
    ],
    ids=str,
)
def test_what_is_no_secret_literal_is_allowed(variable):
    assert list(pods.secret_literals(resource("Pod"), container(env=[variable]), ["MAX_TOKENS"])) == []


def test_pulumi_secrets_are_found_wherever_they_are():
    spec = {"containers": [{"name": "web", "args": ["a", SecretText("hidden")]}], "initContainers": SecretList([{}])}
    found = resource("Pod", spec=spec)
    found.properties["metadata"]["annotations"] = {"note": SecretText("hidden")}
    assert paths(pods.secret_literals(found, Pod("", {}, spec))) == [
        "metadata.annotations.note",
        "spec.containers[web].args[1]",
        "spec.initContainers",
    ]


DIGEST = "@sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("image", "problem", "digest_problem"),
    [
        ("mysql:9.7", None, "no digest"),
        ("localhost:5000/mysql:9.7", None, "no digest"),
        ("mysql", "no tag", "no digest"),
        ("localhost:5000/mysql", "no tag", "no digest"),
        ("mysql:latest", "changes", "no digest"),
        (f"mysql:9.7{DIGEST}", None, None),
        (f"mysql{DIGEST}", None, None),
        ("mysql@sha256:abc", "no tag", "no digest"),
        (UNKNOWN, None, None),
        (None, None, None),
    ],
)
def test_images_are_pinned(image, problem, digest_problem):
    for require_digest, expected in ((False, problem), (True, digest_problem)):
        found = [finding.problem for finding in pods.unpinned_images(container(image=image), require_digest)]
        assert len(found) == (expected is not None)
        assert all((expected or "") in text for text in found)


def test_an_image_volume_is_an_image():
    bad = Pod("", {}, {"volumes": [{"name": "v", "image": {"reference": "models"}}]})
    assert paths(pods.unpinned_images(bad)) == ["spec.volumes[0].image.reference"]


@pytest.mark.parametrize(
    ("resources", "missing"),
    [
        (RESOURCES, []),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, []),
        ({"requests": {"cpu": "1", "memory": "1Gi"}}, ["limits.cpu", "limits.memory"]),
        ({"limits": {"cpu": "1"}}, ["limits.memory", "requests.memory"]),
        ({}, ["limits.cpu", "requests.cpu", "limits.memory", "requests.memory"]),
        ({"limits": UNKNOWN}, []),
        (UNKNOWN, []),
    ],
    ids=str,
)
def test_resources_are_bounded(resources, missing):
    bad = Pod("", {}, {"initContainers": [{"name": "i", "resources": resources}], "ephemeralContainers": [{}]})
    assert paths(pods.unbounded_resources(bad)) == [f"spec.initContainers[i].resources.{path}" for path in missing]


@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer"])
@pytest.mark.parametrize(
    ("name", "allow", "refused"),
    [
        ("db", [], True),
        ("db", ["shop/web"], True),
        ("db", ["db"], True),
        ("db", ["shop/db"], False),
        ("db", ["shop/*"], False),
        (UNKNOWN, ["shop/db"], False),
        (UNKNOWN, [], True),
    ],
)
def test_node_ports_are_for_those_allowed(kind, name, allow, refused):
    service = resource("Service", name, spec={"type": kind})
    assert paths(services.node_ports(service, allow)) == (["spec.type"] if refused else [])


@pytest.mark.parametrize("kind", ["ClusterIP", "ExternalName", None, UNKNOWN])
def test_other_services_are_allowed(kind):
    assert list(services.node_ports(resource("Service", spec={"type": kind}))) == []


DB = resource("Service", "db", spec={"ports": [{"port": 3306.0}]})


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("db.shop.svc.cluster.local:3306", None),
        ("db.shop.svc.cluster.local", None),
        (UNKNOWN, None),
        ("rds.example.com:3306", None),
        ("old.example.com:5432", None),
        ("old.example.com:3306", "which is not <service>.<namespace>.svc.cluster.local:<port>"),
        ("db.shop.svc.cluster.local:3307", "has no port 3307"),
        ("db.shop.svc.cluster.local:", None),
        ("other.shop.svc.cluster.local:3306", "no Service other in namespace shop"),
        ("db.other.svc.cluster.local:3306", "no Service db in namespace other"),
        ("db.shop.svc.cluster.locale:3306", "which is not"),
        ("pod.db.shop.svc.cluster.local:3306", "which is not"),
        ("db.shop", "which is not"),
        ("db", "which is not"),
        ("10.0.0.7:3306", "which is not"),
        (None, "is no literal"),
        (SecretText("db"), "is [secret], which is not"),
    ],
    ids=str,
)
def test_db_host_is_a_service_or_allowed(value, problem):
    stack = [DB, workload(env=[{"name": "DB_HOST", "value": value}])]
    found = list(services.db_hosts(stack, ["rds.example.com", "old.example.com:5432"]))
    assert len(found) == (problem is not None)
    assert all((problem or "") in finding.problem for _, finding in found)


@pytest.mark.parametrize(
    "service",
    [
        resource("Service", "db", UNKNOWN, spec={"ports": [{"port": 3306}]}),
        resource("Service", UNKNOWN, "shop", spec={"ports": [{"port": 3306}]}),
        resource("Service", "db", "shop", spec={"ports": [{"port": UNKNOWN}]}),
        resource("Service", "db", "shop", spec={"ports": [UNKNOWN]}),
        resource("Service", "db", "shop", spec=UNKNOWN),
    ],
)
def test_a_service_that_may_be_the_one_is_enough(service):
    stack = [service, workload(env=[{"name": "DB_HOST", "value": "db.shop.svc.cluster.local:3306"}])]
    assert list(services.db_hosts(stack)) == []


def test_the_cluster_domain_is_configurable():
    stack = [DB, workload(env=[{"name": "DB_HOST", "value": "db.shop.svc.corp.example:3306"}])]
    assert list(services.db_hosts(stack, cluster_domain="corp.example")) == []


def network_policy(namespace: Any = "shop", **spec: Any) -> Resource:
    return resource("NetworkPolicy", "policy", namespace, spec=spec)


DENY = network_policy(podSelector={}, policyTypes=["Ingress", "Egress"])
ALLOW = network_policy(podSelector={"matchLabels": {"app": "web"}}, ingress=[{}])
NO_DENY = "a NetworkPolicy that denies {} to all its pods"
NO_ALLOW = "selected by no NetworkPolicy"


@pytest.mark.parametrize(
    ("policies", "problems"),
    [
        ([DENY, ALLOW], []),
        ([], [NO_DENY.format("Ingress and Egress"), NO_ALLOW]),
        ([DENY], [NO_ALLOW]),
        ([ALLOW], [NO_DENY.format("Ingress and Egress")]),
        ([network_policy(podSelector={}), ALLOW], [NO_DENY.format("Egress")]),
        ([network_policy(), network_policy(policyTypes=["Egress"], egress=[]), ALLOW], []),
        (
            [network_policy(podSelector={}, policyTypes=["Ingress", "Egress"], egress=[{}]), ALLOW],
            [NO_DENY.format("Egress")],
        ),
        (
            [network_policy("other", podSelector={}), network_policy("other", ingress=[{}])],
            [NO_DENY.format("Ingress and Egress"), NO_ALLOW],
        ),
        ([DENY, network_policy(podSelector={"matchLabels": {"app": "db"}})], [NO_ALLOW]),
        ([DENY, network_policy(podSelector={"matchExpressions": [{"key": "app", "operator": "Exists"}]})], []),
        (
            [DENY, network_policy(podSelector={"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]})],
            [NO_ALLOW],
        ),
        (
            [
                DENY,
                network_policy(podSelector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}),
            ],
            [],
        ),
        (
            [
                DENY,
                network_policy(
                    podSelector={"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}
                ),
            ],
            [NO_ALLOW],
        ),
        # What may turn out to be enough is not judged.
        ([network_policy(UNKNOWN, podSelector={}, policyTypes=["Ingress", "Egress"]), ALLOW], []),
        ([resource("NetworkPolicy", "policy", spec=UNKNOWN)], []),
        ([DENY, network_policy(podSelector=UNKNOWN)], []),
        ([DENY, network_policy(podSelector={"matchLabels": {"app": UNKNOWN}})], []),
    ],
)
def test_network_policies_deny_by_default_and_select_each_workload(policies, problems):
    found = list(network.missing_policies([*policies, workload(labels={"app": "web"})]))
    assert len(found) == len(problems)
    for (_, finding), problem in zip(found, problems, strict=True):
        assert problem in finding.problem


def test_a_namespace_is_reported_once():
    found = network.missing_policies(
        [ALLOW, workload("a", labels={"app": "web"}), workload("b", labels={"app": "web"})]
    )
    assert [owner.title for owner, _ in found] == ["shop/a"]


NAME = "app.kubernetes.io/"
FIT = "verify-identity"


def production_stack(
    backup: str = "db", client: Any = "web", tls: Any = FIT, database: str = "database"
) -> list[Resource]:
    """A database with a CronJob of an instance, a client by its label, and a service with DB_TLS."""

    def labelled(kind: str, instance: str, **properties: Any) -> Resource:
        made = resource(kind, instance, **properties)
        labels = {f"{NAME}part-of": "kubeauth", f"{NAME}component": database, f"{NAME}instance": instance}
        made.properties["metadata"]["labels"] = labels
        return made

    peers = client if isinstance(client, list) else [{"podSelector": {"matchLabels": {"name": client}}}]
    env = [{"name": "DB_HOST", "value": "db:3306"}, {"name": "DB_TLS", "value": tls}]
    return [
        labelled("Deployment", "db", spec={"template": {"metadata": {"labels": {"name": "db"}}, "spec": {}}}),
        labelled("CronJob", backup, spec=UNKNOWN),
        network_policy(podSelector={"matchLabels": {"name": "db"}}, ingress=[{"from": peers}]),
        workload(env=env),
    ]


OURS = {"podSelector": {"matchLabels": {f"{NAME}part-of": "kubeauth"}}}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, ""),
        ({"backup": "other"}, "db: is a database without backups"),
        ({"client": [OURS]}, "db: may be reached by pods that nobody names: NetworkPolicy shop/policy"),
        ({"client": []}, "db: may be reached by pods that nobody names"),
        ({"client": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}]}, "db: may be reached by pods that nobody"),
        ({"client": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}, ""),
        ({"client": UNKNOWN}, ""),
        ({"tls": None}, "web: spec.template.spec.containers[web].env has a DB_HOST without DB_TLS=verify-identity"),
        ({"tls": "require"}, "has a DB_HOST without DB_TLS=verify-identity"),
        ({"tls": UNKNOWN}, ""),
        # Somebody else's database is not judged, whoever talks to it is.
        ({"backup": "other", "client": [], "database": "cache"}, ""),
    ],
    ids=str,
)
def test_production_has_backups_named_clients_and_a_verified_database(given, problem):
    found = [finding.text(owner) for owner, finding in production.unfit(production_stack(**given))]
    assert len(found) == bool(problem), found
    assert all(problem in text and "Fix: give " in text for text in found)


def test_what_is_protected_in_another_way_can_be_allowed():
    bad = production_stack("other", [], None)
    assert [owner.title for owner, _ in production.unfit(bad)] == ["shop/db", "shop/db", "shop/web"]
    assert list(production.unfit(bad, ["shop/d*", "shop/web"])) == []


def test_secret_and_unknown_values_survive_the_way_from_the_engine():
    secret = {deserialize.SPECIAL_SIG_KEY: deserialize.SPECIAL_SECRET_SIG}
    sent = {"a": [{**secret, "value": "x"}], "b": proxy.UNKNOWN_STRING_VALUE, "c": {**secret, "value": [1.0]}, "d": 2.0}
    received = decode(sent)
    assert received == {"a": ["x"], "b": UNKNOWN, "c": [1.0], "d": 2.0}
    assert isinstance(received["a"][0], SecretText)
    assert isinstance(received["c"], SecretList)


@pytest.mark.parametrize(
    "file", sorted(Path(__file__).parents[2].glob("policy/config.*.json")), ids=lambda file: file.name
)
def test_config_files_name_policies_and_settings_there_are(file):
    """Pulumi ignores what it does not know, so that a typing error would switch nothing on."""
    settings = {
        policy.name: set(policy.config_schema.properties if policy.config_schema else ()) for policy in POLICIES
    }
    for name, value in json.loads(file.read_text()).items():
        if name == "all":
            # A project that took no policies over is advised only.
            assert value == ("advisory" if file.name == "config.advisory.json" else "mandatory")
        elif isinstance(value, dict):
            assert set(value) <= settings[name] | {"enforcementLevel"}
        else:
            assert name in settings
