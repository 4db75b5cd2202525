"""A second stack on the same cluster: two databases, one on a Secret, a claim and a certificate of the team."""

import datetime
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.conftest import ROOT

from .conftest import System

pytestmark = pytest.mark.cluster

HOST = "users-service.shop.svc.cluster.local"
QUERY = """
import os, sys
sys.path.insert(0, "/build/authenticate_service")
import config, pymysql
found = config.load()
connection = pymysql.connect(host=found.host, port=found.port, user=found.user,
    password=found.password.encode(), ssl=found.tls_context())
with connection.cursor() as cursor:
    cursor.execute({sql!r})
    print(cursor.fetchall())
"""


def write_certificate(folder: Path) -> None:
    """A certificate for the database, and the authority that signed it."""
    now = datetime.datetime.now(datetime.UTC)

    def sign(subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, by: ec.EllipticCurvePrivateKey) -> bytes:
        def named(text: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

        builder = x509.CertificateBuilder().subject_name(named(subject)).issuer_name(named(issuer))
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=subject == issuer, path_length=None), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    folder.mkdir()
    (folder / "ca.crt").write_bytes(sign("authority", authority, "authority", authority))
    (folder / "tls.crt").write_bytes(sign("users", server, "authority", authority))
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "tls.key").write_bytes(server.private_bytes(encoding, form, serialization.NoEncryption()))


@pytest.fixture(scope="module")
def run(system: System, tmp_path_factory: pytest.TempPathFactory):
    """Runs commands in the second stack's folder, on the cluster of the first."""
    folder = tmp_path_factory.mktemp("options") / "project"
    shutil.copytree(ROOT / "tests/cluster/options", folder)
    write_certificate(folder / "certificate")
    state = folder.parent / "state"
    state.mkdir()
    env = {key: value for key, value in system.env.items() if not key.startswith(("PULUMI_STACK", "PULUMI_OPTION_"))}
    env |= {"PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_CONFIG_PASSPHRASE": "test", "KUBEAUTH": str(ROOT)}
    env["KUBECONFIG"] = str(system.kubeconfig_of("shop"))
    env.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
    # The project names no virtual environment; this checkout's comes first on PATH.
    env["PATH"] = f"{ROOT / '.venv/bin'}{os.pathsep}{env['PATH']}"
    second = System(folder, system.node, system.up, env)
    second.run("pulumi", "stack", "init", "second")
    second.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
    yield second.run
    second.run("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive", "--remove")


def ask(run: Callable[..., str], deployment: str, sql: str) -> str:
    command = ("kubectl", "-n", "shop", "exec", f"deployment/{deployment}", "--", "python", "-c", QUERY.format(sql=sql))
    return run(*command).strip()


def test_a_secret_that_somebody_else_made_is_the_account(run):
    assert ask(run, "members-deployment", "SELECT CURRENT_USER()") == "(('teamuser@%',),)"


def test_the_servers_own_certificate_is_verified_by_name(run):
    pod = json.loads(run("kubectl", "-n", "shop", "get", "pods", "-l", "name=members-selector", "-o", "json"))["items"][
        0
    ]
    env = {entry["name"]: entry.get("value") for entry in pod["spec"]["containers"][0]["env"]}
    assert env["DB_TLS"] == "verify-identity"
    assert all(state["ready"] for state in pod["status"]["containerStatuses"]), "ready is a query over verified TLS"
    # By a name that the certificate does not have, the same server is refused.
    otherwise = 'DB_HOST=users-service.shop.svc:3306 exec python -c "$0"'
    shown = run(
        *("kubectl", "-n", "shop", "exec", "deployment/members-deployment", "--", "sh", "-c", otherwise),
        QUERY.format(sql="SELECT 1"),
        ok=False,
    )
    assert "certificate is not valid for 'users-service.shop.svc'" in shown


def test_settings_and_sql_of_the_team_are_applied(run):
    assert ask(run, "members-deployment", "SELECT @@max_connections") == "((77,),)"
    assert "('reports',)" in ask(run, "members-deployment", "SHOW DATABASES")


def test_the_data_lies_on_the_teams_own_claim(run):
    claims = json.loads(run("kubectl", "-n", "shop", "get", "persistentvolumeclaims", "-o", "json"))["items"]
    assert {claim["metadata"]["name"]: claim["status"]["phase"] for claim in claims} == {
        "old-data": "Bound",
        "orders-data": "Bound",
    }


def test_a_database_of_its_own_for_each_service_and_only_for_its_clients(run):
    assert ask(run, "clerks-deployment", "SELECT CURRENT_USER()") == "(('admin@%',),)"
    script = "import socket; socket.create_connection(('orders-service.shop.svc.cluster.local', 3306), timeout=3)"
    refused = run(
        *("kubectl", "-n", "shop", "exec", "deployment/members-deployment", "--", "python", "-c", script), ok=False
    )
    assert "imed out" in refused or "refused" in refused, refused


def test_without_a_root_password_root_is_locked(run):
    command = ("kubectl", "-n", "shop", "exec", "deployment/orders-deployment", "--", "mysql", "--no-defaults")
    shown = run(*command, "--user=root", "--socket=/run/mysqld/mysqld.sock", "--execute=SELECT 1", ok=False)
    assert "Account is locked" in shown


def test_the_first_stack_is_untouched(system, run):
    system.run("pulumi", "preview", "--expect-no-changes", "--non-interactive")
