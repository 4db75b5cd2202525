"""What a user of `make up` has: a real database and a real service that find each other."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest
import yaml

from tests import copies

from .conftest import ROOT, System

pytestmark = pytest.mark.cluster

FQDN = "mysqlauth-service.production-cloud.svc.cluster.local"
CR_CONN_HOST_ERROR = 2003
SEED = Path(__file__).parent / "seed"
QUERY = """
import os, pymysql
host, _, port = os.environ["DB_HOST"].partition(":")
user, password, database = (os.environ[key] for key in ("DB_USER", "DB_PASS", "DB_NAME"))
connection = pymysql.connect(host=host, port=int(port), user=user, password=password.encode(), database=database,
                             ssl={"check_hostname": False})
cursor = connection.cursor()
cursor.execute("STATEMENT")
print(cursor.fetchall())
"""


def _connect(login: dict[str, Any]) -> pymysql.Connection:
    """Connect; right after a restart the node needs a moment until it sends connections to the new pod."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return pymysql.connect(**login)
        except pymysql.err.OperationalError as error:
            if error.args[0] != CR_CONN_HOST_ERROR or time.monotonic() > deadline:
                raise
            time.sleep(0.5)


@contextmanager
def node_port(system: System, password: str, **given: object) -> Iterator[pymysql.Connection]:
    """A connection from outside the cluster: the node's address, the node port."""
    options = {"ssl": {"check_hostname": False}, **given}
    login = {"host": system.node.address, "port": 32001, "user": "admin", "database": "admin", "connect_timeout": 10}
    # As bytes, because PyMySQL encodes text as Latin-1 and MySQL reads UTF-8.
    connection = _connect({**login, "password": password.encode(), **options})
    try:
        yield connection
    finally:
        connection.close()


