"""Another team's project, in another language, beside the system of `make up` on the same cluster."""

import shutil

import pytest

from cli.clusters import loading
from cli.stack import proof
from tests.engine.consumers import Consumer, copy_of_the_project, environment

from .conftest import System

pytestmark = pytest.mark.cluster

LOCAL = {"mysqlImage": loading.REFERENCES["mysql"], "authImage": loading.REFERENCES["authenticate"]}
CHANGES = {
    # Beside the system of `make up`, which has these.
    "name: production-cloud": "name: team-yaml",
    # Data that may be thrown away.
    "serviceType: ClusterIP": "serviceType: ClusterIP\n      retainData: false",
}


def test_the_example_in_yaml_runs_beside_the_system_and_logs_in_through_its_own_db_host(system: System, tmp_path):
    clone = copy_of_the_project(tmp_path / "kubeauth")
    project = tmp_path / "team"
    shutil.copytree(clone / "examples/yaml", project)
    text = (project / "Pulumi.yaml").read_text()
    for old, new in {**CHANGES, "../../components": "../kubeauth/components"}.items():
        assert old in text
        text = text.replace(old, new)
    (project / "Pulumi.yaml").write_text(text)

    env = {**environment(tmp_path), "KUBECONFIG": str(system.kubeconfig_of("team-yaml"))}
    consumer = Consumer(project, env, images=LOCAL)
    consumer.start()
    consumer.checked("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
    host = consumer.checked("pulumi", "stack", "output", "databaseHost").strip()
    assert host == "mysqlauth-service.team-yaml.svc.cluster.local:3306"
    proof.log_in(env, "team-yaml", "service/authenticate-service", 5010)
    consumer.checked("pulumi", "preview", "--expect-no-changes", "--non-interactive")
    consumer.checked("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive")
    assert "team-yaml" not in system.admin("kubectl", "get", "namespaces")
