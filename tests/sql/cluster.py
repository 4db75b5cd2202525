"""A bare mysqld as a server of a MySqlCluster: its certificate, and what stands for Vitess' own client."""

import shutil
import subprocess

from components.mysql_cluster import authority, scripts
from tests.unit.recorder import CHOSEN

from .pods import ROOT_PASSWORD, DatabasePod, Pod

#: Vitess' client: server 100 is the primary, what administrators ask for is done as root, and each call is noted.
VITESS = """#!/bin/sh
echo "$*" >> {folder}/asked
for each; do case $each in --tablet-manager-grpc-*=*) [ -s "${{each#*=}}" ] || exit 1 ;; esac; done
case "$*" in
  *GetShard*) echo '"uid": 100' ;;
  *GetTablets*) echo 'zone1-0000000101 admin 0 replica host:15999 host:3306 [] <nil>' ;;
  *ExecuteFetchAsDBA*)
    for sql; do :; done
    printf '%s' "$sql" | MYSQL_PWD={password} mysql --no-defaults --user=root --socket={socket} ;;
esac
"""


def join(pod: Pod, database: DatabasePod, secrets: dict[str, dict[str, str]]) -> None:
    """Make a database the one server of a cluster, and give a pod the client of Vitess that knows it.

    Args:
        pod: The pod of the cluster's job.
        database: The server.
        secrets: The cluster's.
    """
    certify(database, secrets[f"mysqlauth-authority{CHOSEN}"][authority.KEY])
    # Clients' statements run as this account.
    database.root("CREATE USER vt_app@localhost; GRANT ALL ON admin.* TO vt_app@localhost")
    program = pod.stand_in("vtctldclient", "")
    # The image of a cluster has it, the one of a server does not.
    (program.parent / "openssl").symlink_to(shutil.which("openssl") or "/usr/bin/openssl")
    program.write_text(VITESS.format(folder=pod.folder, password=ROOT_PASSWORD, socket=database.socket))


def certify(database: DatabasePod, key: str) -> None:
    """Give a server the certificate that its pod in a cluster of this authority makes."""
    folder = database.folder / f"tls-{len(list(database.folder.glob('tls-*')))}"
    folder.mkdir(mode=0o755)
    (folder / authority.KEY).write_text(key)
    text = scripts.text("values", "certificate").replace("DNS:$POD_NAME.$OWN", "IP:127.0.0.1")
    values = {"RUN": folder, "AUTHORITY": folder / authority.KEY, "INSTANCE": "mysqlauth", "OWN": "-",
              "TOPOLOGY": "", "SHOWN": ""}  # fmt: skip
    words = [*(f"{name}={value}" for name, value in values.items()), "--"]
    subprocess.run(["/bin/sh", "-c", text, "prepare", *words], check=True, timeout=30, capture_output=True)
    for file in folder.iterdir():
        file.chmod(0o644)
    said = [f"GLOBAL ssl_{name} = '{folder}/{file}'" for name, file in
            (("ca", "ca.crt"), ("cert", "peer.crt"), ("key", "peer.key"))]  # fmt: skip
    database.root(f"SET {', '.join(said)}; ALTER INSTANCE RELOAD TLS")