def users(system: System) -> list[str]:
    with node_port(system, system.secret("mysqlPassword")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT username FROM users")
        return [str(row[0]) for row in cursor.fetchall()]


def uids(system: System) -> list[str]:
    return sorted(pod["metadata"]["uid"] for pod in system.get("pods")["items"])


def test_up_ends_with_the_outputs_and_the_proof(system):
    said = system.up.stdout + system.up.stderr
    assert f'databaseHost: "{FQDN}:3306"' in said
    assert re.search(r"✓ prove it: register and log in proof-[0-9a-f]+ through DB_HOST", said)
    assert f"DB_HOST={FQDN}:3306" in said
    assert [user for user in users(system) if user.startswith("proof-")]


def test_the_names_are_the_seeds(system):
    objects = {item["metadata"]["name"]: item for item in system.get("service,deployment")["items"]}
    assert sorted(objects) == [
        "authenticate-deployment",
        "authenticate-service",
        "mysqlauth-deployment",
        "mysqlauth-service",
    ]
    (port,) = objects["mysqlauth-service"]["spec"]["ports"]
    assert (port["port"], port["nodePort"], objects["mysqlauth-service"]["spec"]["type"]) == (3306, 32001, "NodePort")
    for name in ("mysqlauth", "authenticate"):
        selector = objects[f"{name}-deployment"]["spec"]["selector"]["matchLabels"]
        assert selector == objects[f"{name}-service"]["spec"]["selector"] == {"name": f"{name}-selector"}


def test_a_second_up_changes_nothing(system):
    before = uids(system)
    again = system.make("up")
    assert again.returncode == 0, again.stdout + again.stderr
    assert re.search(r"Resources:\n +16 unchanged\n", again.stdout)
    assert uids(system) == before


def test_git_status_is_clean(system):
    assert system.run("git", "status", "--porcelain") == ""


def test_the_shell_of_make_env_needs_nothing_else(system):
    assert system.run("pulumi", "stack", "output", "databaseHost").strip() == f"{FQDN}:3306"
    system.run("pulumi", "preview", "--expect-no-changes", "--non-interactive")
    assert "Ready" in system.admin("kubectl", "get", "nodes")


def test_from_inside_the_auth_pod_the_name_resolves_and_mysql_answers(system):
    assert system.in_auth_pod("import os; print(os.environ['DB_HOST'])") == f"{FQDN}:3306"
    cluster_ip = system.get("service", "mysqlauth-service")["spec"]["clusterIP"]
    assert system.in_auth_pod(f"import socket; print(socket.gethostbyname('{FQDN}'))") == cluster_ip
    answer = system.in_auth_pod(QUERY.replace("STATEMENT", "SELECT @@version, CURRENT_USER()"))
    assert re.fullmatch(r"\(\('9\.7\.[0-9-]+', 'admin@%'\),\)", answer)


def test_a_lookup_of_db_host_takes_two_dns_queries(system):
    """One for IPv4, one for IPv6; without the pod's ndots it would be eight."""
    pod = system.get("pods", "--selector", "name=authenticate-selector")["items"][0]["status"]["podIP"]
    count = ["iptables", "-t", "raw", "-I", "PREROUTING", "-s", pod, "-p", "udp", "--dport", "53", "-j", "ACCEPT"]
    system.node.run(count, check=True)
    lookups = 20
    system.in_auth_pod(f"import socket\nfor _ in range({lookups}): socket.getaddrinfo('{FQDN}', 3306)")
    counted = system.node.run(["iptables", "-t", "raw", "-L", "PREROUTING", "1", "-v", "-n", "-x"], check=True).stdout
    system.node.run([*count[:3], "-D", *count[4:]], check=True)
    packets = int(counted.split()[0])
    # The service's own readiness looks the name up, too, every second.
    assert 2 * lookups <= packets <= 3 * lookups


def test_pods_run_as_an_unprivileged_user_without_a_token(system):
    script = "import os; print(os.getuid(), os.path.exists('/var/run/secrets/kubernetes.io'), os.access('/', os.W_OK))"
    assert system.in_auth_pod(script) == "10001 False False"


def test_the_node_port_answers_the_app_user_over_tls_and_nobody_else(system):
    password = system.secret("mysqlPassword")
    with node_port(system, password) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        row = cursor.fetchone()
        assert row
        assert row[1], "the connection is not encrypted"
    for attempt in ({"password": "wrong"}, {"password": password, "ssl": None, "ssl_disabled": True}):
        with pytest.raises(pymysql.err.OperationalError), node_port(system, **attempt):
            pass


def test_root_logs_in_inside_the_pod_only(system):
    with (
        pytest.raises(pymysql.err.OperationalError, match="Access denied"),
        node_port(system, system.secret("mysqlRootPassword"), user="root", database=None),
    ):
        pass


def test_the_app_user_has_its_schema_and_nothing_else(system):
    with node_port(system, system.secret("mysqlPassword")) as connection, connection.cursor() as cursor:
        for statement in (
            "SELECT * FROM mysql.user",
            "CREATE DATABASE other",
            "CREATE USER x",
            "SET GLOBAL max_connections = 1",
        ):
            with pytest.raises(pymysql.err.MySQLError):
                cursor.execute(statement)


def test_no_password_is_in_specs_previews_or_git(system):
    texts = {
        "specs": json.dumps(system.get("pods,deployments,replicasets,configmaps,services,events")),
        "preview": system.run("pulumi", "preview", "--diff", "--non-interactive", "--show-sames"),
        "git": system.run("git", "log", "-p", "--all"),
        "state": (system.checkout / ".kubeauth/state/.pulumi/stacks/kubeauth/dev.json").read_text(),
        "up": system.up.stdout + system.up.stderr,
    }
    for key in ("mysqlPassword", "mysqlRootPassword"):
        password = system.secret(key)
        for place, text in texts.items():
            assert password not in text, f"{key} is in {place}"


def test_the_data_outlives_the_database_pod(system):
    before = users(system)
    assert before
    old = uids(system)
    system.admin("kubectl", "-n", "production-cloud", "delete", "pod", "-l", "name=mysqlauth-selector")
    system.run(
        "kubectl", "-n", "production-cloud", "rollout", "status", "deployment/mysqlauth-deployment", "--timeout=120s"
    )
    assert uids(system) != old
    assert users(system) == before


def test_a_new_password_works_and_the_old_one_is_refused(system):
    old, new = system.secret("mysqlPassword"), 'n\'ew\\ "pass" #€;--'
    system.run("pulumi", "config", "set", "--secret", "mysqlPassword", stdin=new)
    before = users_with(system, old)
    system.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
    assert users_with(system, new) == before
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        users_with(system, old)
    assert system.in_auth_pod(QUERY.replace("STATEMENT", "SELECT CURRENT_USER()")) == "(('admin@%',),)"


def users_with(system: System, password: str) -> int:
    with node_port(system, password) as connection, connection.cursor() as cursor:
        return cursor.execute("SELECT username FROM users")


@pytest.mark.parametrize("name", ["mysql-deployment", "auth-deployment"])
def test_the_seeds_manifests_fail_with_the_messages_that_the_docs_show(system, name):
    documented = (ROOT / "docs/explanation/seed-parity.md").read_text()
    text = (SEED / f"{name}.yml").read_text().replace("production-cloud", "seed")
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: seed}\n"
    system.admin("kubectl", "apply", "-f", "-", stdin=namespace)
    try:
        as_published = system.admin("kubectl", "apply", "-f", "-", stdin=text, ok=False)
        message = 'no matches for kind "Deployment" in version "extensions/v1beta1"'
        assert message in as_published
        assert message in documented
        valid = text.replace("extensions/v1beta1", "apps/v1")
        next_step = system.admin("kubectl", "apply", "-f", "-", stdin=valid, ok=False)
        for message in ("spec.selector: Required value", "`selector` does not match template `labels`"):
            assert message in next_step
            assert message in documented
    finally:
        # A namespace that stays would keep `make down` from removing the node.
        system.admin("kubectl", "delete", "namespace", "seed")


