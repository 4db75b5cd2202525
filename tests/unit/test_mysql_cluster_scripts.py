"""The scripts of a cluster's pods, with programs that only say what they were given."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from components.mysql_cluster import authority, passwords, scripts

SHELLS = [shell for shell in (["/bin/sh"], ["bash", "--posix"], ["busybox", "sh"]) if shutil.which(shell[0])]
TABLET = "zone1-0000000101"


#: Scripts that come before another one.
BEFORE = {"tablet": ["errant"], "alive": ["errant"], "member": ["certificate"], "server": ["born"]}


class Pod:
    """Runs scripts as the second server's pod does."""

    def __init__(self, folder: Path, shell: list[str]) -> None:
        self.folder, self.shell = folder, shell
        for name in ("bin", "run", "secrets", "data"):
            (folder / name).mkdir()
        self.program("vtctldclient", "exit 1")

    def program(self, name: str, body: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.folder}/asked\n{body}\n')
        path.chmod(0o755)

    def secret(self, **files: str) -> None:
        for key, text in files.items():
            (self.folder / "secrets" / key.replace("_", "-")).write_text(text)

    def run(self, script: str, *arguments: str, ok: bool = True, **values: str) -> str:
        given = {
            "TOPOLOGY": "--topo-implementation etcd2", "SERVERS": "etcd-0:2379", "CELL": "zone1", "KEYSPACE": "my_shop",
            "RUN": f"{self.folder}/run", "SECRETS": f"{self.folder}/secrets", "BASE": "100", "SHARD": "0",
            "AUTHORITY": f"{self.folder}/authority.pem", "INSTANCE": "orders",
            "SHOWN": "--tablet-manager-grpc-ca=ca.crt", "BIRTH": "", **values,
        }  # fmt: skip
        words = [*(f"{key}={value}" for key, value in given.items()), "--", *arguments]
        env = {
            "PATH": f"{self.folder}/bin:/usr/bin:/bin",
            "POD_NAME": "orders-tablet-1",
            "VTDATAROOT": f"{self.folder}/data",
        }
        command = [*self.shell, "-c", scripts.text("values", *BEFORE.get(script, []), script), script, *words]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout + done.stderr

    def asked(self, name: str) -> list[str]:
        lines = (self.folder / "asked").read_text().splitlines() if (self.folder / "asked").exists() else []
        return [line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")]

    def written(self, name: str) -> str:
        return (self.folder / "run" / name).read_text()


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[0].rpartition("/")[2])
def pod(request, tmp_path):
    made = Pod(tmp_path, request.param)
    (tmp_path / "authority.pem").write_text(authority.key())
    made.run("certificate", OWN="orders-tablet.shop.svc")
    return made


@pytest.mark.parametrize("password", ["plain", 'it\'s \\ "öne" €', "\t\x01\x7f", "a" * 255, "$(id) `id` %s \\u0041"])
def test_the_users_file_holds_any_password_and_the_one_before(pod, password):
    pod.secret(username="admin", password=password, previous_password="before")
    pod.run("gateway", CERTIFICATE="/etc/kubeauth/tls", HOST="orders")
    assert json.loads(pod.written("users.json")) == {
        "admin": [{"Password": password, "UserData": "admin"}, {"Password": "before", "UserData": "admin"}]
    }
    assert (pod.folder / "run/users.json").stat().st_mode & 0o777 == 0o600


def test_a_secret_without_a_password_ends_the_gateways_pod_with_the_reason(pod):
    pod.secret(username="admin")
    assert "the Secret has no value for the key password" in pod.run(
        "gateway", ok=False, CERTIFICATE="x", HOST="orders"
    )


def test_a_certificate_is_made_for_the_name_that_clients_use(pod):
    pod.secret(username="admin", password="pw")
    pod.run("gateway", CERTIFICATE="no", HOST="orders-service.shop.svc.cluster.local")
    shown = ("openssl", "x509", "-noout", "-text", "-in", str(pod.folder / "run/tls.crt"))
    text = subprocess.run(shown, capture_output=True, text=True, timeout=30, check=True).stdout
    assert "DNS:orders-service.shop.svc.cluster.local" in text
    assert "PRIVATE KEY" in pod.written("tls.key")


