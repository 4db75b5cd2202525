"""The scan judges rightly: it finds what it looks for, passes nothing without a reason, is red without a protection."""

import base64
import copy
import json
from types import SimpleNamespace
from urllib.parse import quote

import pytest
import yaml

from cli import paths
from cli.console import Problem
from cli.stack import deployer, rights
from lab.scan import openapi, registry, report
from lab.scan.canaries import Canary, Hit, search
from lab.scan.exceptions import EXCEPTIONS
from lab.scan.s3_scanners import Finding, known_secrets
from lab.scan.s4_traffic import NO_CELL, OPEN, TARGETS
from lab.scan.s5_database import granted, refusals
from lab.scan.s6_deployer import FORBIDDEN, wildcards
from lab.scan.s7_pins import undigested, unhashed
from lab.scan.s10_guesses import guessable, readable

CANARY = Canary("app", "app/0123456789abcdef01234567+=89abcdef:")


@pytest.mark.parametrize("before", ["", "x", "xy"])
def test_a_password_inside_base64_is_found_wherever_it_begins(before):
    text = base64.b64encode(f"{before}{CANARY.value}{before}".encode())
    assert search({"state": [text]}, [CANARY]) == [Hit("state", "app", "base64")]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("raw", f"password: {CANARY.value}"),
        ("url", f"mysql://admin:{quote(CANARY.value, safe='')}@db"),
        ("hex", CANARY.value.encode().hex()),
        ("hex", CANARY.value.encode().hex().upper()),
    ],
)
def test_every_other_form_of_a_password_is_found(form, text):
    assert search({"logs": [b"nothing", text.encode()]}, [CANARY]) == [Hit("logs", "app", form)]


def test_another_password_is_not_taken_for_it():
    other = Canary.make("app")
    contents = [form for forms in other.forms().values() for form in forms]
    assert search({"logs": contents}, [CANARY]) == []


def test_three_passwords_have_twelve_forms():
    assert list(CANARY.forms()) == ["raw", "base64", "url", "hex"]


def test_the_deployers_role_has_no_wildcard_and_one_that_had_is_found():
    manifests = rights.manifests("shop")
    assert wildcards(manifests) == []
    broken = copy.deepcopy(manifests)
    next(item for item in broken if item["kind"] == "Role")["rules"][0]["verbs"] = ["*", "escalate"]
    assert wildcards(broken) == [
        "Role kubeauth-deployer-shop has '*'",
        "Role kubeauth-deployer-shop has 'escalate'",
    ]


def test_the_deployer_reads_secrets_of_its_own_namespace_alone():
    for manifest in rights.manifests("shop"):
        rules = manifest.get("rules", [])
        if any("secrets" in rule["resources"] for rule in rules):
            assert (manifest["kind"], manifest["metadata"]["namespace"]) == ("Role", "shop")


def test_the_reader_may_read_what_the_deployer_may_and_change_nothing():
    roles = {item["metadata"]["name"]: item["rules"] for item in rights.manifests("shop") if item["kind"] == "Role"}
    assert {verb for rule in roles["kubeauth-reader-shop"] for verb in rule["verbs"]} == {"get", "list", "watch"}
    read = {resource for rule in roles["kubeauth-reader-shop"] for resource in rule["resources"]}
    every = {resource for rule in roles["kubeauth-deployer-shop"] for resource in rule["resources"]}
    # Whoever may get these may run programs in pods.
    assert every - read == {"pods/exec", "pods/portforward"}


def test_a_reader_is_no_other_stacks_deployer():
    accounts = [item for name in ("shop", "shop-reader") for item in rights.manifests(name)]
    names = [item["metadata"]["name"] for item in accounts if item["kind"] == "ServiceAccount"]
    assert names == ["shop", "shop.reader", "shop-reader", "shop-reader.reader"]


@pytest.mark.parametrize(
    ("namespace", "rule"),
    [
        ("kube-system", "a project's own namespace, not one of the cluster's"),
        ("default", "a project's own namespace, not one of the cluster's"),
        (rights.HOME, "a project's own namespace, not one of the cluster's"),
        ("my/shop", "1 to 40 characters of a-z, 0-9 and '-', starting with a letter, not ending with '-'"),
    ],
)
def test_no_deployer_is_made_in_a_namespace_of_the_clusters(namespace, rule):
    with pytest.raises(Problem) as refused:
        deployer.check(namespace)
    assert str(refused.value) == f"NAMESPACE = {namespace!r}\n  rule: {rule}"
    assert refused.value.fix == "make deployer NAMESPACE=shop"


def test_a_stack_whose_own_namespace_is_refused_is_told_its_key(tmp_path):
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("config: {kubeauth:namespaceName: kube-public}\n")
    with pytest.raises(Problem) as refused:
        deployer.make(SimpleNamespace(config_file=file))  # pyright: ignore[reportArgumentType] - it ends before the rest
    assert str(refused.value) == (
        "namespaceName = 'kube-public'\n  rule: a project's own namespace, not one of the cluster's"
    )
    assert refused.value.fix == "pulumi config set namespaceName shop"