def test_the_seeds_pods_are_refused_by_the_namespace(system):
    manifest = yaml.safe_load((SEED / "mysql-deployment.yml").read_text())
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "seed", "namespace": "production-cloud"},
        "spec": manifest["spec"]["template"]["spec"],
    }
    refused = system.admin("kubectl", "apply", "-f", "-", stdin=json.dumps(pod), ok=False)
    message = 'violates PodSecurity "restricted:v1.34"'
    assert message in refused
    assert message in (ROOT / "docs/explanation/seed-parity.md").read_text()


def test_a_taken_node_port_is_refused_before_anything_changes(system):
    other = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "other", "namespace": "default"},
        "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 32055}], "selector": {"a": "b"}},
    }
    system.admin("kubectl", "apply", "-f", "-", stdin=json.dumps(other))
    system.run("pulumi", "config", "set", "mysqlNodePort", "32055")
    try:
        refused = system.make("up")
    finally:
        system.run("pulumi", "config", "set", "mysqlNodePort", "32001")
    assert refused.returncode != 0
    assert "error: node port 32055 belongs to the Service other in namespace default" in refused.stderr
    assert "fix: choose another one: pulumi config set mysqlNodePort" in refused.stderr
    assert system.get("service", "mysqlauth-service")["spec"]["ports"][0]["nodePort"] == 32001