def openssl(pod: Pod, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["openssl", *arguments], cwd=pod.folder / "run", capture_output=True, text=True, timeout=30, check=False
    )


def test_pods_of_one_cluster_trust_each_others_certificates_and_those_of_no_other_cluster(pod):
    run = pod.folder / "run"
    shutil.copy(run / "ca.crt", run / "first.crt")
    shown = openssl(pod, "x509", "-noout", "-text", "-in", "peer.crt").stdout
    assert "DNS:orders-tablet-1.orders-tablet.shop.svc" in shown
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in shown
    assert (run / "peer.key").stat().st_mode & 0o777 == 0o600
    pod.run("certificate", OWN="orders-tablet.shop.svc")
    name = ("-verify_hostname", "orders-tablet-1.orders-tablet.shop.svc")
    assert openssl(pod, "verify", *name, "-CAfile", "first.crt", "peer.crt").returncode == 0
    (pod.folder / "authority.pem").write_text(authority.key())
    pod.run("certificate", OWN="orders-tablet.shop.svc")
    assert openssl(pod, "verify", "-CAfile", "first.crt", "peer.crt").returncode != 0


def test_what_only_asks_has_a_certificate_without_a_name(pod):
    pod.run("certificate", OWN="")
    assert "Subject Alternative Name" not in openssl(pod, "x509", "-noout", "-text", "-in", "peer.crt").stdout


def test_a_key_that_is_none_ends_the_pod_with_the_reason(pod):
    (pod.folder / "authority.pem").write_text("no key")
    assert "no certificate could be made" in pod.run("certificate", ok=False, OWN="")


#: A member of the topology that answers: what it has is in a file, and what it is asked for is noted.
MEMBER = """
case "$*" in
  *s_client*)
    request=$(tr -d '\\r') && echo "$request" | sed -n '1s/ HTTP.*//p;$p' | paste -s >> {folder}/told
    [ -s {folder}/members ] || exit 1
    printf 'HTTP/1.0 200 OK\\r\\nContent-Type: application/json\\r\\n\\r\\n' && cat {folder}/members ;;
  *) exec {openssl} "$@" ;;
esac
"""
OTHER = '{"ID":"7","name":"orders-etcd-0","peerURLs":["https://orders-etcd-0.x:2380"],"clientURLs":["https://orders-etcd-0.x:2379"]}'
OWN = '"peerURLs":["https://orders-tablet-1.x:2380"]'


@pytest.mark.parametrize(
    ("mine", "state", "told"),
    [
        (f'{{"ID":"8","name":"orders-tablet-1",{OWN}}}', "new", []),
        (f'{{"ID":"8","name":"orders-tablet-1",{OWN},"clientURLs":["https://orders-tablet-1.x:2379"]}}', "existing",
         ['remove\t{"ID":"8"}', 'add\t{"peerURLs":["https://orders-tablet-1.x:2380"]}']),
        (f'{{"ID":"8",{OWN}}}', "existing", []),
        ("", "existing", ['add\t{"peerURLs":["https://orders-tablet-1.x:2380"]}']),
    ],
    ids=["all begin together", "its volume is lost", "taken in again already", "put out already"],
)  # fmt: skip
def test_a_member_of_the_topology_whose_volume_is_new_is_taken_in_again(pod, mine, state, told):
    listed = ",".join(each for each in (OTHER, mine) if each)
    (pod.folder / "members").write_text(f'{{"header":{{"member_id":"7"}},"members":[{listed}]}}')
    assert member(pod) == ["name: m", f"initial-cluster-state: {state}"]
    calls = [line.removeprefix("POST /v3/cluster/member/") for line in (pod.folder / "told").read_text().splitlines()]
    assert calls == ['list\t{"linearizable":true}', *told]


def test_a_member_that_has_its_data_asks_nobody_and_one_whom_nobody_answers_begins(pod):
    (pod.folder / "data/member").mkdir()
    assert member(pod) == ["name: m", "initial-cluster-state: new"]
    assert not (pod.folder / "told").exists()
    (pod.folder / "data/member").rmdir()
    pod.program("sleep", "")
    assert member(pod) == ["name: m", "initial-cluster-state: new"]
    assert len((pod.folder / "told").read_text().splitlines()) > 3


