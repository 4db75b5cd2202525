"""The real CLI, language host and provider write what they would send to a cluster."""

import base64
import copy
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.console import Problem
from cli.stack import Stack
from lab.bench.objects import RANDOM
from lab.scan import s10_guesses

pytestmark = pytest.mark.engine

GOLDEN = Path(__file__).parent / "golden"
Manifests = dict[str, dict[str, Any]]


def manifests(folder: Path) -> Manifests:
    found = [yaml.safe_load(path.read_text()) for path in sorted(folder.rglob("*.yaml"))]
    return {f"{manifest['kind']}/{manifest['metadata']['name']}": manifest for manifest in found}


@pytest.fixture(scope="module")
def before() -> dict[str, Manifests]:
    """What was rendered of each stack as it is."""
    return {}


@pytest.fixture
def as_it_is(
    stack: Callable[[str], Stack], before: dict[str, Manifests], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Manifests]:
    """The manifests of a stack as this checkout has it, rendered once, and without any cluster."""

    def rendered(name: str) -> Manifests:
        if name not in before:
            with monkeypatch.context() as patch:
                patch.setenv("KUBECONFIG", str(tmp_path / "none"))
                stack(name).render(tmp_path / name)
            before[name] = manifests(tmp_path / name)
        return copy.deepcopy(before[name])

    return rendered


def without_secrets(rendered: dict[str, dict[str, Any]]) -> str:
    """Manifests as text, with passwords and the random ends of Secrets' names masked."""
    for manifest in rendered.values():
        if manifest["kind"] == "Secret":
            manifest["data"] = dict.fromkeys(manifest["data"], "[secret]")
    text = yaml.safe_dump_all(rendered.values(), sort_keys=True)
    return RANDOM.sub(r"\1-[random]", text)


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_each_stack_renders_as_recorded_and_needs_no_cluster(as_it_is, name):
    """A changed manifest is seen in review; `KUBEAUTH_GOLDEN=write make test-engine` records it."""
    text = without_secrets(as_it_is(name))
    golden = GOLDEN / f"{name}.yaml"
    if os.environ.get("KUBEAUTH_GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


def test_passwords_are_in_secrets_only_and_differ_between_checkouts(as_it_is):
    rendered = as_it_is("dev")
    (credentials,) = (manifest for key, manifest in rendered.items() if "-credentials-" in key)
    password = base64.b64decode(credentials["data"]["password"]).decode()
    assert len(password) >= 32
    for key, manifest in rendered.items():
        if manifest["kind"] != "Secret":
            assert password not in yaml.safe_dump(manifest), key
    assert password not in (GOLDEN / "dev.yaml").read_text()


def test_nothing_readable_tests_a_guessed_password(stack, tmp_path):
    def rendered(out: str, password: str) -> s10_guesses.Manifests:
        dev = stack("dev")
        for key in s10_guesses.KEYS:
            assert dev.run("pulumi", "config", "set", "--secret", key, text=f"{key}-{password}").returncode == 0
        dev.render(tmp_path / out)
        return s10_guesses.readable({path.name: path.read_text() for path in (tmp_path / out).rglob("*.yaml")})

    one, again, other = (rendered(out, password) for out, password in (("1", "a"), ("2", "a"), ("3", "b")))
    assert s10_guesses.guessable(one, again, other) == []
    assert one != again, "the Secrets' names are random"


def test_prod_is_reached_from_pods_only_and_pins_its_images(as_it_is):
    rendered = as_it_is("prod")
    assert rendered["Service/mysqlauth-service"]["spec"]["type"] == "ClusterIP"
    images = [
        container["image"]
        for manifest in rendered.values()
        if manifest["kind"] == "Deployment"
        for container in manifest["spec"]["template"]["spec"]["containers"]
    ]
    assert len(images) == 2
    assert all(re.search(r"@sha256:[0-9a-f]{64}$", image) for image in images)


def test_metrics_are_made_where_the_stack_asks_and_keep_the_policies(stack, tmp_path):
    prod = stack("prod")
    image = f"prom/mysqld-exporter:v0.19.0@sha256:{'1' * 64}"
    for key, value in {"mysqlMetrics": "true", "mysqlMetricsImage": image, "authMetricsPort": "9090"}.items():
        assert prod.run("pulumi", "config", "set", "--plaintext", key, value).returncode == 0
    prod.render(tmp_path / "out")
    rendered = manifests(tmp_path / "out")
    assert rendered["Deployment/mysqlauth-metrics"]["spec"]["template"]["spec"]["containers"][0]["name"] == "exporter"
    (peer,) = rendered["NetworkPolicy/mysqlauth-metrics"]["spec"]["ingress"][0]["from"]
    assert peer["namespaceSelector"] == {}, "of any namespace, and the API server is told so"
    pod = rendered["Deployment/authenticate-deployment"]["spec"]["template"]
    assert {"name": "METRICS_PORT", "value": "9090"} in pod["spec"]["containers"][0]["env"]
    assert pod["metadata"]["annotations"]["prometheus.io/port"] == "9090"
    prod.check_policies()


def test_several_servers_are_one_key_away_and_the_service_cannot_tell(stack, as_it_is, tmp_path):
    dev, one = stack("dev"), as_it_is("dev")
    assert dev.run("pulumi", "config", "set", "mysqlReplicas", "3").returncode == 0
    dev.render(tmp_path / "several")
    several = manifests(tmp_path / "several")
    assert several["StatefulSet/mysqlauth-tablet"]["spec"]["replicas"] == 3
    assert "PersistentVolumeClaim/mysqlauth-data" not in several
    # Nobody who connects sees it; it says that there was no single server before.
    assert several["Service/mysqlauth-service"]["metadata"]["annotations"].pop("kubeauth/began") == "several"
    for key in ("Service/mysqlauth-service", "Service/authenticate-service", "NetworkPolicy/authenticate-traffic"):
        assert one[key] == several[key], key
    dev.check_policies()


def test_what_several_servers_do_not_take_is_refused_by_the_names_of_the_keys(stack, tmp_path):
    staging = stack("staging")
    given = {"mysqlReplicas": "2", "mysqlBackupSchedule": "nightly", "mysqlMetrics": "true"}
    for key, value in given.items():
        assert staging.run("pulumi", "config", "set", "--plaintext", key, value).returncode == 0
    with pytest.raises(Problem) as refused:
        staging.render(tmp_path / "out")
    said = str(refused.value)
    for key in (
        "mysqlReplicas = 2",
        "mysqlBackupSchedule = 'nightly'",
        "mysqlMetrics = ",
        "mysqlClusterImage = ",
        "mysqlEtcdImage = ",
    ):
        assert key in said, said
    assert not (tmp_path / "out").exists()