def test_the_deployers_rights_are_documented():
    documented = list(yaml.safe_load_all((paths.CHECKOUT / "docs/reference/deployer-role.yaml").read_text()))
    assert documented == rights.manifests("production-cloud")


def test_at_least_twenty_things_are_refused_to_the_deployer():
    assert len(set(FORBIDDEN)) >= 20


def test_the_truth_table_has_at_least_twenty_cells():
    assert len(OPEN) * len(TARGETS) - len(NO_CELL) >= 20


def test_grants_beyond_the_list_and_attempts_that_work_are_found():
    usage = "GRANT USAGE ON *.* TO `admin`@`%`"
    assert granted([usage, "GRANT ALL PRIVILEGES ON `admin`.* TO `admin`@`%`"])
    assert granted([usage, "GRANT SELECT ON `admin`.* TO `admin`@`%`", "GRANT SELECT ON `mysql`.* TO `admin`@`%`"])
    assert refusals({"a": "1045 denied", "b": "", "c": "1064 syntax"}) == ["b: allowed", "c: 1064 syntax"]


def test_an_image_by_tag_and_a_package_without_a_hash_are_found():
    container = {"name": "main", "image": "mysql:9.7"}
    pod = {"kind": "Pod", "metadata": {"name": "db"}, "spec": {"containers": [container]}}
    assert undigested([pod]) == (1, ["prod db: mysql:9.7 has no digest"])
    assert unhashed("pulumi==3.0.0\n") == (1, ["pulumi==3.0.0"])


def test_at_most_three_exceptions_for_the_scanners_and_a_reason_for_each():
    assert len([entry for entry in EXCEPTIONS if entry.check == "S3"]) <= 3
    assert all(len(entry.reason) > 40 for entry in EXCEPTIONS)


def test_an_exception_covers_its_own_finding_and_no_other():
    rule = "CKV_K8S_35"
    covered = Finding("checkov", rule, "Deployment.production-cloud.authenticate-deployment", "")
    assert covered.excepted()
    assert not covered._replace(where="Deployment.production-cloud.mysqlauth-deployment").excepted()
    assert not covered._replace(rule="CKV_K8S_16").excepted()


def test_the_baseline_of_secrets_names_files_that_are_there():
    assert {file for file, _, _ in known_secrets() if not (paths.CHECKOUT / file).exists()} == set()


SWAGGER = {
    "definitions": {
        "Service": {
            "properties": {"spec": {"$ref": "#/definitions/Spec"}},
            "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Service"}],
        },
        "Spec": {"properties": {"port": {"type": "integer"}}},
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"format": "int-or-string", "type": "string"},
    }
}


def test_schemas_are_strict_and_named_as_kubeconform_asks(tmp_path):
    openapi.write(SWAGGER, {("v1", "Service")}, tmp_path)
    (path,) = tmp_path.iterdir()
    schema = json.loads(path.read_text())
    assert path.name == "service-v1.json"
    assert schema["$ref"] == "#/definitions/Service"
    assert schema["definitions"]["Spec"]["additionalProperties"] is False
    assert schema["definitions"]["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]["oneOf"] == [
        {"type": "string"},
        {"type": "number"},
    ]


def test_a_kind_that_a_version_does_not_have_is_told(tmp_path):
    with pytest.raises(Problem, match="has no extensions/v1beta1 Deployment"):
        openapi.write(SWAGGER, {("extensions/v1beta1", "Deployment")}, tmp_path)


def test_the_page_shows_every_check_and_what_is_short():
    result = {"figure": "1/2", "met": False, "failures": ["x"], "table": [], "date": "2026-11-25"}
    page = report.page(registry(), {"S4": result})
    assert [line.split(" | ")[0] for line in page.splitlines() if line.startswith("| S")][:8] == [
        f"| S{number}" for number in range(1, 9)
    ]
    assert "| S4 | NetworkPolicies, enforced: who reaches what | 1/2 | 100 % of 20 cells or more | **short** |" in page


def stack(name: str, password: str, note: str = "") -> list[list[str]]:
    """What is readable of a stack whose Secret has this name."""
    secret = {"kind": "Secret", "metadata": {"name": name}, "data": {"password": password}}
    pod = {"kind": "Pod", "metadata": {"name": "db", "annotations": {"note": note}}, "spec": {"secretName": name}}
    return readable({"a.yaml": yaml.safe_dump(secret), "b.yaml": yaml.safe_dump(pod)})


def test_what_is_the_same_for_the_same_password_and_another_for_another_tests_a_guess():
    assert guessable(stack("db-11", "one"), stack("db-22", "one"), stack("db-33", "two")) == []
    assert guessable(stack("db-11", "one"), stack("db-11", "one"), stack("db-33", "two")) == [
        "name: db-11",
        "secretName: db-11",
    ]
    assert guessable(stack("db-11", "one", "a"), stack("db-22", "one", "a"), stack("db-33", "two", "b")) == ["note: a"]
    assert guessable(stack("db", "one"), stack("db", "one"), []) == ["the manifests are not the same ones"]
