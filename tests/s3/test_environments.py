"""A pull request's environment begins with a backup in the bucket of a real stack, whose volume it cannot reach."""

from pathlib import Path

from tests import teams
from tests.conftest import ROOT
from tests.teams import ENVIRONMENT

from .conftest import ACCOUNT
from .project import Run, in_database, up

SUM = "CHECKSUM TABLE t"
OWN = "orders-pr-5"
HOME = "kubeauth-environments"
HERE = ("--name", "pr-5", "--context", "environments")


def test_an_environment_has_the_data_of_a_backup_in_a_bucket(run: Run, kubeauth: Run, endpoint: str, tmp_path: Path):
    up(run)
    in_database(run, "shop", "orders", "CREATE TABLE t (i INT PRIMARY KEY); INSERT INTO t VALUES (1), (7)")
    kubeauth("backup")
    wanted = in_database(run, "shop", "orders", SUM)
    kubeauth("deployer", "--environments")
    kubeconfig = run("sh", "-c", "echo $PWD/.kubeauth/environments.kubeconfig").strip()
    seen = dict(line.split("=", 1) for line in run("env").splitlines() if "=" in line)
    bucket = {"bucket": "backups", "endpoint": endpoint, "prefix": "shop/orders", "existing_secret": "backups-read"}
    restored = {"mysqlRestoreFrom": {"s3": {**bucket, "image": "localhost/rclone:1.60"}}}
    env = {**seen, "KUBECONFIG": kubeconfig, "PYTHONPATH": str(ROOT)}
    orders = teams.orders(tmp_path, env, {"secrets": ["backups-read"], "set": restored})
    account = (f"--from-literal={key}={value}" for key, value in ACCOUNT.items())
    run("kubectl", "--namespace", HOME, "create", "secret", "generic", "backups-read", *account)

    made = orders(*ENVIRONMENT, "up", "--base", "HEAD", *HERE)
    assert "data: restored from backups/shop/orders" in made
    assert in_database(run, OWN, "mysql", SUM) == wanted
    in_database(run, OWN, "mysql", "INSERT INTO t VALUES (2)")
    orders(*ENVIRONMENT, "up", "--base", "HEAD", *HERE)
    assert in_database(run, OWN, "mysql", SUM) != wanted, "data that is there stays"
    orders(*ENVIRONMENT, "down", *HERE)
    assert in_database(run, "shop", "orders", SUM) == wanted