def member(pod: Pod) -> list[str]:
    pod.program("openssl", MEMBER.format(folder=pod.folder, openssl=shutil.which("openssl")))
    servers = "https://orders-tablet-1.x:2379,https://orders-etcd-0.x:2379"
    given = {"OWN": "x", "DATA": f"{pod.folder}/data", "CLIENT": "2379", "PEER": "2380", "SERVERS": servers}
    pod.run("member", "name: m", ok=True, **given)
    return pod.written("etcd.yaml").splitlines()


def accounts(pod: Pod) -> str:
    pod.secret(**{})
    for account in passwords.ACCOUNTS:
        (pod.folder / "secrets" / account).write_text(f"{account}-pw")
    pod.run("accounts", SETTINGS="log-error=stderr\n")
    return pod.written("init.sql")


def test_every_account_of_vitess_gets_its_password_and_none_is_without(pod):
    sql = accounts(pod)
    for account in passwords.ACCOUNTS:
        host = "%" if account in ("vt_repl", "vt_clone") else "localhost"
        assert f"CREATE USER '{account}'@'{host}' IDENTIFIED WITH caching_sha2_password BY '{account}-pw'" in sql
    assert sql.count("CREATE USER '") == len(passwords.ACCOUNTS)
    assert json.loads(pod.written("credentials.json")) == {account: [f"{account}-pw"] for account in passwords.ACCOUNTS}


def test_what_comes_over_the_network_needs_tls_and_root_is_locked(pod):
    lines = accounts(pod).splitlines()
    for account in ("vt_repl", "vt_clone"):
        [line] = [line for line in lines if line.startswith(f"CREATE USER '{account}'")]
        assert line.endswith("REQUIRE SSL;")
    assert "ALTER USER 'root'@'localhost' ACCOUNT LOCK;" in lines
    assert lines.index("SET sql_log_bin = 0;") < 2, "or every server would begin with what no other one has"


def test_the_clients_account_has_rights_in_its_schema_alone(pod):
    granted = [line for line in accounts(pod).splitlines() if "TO 'vt_app'" in line]
    assert granted[1:] == [r"GRANT SELECT ON `\_vt`.* TO 'vt_app'@'localhost';"]
    assert r" ON `my\_shop`.* TO " in granted[0], "an underscore would stand for any character"
    assert not {"FILE", "PROCESS", "RELOAD", "SUPER", "CREATE USER"} & {word.strip() for word in granted[0].split(",")}


def test_people_in_the_pod_reach_the_server(pod):
    accounts(pod)
    assert f"socket={pod.folder}/data/vt_0000000101/mysql.sock" in pod.written("client.cnf")


def test_a_data_directory_whose_making_was_interrupted_is_made_again(pod):
    pod.program("mysqlctld", "")
    made = pod.folder / "data/vt_0000000101"
    made.mkdir()
    (made / "my.cnf").touch()
    (pod.folder / "run/mysqlctl.sock").touch()
    pod.run("server", "--mysql-port=3306")
    assert not made.exists()
    assert not (pod.folder / "run/mysqlctl.sock").exists(), "vttablet would take it for a server that is up"
    assert pod.asked("mysqlctld") == ["--tablet-uid 101 --mysql-port=3306"]
    made.mkdir()
    (pod.folder / "data/complete").touch()
    pod.run("server")
    assert made.exists()


def test_what_counts_when_a_data_directory_is_made_cannot_change_until_it_is_made_anew(pod):
    pod.program("mysqlctld", "")
    pod.run("server", BIRTH="lower-case-table-names=1")
    (pod.folder / "data/complete").touch()
    pod.run("server", BIRTH="lower-case-table-names=1")
    said = pod.run("server", ok=False, BIRTH="")
    assert "made are not given, but this one was made with lower-case-table-names=1: put them back" in said
    assert len(pod.asked("mysqlctld")) == 2
    (pod.folder / "data/complete").unlink()
    pod.run("server", BIRTH="")


