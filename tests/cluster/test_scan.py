"""A short security scan (`make scan` runs all of it), and a scan that is red when a protection is taken away."""

import json
import time

import pytest

from cli import paths
from cli.stack import Stack, rights
from lab import toolchain
from lab.scan import registry
from lab.scan.live import Live
from lab.scan.s4_traffic import measure
from lab.scan.s5_database import attempt
from lab.scan.s6_deployer import NAMESPACE, attempted, kubeconfig, users

pytestmark = pytest.mark.cluster


@pytest.fixture
def live(system, monkeypatch) -> Live:
    monkeypatch.setattr(paths, "CHECKOUT", system.checkout)
    monkeypatch.setattr(paths, "LOCAL", system.checkout / ".kubeauth")
    tools = toolchain.ensure("engine", "node")
    return Live(Stack("dev", tools, system.node.kubeconfig), system.node, tools)


@pytest.mark.parametrize("name", ["S1", "S4", "S5", "S6", "S7", "S8"])
def test_the_scan_passes(live, name):
    result = registry()[name].run(live)
    assert result.failures == []
    assert result.met


def test_without_the_policies_of_the_database_the_scan_is_red(live):
    saved = live.must("get", "networkpolicies", "--output=json")
    try:
        live.must("delete", "networkpolicies", "--all")
        opened = {(cell.source, cell.target) for cell in measure(live, settle=5) if cell.actual and not cell.expected}
    finally:
        live.must("apply", "--server-side", "--force-conflicts", "--filename", "-", text=_fresh(saved))
    assert ("other pod, same namespace", "mysql") in opened
    assert ("pod of another namespace", "mysql") in opened


def test_without_its_admission_policy_the_deployer_may_loosen_pod_security_and_the_scan_is_red(live):
    label = f"label namespace {NAMESPACE} --overwrite"
    expected = {f"{label} {rights.ENFORCE}=privileged", f"{label} {rights.ENFORCE_VERSION}=v1.18"}
    with users(live) as made:
        own = kubeconfig(made, "deployer")
        assert attempted(live, own) == {}
        live.must("delete", "validatingadmissionpolicybinding", rights.role_name(NAMESPACE))
        # The API server hears of it a moment later, also in the midst of the attempts.
        deadline = time.monotonic() + 60
        while not expected <= (wrong := set(attempted(live, own))) and time.monotonic() < deadline:
            time.sleep(1)
    assert expected <= wrong


def test_with_one_privilege_too_many_the_scan_is_red(live):
    def sql(statement: str) -> None:
        quoted = live.secret("mysqlRootPassword").replace("\\", "\\\\").replace('"', '\\"')
        settings = f'[client]\nuser=root\npassword="{quoted}"\n'
        options = ("--defaults-file=/dev/stdin", "--socket=/run/mysqld/mysqld.sock", f"--execute={statement}")
        client = ("exec", "--stdin", live.pod("mysqlauth"), "--container", "mysqlauth-container", "--", "mysql")
        live.must(*client, *options, text=settings)

    sql("GRANT SELECT ON mysql.* TO 'admin'@'%'")
    try:
        wrong, _ = attempt(live)
    finally:
        sql("REVOKE SELECT ON mysql.* FROM 'admin'@'%'")
    assert "SELECT * FROM mysql.user: allowed" in wrong
    assert any(line.startswith("grants are not those listed") for line in wrong)


def _fresh(saved: str) -> str:
    """Objects as they were, to be made again."""
    items = json.loads(saved)
    for item in items["items"]:
        for key in ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields"):
            item["metadata"].pop(key, None)
    return json.dumps(items)