def test_a_dead_cluster_is_named(system, tmp_path):
    kubeconfig = tmp_path / "kubeconfig"
    config = yaml.safe_load(system.node.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    kubeconfig.write_text(yaml.safe_dump(config))
    refused = system.make("preview", KUBECONFIG=str(kubeconfig))
    assert refused.returncode != 0
    assert re.search(r"error: context \S+, https://127\.0\.0\.1:1 does not answer", refused.stderr)
    assert "fix: start it, or name another: CONTEXT=<a context>" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_another_cluster_is_used_when_kubeconfig_names_one(system, tmp_path):
    """The node's own kubeconfig under another path stands for a cluster of the user's."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(system.node.kubeconfig.read_text())
    shown = system.make("preview", KUBECONFIG=str(kubeconfig))
    assert shown.returncode == 0, shown.stderr
    assert "16 unchanged" in shown.stdout


@pytest.fixture
def dev2(system: System) -> Iterator[str]:
    """A second stack of the same checkout with dev's names, node port and exceptions; its files are gone afterwards."""
    files = {"Pulumi.dev.yaml": "Pulumi.dev2.yaml", "policy/config.dev.json": "policy/config.dev2.json"}
    for original, copy in files.items():
        shutil.copyfile(system.checkout / original, system.checkout / copy)
    yield "dev2"
    for copy in files.values():
        (system.checkout / copy).unlink()


def everything(system: System) -> dict[str, str]:
    """The objects of stack dev by uid, each with its spec, and when it was deleted, if it was."""
    kinds = "deployments,services,secrets,persistentvolumeclaims,networkpolicies,serviceaccounts"
    items = system.get(kinds)["items"]
    return {
        item["metadata"]["uid"]: json.dumps([item.get("spec"), item["metadata"].get("deletionTimestamp")])
        for item in items
    }


def test_another_stack_takes_nothing_over_and_its_end_leaves_data_and_node(system, dev2):
    before, stored = everything(system), users(system)
    refused = system.make("up", f"STACK={dev2}")
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert "Namespace production-cloud: exists and belongs to stack organization/kubeauth/dev." in said
    assert "make up was refused; nothing was changed" in said
    for command in ("repair", "destroy", "down"):
        done = system.make(command, f"STACK={dev2}")
        assert done.returncode == 0, done.stdout + done.stderr
    assert "stays: it has namespaces of others, production-cloud" in done.stderr
    assert everything(system) == before
    assert users(system) == stored
    again = system.make("up")
    assert again.returncode == 0, again.stdout + again.stderr
    assert re.search(r"Resources:\n +16 unchanged\n", again.stdout)


def test_plain_pulumi_up_of_another_stack_is_refused_by_the_provider(system, dev2):
    """Without the tools and the policy pack: the mark is a field that two stacks cannot own."""
    before = everything(system)
    prepared = system.make("-s", "env", f"STACK={dev2}")
    env = {**os.environ, **copies.exported(prepared.stdout)}
    up = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"]
    done = subprocess.run(up, cwd=system.checkout, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode != 0
    assert re.search(r"conflict with \S+: \.metadata\.annotations\.kubeauth/stack", done.stdout + done.stderr)
    assert everything(system) == before
    removed = system.make("down", f"STACK={dev2}")
    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert everything(system) == before


def test_a_namespace_that_kubectl_made_is_refused_until_it_is_given_to_the_stack(system, dev2):
    namespace = "made-by-kubectl"
    system.admin("kubectl", "create", "namespace", namespace)
    values = system.checkout / "Pulumi.dev2.yaml"
    text = values.read_text().replace(
        "mysqlNodePort: 32001", f"mysqlNodePort: 0\n  kubeauth:namespaceName: {namespace}"
    )
    values.write_text(text)
    try:
        refused = system.make("up", f"STACK={dev2}")
        said = refused.stdout + refused.stderr
        assert refused.returncode != 0
        assert f"Namespace {namespace}: exists and is not this stack's; it was made by kubectl-create" in said
        (give,) = set(re.findall(rf"kubectl annotate namespace {namespace} \S+=\S+dev2", said))
        system.admin(*give.split())
        taken = system.make("up", f"STACK={dev2}")
        assert taken.returncode == 0, taken.stdout[-4000:] + taken.stderr[-2000:]
    finally:
        removed = system.make("down", f"STACK={dev2}")
        system.admin("kubectl", "delete", "namespace", namespace, "--ignore-not-found")
    assert removed.returncode == 0, removed.stdout + removed.stderr