def test_a_server_of_an_earlier_version_counts_as_made_as_it_is(pod):
    pod.program("mysqlctld", "")
    (pod.folder / "data/complete").touch()
    pod.run("server", BIRTH="innodb-page-size=65536")
    pod.run("server", ok=False, BIRTH="")


def shard(primary: object) -> str:
    alias = f'"primary_alias": {{"cell": "zone1", "uid": {primary}}}' if primary else '"primary_alias": null'
    return f"""case "$*" in *GetShard*) echo '{{"keyspace": "my_shop", "shard": {{{alias}}}}}' ;; esac"""


@pytest.mark.parametrize(
    ("primary", "schema", "filled"),
    [(None, "", False), (101, "", False), (100, "", True), (100, "my_shop", False), (100, "my@002dshop", False)],
)
def test_an_empty_server_is_filled_from_the_primary_where_there_is_another_one(pod, primary, schema, filled):
    pod.program("vttablet", "")
    pod.program("vtctldclient", shard(primary))
    (pod.folder / "run/clone").write_text("clone-pw")
    for name in filter(None, ("mysql", "sys", "performance_schema", "#innodb_temp", schema)):
        (pod.folder / "data/vt_0000000101/data" / name).mkdir(parents=True)
    pod.run("tablet", "--port=15000", DOMAIN="orders-tablet.shop.svc")
    [started] = pod.asked("vttablet")
    assert f"--tablet-path {TABLET} --tablet-hostname orders-tablet-1.orders-tablet.shop.svc --port=15000" in started
    assert started.endswith("--restore-with-clone --clone-from-primary --db-clone-password clone-pw") == filled
    assert ("clone-pw" in started) == filled, "arguments are for all to see"
    assert (pod.folder / "data/complete").exists()


def test_the_topology_is_made_once_whoever_comes_first(pod):
    pod.program("vtctldclient", f"""
known={pod.folder}/known
case "$*" in
  *GetCellInfo*) [ -e "$known" ] ;;
  *AddCellInfo*) [ ! -e "$known" ] && touch "$known" && exit 1 ;;
  *GetKeyspace*) [ -e "$known-keyspace" ] ;;
  *CreateKeyspace*) touch "$known-keyspace" ;;
esac""")  # fmt: skip
    assert "the topology knows zone1 and my_shop" in pod.run("topology")
    made = [line for line in pod.asked("vtctldclient") if "AddCellInfo" in line or "CreateKeyspace" in line]
    assert len(made) == 2
    assert "--durability-policy semi_sync my_shop" in made[1]
    pod.run("topology")
    assert len([line for line in pod.asked("vtctldclient") if "CreateKeyspace" in line]) == 1


def test_a_server_that_ends_asks_for_another_primary_and_ends_whatever_the_answer(pod):
    pod.run("handover")
    [asked] = pod.asked("vtctldclient")
    assert f"PlannedReparentShard --wait-replicas-timeout 20s --avoid-primary {TABLET} my_shop/0" in asked


def answers(primary: int, kind: str, theirs: str) -> str:
    """What Vitess' client says of this server and of the primary."""
    return f"""case "$*" in
  *GetShard*) echo '{{"shard": {{"primary_alias": {{"cell": "zone1", "uid": {primary}}}}}}}' ;;
  *GetTablets*) echo "{TABLET} my_shop 0 {kind} orders-tablet-1:15000" ;;
  *GetFullStatus*) printf '%s\\n' '{{' '    "position": "MySQL56/{theirs}",' '    "position": "MySQL56/x:1",' ;;
esac"""


@pytest.mark.parametrize(
    ("primary", "kind", "subset", "errant"),
    [
        (100, "drained", "0", True),
        (100, "drained", "1", False),
        (100, "replica", "0", False),
        (101, "drained", "0", False),
    ],
)
def test_only_a_drained_server_with_more_than_the_primary_is_filled_anew(pod, primary, kind, subset, errant):
    pod.program("vtctldclient", answers(primary, kind, "b:1-9"))
    pod.program("mysql", f"""case "$*" in *SUBSET*) echo {subset} ;; *) echo a:1-2,b:1-8 ;; esac""")
    said = pod.run("alive", ok=not errant)
    assert ("it is filled anew from the primary" in said) == errant
    # The server's own first: the primary writes on.
    asked = (pod.folder / "asked").read_text().splitlines() if kind == "drained" and primary == 100 else []
    order = [
        line.split()[0] for line in asked if "gtid_executed" in line or "GetFullStatus" in line or "SUBSET" in line
    ]
    assert order == (["mysql", "vtctldclient", "mysql"] if asked else [])
    if asked:
        assert "GTID_SUBSET('a:1-2,b:1-8', 'b:1-9')" in pod.asked("mysql")[-1]


