"""The scanners of `make scan` pass the stacks' manifests, and are red when a protection is taken out of them."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.stack import rights
from lab.scan.canaries import Canary, search
from lab.scan.s3_scanners import Finding, scan_manifests
from lab.scan.s6_deployer import wildcards
from lab.scan.s7_pins import undigested

pytestmark = pytest.mark.engine

Manifests = list[dict[str, Any]]
GOLDEN = Path(__file__).parent / "golden" / "prod.yaml"
#: One of Kubernetes' versions is enough here; `make scan` takes all.
VERSION = "v1.34.4"


def prod() -> Manifests:
    return [*yaml.safe_load_all(GOLDEN.read_text()), *rights.manifests("production-cloud")]


def found(manifests: Manifests) -> set[tuple[str, str]]:
    """Scanner and rule of what no exception covers."""
    outcomes = scan_manifests("prod", manifests, [VERSION])
    findings: list[Finding] = [item for *_, some in outcomes for item in some]
    return {(item.scanner, item.rule) for item in findings if not item.excepted()}


def of(manifests: Manifests, kind: str, name: str) -> dict[str, Any]:
    return next(item for item in manifests if (item["kind"], item["metadata"]["name"]) == (kind, name))


def container(manifests: Manifests, name: str) -> dict[str, Any]:
    return of(manifests, "Deployment", f"{name}-deployment")["spec"]["template"]["spec"]["containers"][0]


def privileged(manifests: Manifests) -> None:
    container(manifests, "authenticate")["securityContext"]["privileged"] = True


def root_file_system(manifests: Manifests) -> None:
    container(manifests, "mysqlauth")["securityContext"]["readOnlyRootFilesystem"] = False


def no_network_policy(manifests: Manifests) -> None:
    manifests[:] = [item for item in manifests if item["kind"] != "NetworkPolicy"]


def no_limits(manifests: Manifests) -> None:
    container(manifests, "authenticate")["resources"]["limits"] = {}


def wildcard(manifests: Manifests) -> None:
    role = of(manifests, "Role", "kubeauth-deployer-production-cloud")
    role["rules"][0].update(apiGroups=["*"], resources=["*"], verbs=["*"])


def unknown_field(manifests: Manifests) -> None:
    of(manifests, "Deployment", "mysqlauth-deployment")["spec"]["replica"] = 1


#: What is taken out, and the scanner and rule that have to say so.
MUTATIONS: dict[Callable[[Manifests], None], tuple[str, str]] = {
    privileged: ("checkov", "CKV_K8S_16"),
    root_file_system: ("checkov", "CKV_K8S_22"),
    no_network_policy: ("kube-score", "pod-networkpolicy"),
    no_limits: ("kube-score", "container-resources"),
    wildcard: ("checkov", "CKV_K8S_49"),
    unknown_field: (f"kubeconform {VERSION}", "statusInvalid"),
}


@pytest.fixture(scope="module")
def mutated() -> set[tuple[str, str]]:
    """All at once: a scanner takes ten seconds to start."""
    manifests = prod()
    for mutation in MUTATIONS:
        mutation(manifests)
    return found(manifests)


def test_prod_and_the_deployers_role_pass_every_scanner():
    assert found(prod()) == set()


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_without_a_protection_a_scanner_is_red(mutated, mutation):
    assert MUTATIONS[mutation] in mutated


def test_a_wildcard_in_the_role_is_red():
    manifests = prod()
    wildcard(manifests)
    assert wildcards(manifests) == ["Role kubeauth-deployer-production-cloud has '*'"]


def test_an_image_by_tag_in_prod_is_red():
    manifests = prod()
    count, wrong = undigested(manifests)
    assert (count > 0, wrong) == (True, [])
    container(manifests, "authenticate")["image"] = "registry.example.com/authenticate:1.0.0"
    name = "authenticate-deployment"
    assert undigested(manifests)[1] == [f"prod {name}: registry.example.com/authenticate:1.0.0 has no digest"]


def test_a_password_in_an_environment_literal_is_red():
    canary, manifests = Canary.make("app"), prod()
    broken = copy.deepcopy(manifests)
    container(broken, "authenticate")["env"].append({"name": "DB_PASS", "value": canary.value})

    def hits(given: Manifests) -> list[str]:
        texts = [yaml.safe_dump(item).encode() for item in given if item["kind"] != "Secret"]
        return [str(hit) for hit in search({"rendered manifests": texts}, [canary])]

    assert hits(manifests) == []
    assert hits(broken) == ["app (raw) in rendered manifests"]