def test_a_topology_that_does_not_answer_is_no_reason_to_fill_a_server_anew(pod):
    pod.program("mysql", "echo 0")
    pod.run("alive")


def test_a_server_that_is_filled_anew_gives_its_data_up_and_waits_for_an_empty_one(pod):
    pod.program("vttablet", "")
    pod.program("vtctldclient", answers(100, "drained", "b:1-9"))
    pod.program("mysql", """case "$*" in *SUBSET*) echo 0 ;; *) echo a:1 ;; esac""")
    complete, sock = pod.folder / "data/complete", pod.folder / "run/mysqlctl.sock"
    complete.touch()
    (pod.folder / "run/clone").write_text("clone-pw")
    # What server.sh does when mysqld has ended.
    again = f"[ ! -e {complete} ] && python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"{sock}\")'"
    pod.program("mysqladmin", again)
    assert "it begins anew" in pod.run("tablet", DOMAIN="orders-tablet.shop.svc")
    assert len(pod.asked("mysqladmin")) == 1
    assert complete.exists()
    assert "--restore-with-clone" in pod.asked("vttablet")[0]


def shards(pod: Pod, **serving: bool) -> None:
    names = {name.replace("_", "-"): yes for name, yes in serving.items()}
    found = {
        "shards": {name: {"name": name, "shard": {"is_primary_serving": yes, "x": None}} for name, yes in names.items()}
    }
    answer = f"cat <<'EOF'\n{json.dumps(found, indent=2)}\nEOF"
    pod.program("vtctldclient", f'case "$*" in *FindAllShards*)\n{answer}\n;; esac')


DIVISION = {"SHARDS": "-80 80-", "COMING": "", "VSCHEMA": '{"sharded": true}', "WAIT": "600"}


def applied(pod: Pod) -> list[str]:
    return [line for line in pod.asked("vtctldclient") if "ApplyVSchema" in line]


def test_the_gateways_learn_how_rows_are_divided_once_every_shard_serves(pod):
    shards(pod, **{"_80": True, "80_": True, "0": False})
    assert "-80 80- serve" in pod.run("division", **DIVISION)
    [line] = applied(pod)
    assert line.endswith('ApplyVSchema --vschema {"sharded": true} my_shop')


@pytest.mark.parametrize("serving", [{"0": True, "_80": False, "80_": False}, {"0": False, "_80": True, "80_": True}])
def test_while_rows_move_either_division_may_serve(pod, serving):
    shards(pod, **serving)
    pod.run("division", **{**DIVISION, "SHARDS": "0", "COMING": "-80 80-", "VSCHEMA": ""})
    assert applied(pod) == []


@pytest.mark.parametrize(
    ("serving", "wanted", "named"),
    [
        # Divided too early, given up too late, and a step left out.
        ({"_80": False, "80_": False, "0": True}, "-80 80-", "0"),
        ({"_80": True, "80_": True, "0": False}, "0", "-80"),
        ({"_80": True, "80_": True}, "-40 40-80 80-c0 c0-", "-80"),
    ],
)
def test_servers_of_shards_that_serve_are_never_given_up_for_others_that_do_not(pod, serving, wanted, named):
    shards(pod, **serving)
    said = pod.run("division", ok=False, **{**DIVISION, "SHARDS": wanted})
    assert f"shard {named} serves, not {wanted}: kubeauth reshard moves its rows; nothing was deleted" in said
    assert applied(pod) == []


def test_shards_that_do_not_serve_are_waited_for_with_a_limit(pod):
    said = pod.run("division", ok=False, **{**DIVISION, "WAIT": "0"})
    assert "waited 0 s for shards -80 80-" in said
