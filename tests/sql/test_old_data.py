"""Claims with data of others: taken over or refused, never overlooked. The volumes are made the way those make them."""

import os
import shutil
import signal

import pytest

from .pods import LIMIT, USER
from .programs import SHELLS

VOLUME, RUN = "/var/lib/mysql", "/run/mysqld"
APART = ("--skip-networking", "--mysqlx=OFF", "--secure-file-priv=NULL")
#: What MySQL's own image does to a new data directory; groundhog2k's chart runs that image on the root of its volume.
OFFICIAL = """
ALTER USER root@localhost IDENTIFIED BY 'old-root';
GRANT ALL ON *.* TO root@localhost WITH GRANT OPTION;
CREATE USER root@'%' IDENTIFIED BY 'old-root';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
CREATE USER healthchecker@localhost IDENTIFIED BY 'healthcheckpass';
CREATE DATABASE admin;
CREATE USER admin@'%' IDENTIFIED BY 'old-app';
GRANT ALL ON admin.* TO admin@'%';
"""
#: What Bitnami's image does; its chart mounts the volume at /bitnami/mysql and has the data in `data`, of user 1001.
BITNAMI = """
DELETE FROM mysql.user WHERE user NOT IN ('mysql.sys', 'mariadb.sys', 'mysql.session', 'mysql.infoschema');
FLUSH PRIVILEGES;
CREATE USER root@'%' IDENTIFIED BY 'old-root';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
CREATE USER replicator@'%' IDENTIFIED BY 'old-repl';
GRANT REPLICATION SLAVE ON *.* TO replicator@'%' WITH GRANT OPTION;
CREATE DATABASE admin;
CREATE USER admin@'%' IDENTIFIED BY 'old-app';
GRANT ALL ON admin.* TO admin@'%';
"""
ROWS = "CREATE TABLE admin.t (id INT PRIMARY KEY); INSERT INTO admin.t VALUES (7);\n"


def mysqld(server, folder, sql, *options):
    """Run SQL in a data directory as another image's server does."""
    file = server.folder / "run/old.sql"
    file.write_text(f"{sql}SHUTDOWN;\n".replace("; ", ";\n"))
    file.chmod(0o644)
    command = ["mysqld", "--no-defaults", f"--datadir={VOLUME}{folder}", f"--init-file={RUN}/old.sql"]
    done = server.run([*command, f"--socket={RUN}/old.sock", *APART, *options])
    assert done.returncode == 0, done.stderr
    assert "Failed" not in done.stderr, done.stderr


def old(server, folder="", sql=OFFICIAL, *options):
    """Make a database of another image in a folder of the volume."""
    if folder:
        path = server.folder / f"data{folder}"
        path.mkdir(parents=True)
        for each in (path, path.parent):
            os.chown(each, USER if os.geteuid() == 0 else -1, -1)
    done = server.run(["mysqld", "--no-defaults", "--initialize-insecure", f"--datadir={VOLUME}{folder}"])
    assert done.returncode == 0, done.stderr
    mysqld(server, folder, sql + ROWS, *options)


def names(server):
    return sorted(path.name for path in (server.folder / "data").iterdir())


def taken(server):
    """The data is there, the application writes, and nobody of before rules the server any more."""
    assert server.ready, server.said()
    assert server.app("INSERT INTO t VALUES (8); SELECT id FROM t").stdout == "7\n8\n"
    assert server.root("SELECT 1") == "1"
    for user, password in (("root", "old-root"), ("admin", "old-app")):
        assert server.app("SELECT 1", username=user, password=password).returncode
    rulers = "SELECT CONCAT(user, '@', host) FROM mysql.user WHERE Create_user_priv = 'Y' AND account_locked = 'N'"
    assert server.root(rulers).splitlines() == ["root@localhost"]


@pytest.mark.parametrize(
    ("shell", "folder", "sql"),
    [
        ("bash", "", OFFICIAL),
        ("busybox", "/mysql", OFFICIAL),
        ("dash", "/data", BITNAMI),
        ("busybox", "/sub/data", BITNAMI),
    ],
)
def test_a_database_of_another_image_is_taken_over(pod, shell, folder, sql):
    server = pod(shell, begin=False)
    old(server, folder, sql)
    server.start()
    taken(server)
    assert set(names(server)) <= {"data", "tmp", "sub"}
    server.restart()
    assert server.app("SELECT id FROM t").stdout == "7\n8\n"
    assert not list((server.folder / "data/data").glob("binlog.*")), "nobody reads them here"


def test_without_a_password_for_root_nobody_of_before_is_root(pod):
    server = pod(begin=False, root_password=None)
    old(server)
    server.start()
    for password in ("old-root", "", "root-pw"):
        assert server.app("SELECT 1", username="root", password=password or " ").returncode
    assert server.app("SELECT id FROM t").stdout == "7\n"


def test_accounts_of_before_that_rule_nothing_stay(pod):
    server = pod(begin=False)
    native = "UPDATE mysql.user SET plugin = 'mysql_native_password' WHERE user = 'root';\n"
    old(server, "/data", f"{BITNAMI}{native}")
    server.start()
    taken(server)
    assert server.root("SELECT account_locked FROM mysql.user WHERE user = 'replicator'") == "N"


def test_folders_of_schemas_are_not_taken_for_this_packages_own(pod):
    server = pod(begin=False)
    more = "".join(f"CREATE DATABASE {name}; CREATE TABLE {name}.mysql (id INT);\n" for name in ("data", "tmp", "sub"))
    old(server, "", OFFICIAL + more)
    server.start()
    taken(server)
    assert server.root("SELECT COUNT(*) FROM data.mysql, tmp.mysql, sub.mysql") == "0"


def test_a_pod_that_was_killed_while_it_moved_goes_on(pod):
    server = pod(begin=False)
    old(server, "", OFFICIAL + "CREATE DATABASE data; CREATE TABLE data.t (id INT);\n")
    volume = server.folder / "data"
    command = server.spec["initContainers"][0]["command"]
    server.spec["initContainers"][0]["command"] = [
        word.replace('mv "$entry" "$half/"', 'mv "$entry" "$half/"; [ "${entry##*/}" != ibdata1 ] || exit 9')
        for word in command
    ]
    assert server.initialize().returncode == 9
    assert (volume / "data.taken/ibdata1").exists()
    assert (volume / "mysql.ibd").exists()
    server.spec["initContainers"][0]["command"] = command
    server.start()
    taken(server)


def test_a_server_that_still_has_the_data_open_is_waited_for(pod):
    server = pod(begin=False)
    old(server)
    before = names(server)
    command = ["mysqld", "--no-defaults", f"--datadir={VOLUME}", f"--socket={RUN}/o.sock", f"--pid-file={RUN}/o.pid"]
    other = server.begin([*command, *APART], server.folder / "other.log")
    while not (server.folder / "run/o.pid").exists():
        assert other.poll() is None
    [container] = server.spec["initContainers"]
    said = server.folder / "said.log"
    pending = server.begin([*container["command"], *container["args"]], said)
    while "Unable to lock ./ibdata1" not in said.read_text():
        assert pending.poll() is None, said.read_text()
    assert set(before) <= set(names(server)), "nothing is moved"
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert pending.wait(LIMIT) == 0, said.read_text()
    # It was killed: what it acknowledged is recovered.
    server.start()
    taken(server)


def refused(server, *words):
    """The init container names all of this, and leaves the volume as it is."""
    before = sorted(str(path) for path in (server.folder / "data").rglob("*"))
    done = server.initialize()
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    said = done.stderr.replace(str(server.folder / "data"), VOLUME)
    assert all(word in said for word in (*words, "no empty database is made beside it")), said
    assert sorted(str(path) for path in (server.folder / "data").rglob("*")) == before


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("ibdata1", "aria_log_control", "mysql/db.frm"), "data of MariaDB in /var/lib/mysql"),
        (("data/ibdata1", "data/aria_log_control"), "data of MariaDB in /var/lib/mysql/data"),
        (("ibdata1", "ib_logfile0", "mysql/user.frm"), "data of MySQL 5.7 or older"),
        (("mysql.ibd",), "half a data directory in /var/lib/mysql"),
        (("data/ibdata1", "data/mysql/general_log.CSV"), "half a data directory in /var/lib/mysql/data"),
        (("data/admin/t.ibd",), "/var/lib/mysql/data, which is no whole data directory"),
        (("pgdata/PG_VERSION",), "/var/lib/mysql/pgdata, which is no whole data directory"),
        (("ibdata1", "data/ibdata1"), "two databases, in /var/lib/mysql and /var/lib/mysql/data"),
    ],
)
def test_what_is_no_whole_database_of_mysqls_is_refused_by_name(pod, shell, files, words):
    server = pod(shell, begin=False)
    for name in files:
        path = server.folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for path in (server.folder / "data").rglob("*"):
        os.chown(path, USER if os.geteuid() == 0 else -1, -1)
    refused(server, words)


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("mysql_upgrade_info", "8.0.36", ("data of MySQL 8.0", "let image mysql:8.4 upgrade it first")),
        ("mysql_upgrade_history", '{"upgrade_history":[{"version":"9.7.4"},{"version":"26.7.0"}]}', ("26.7", "newer")),
    ],
)
def test_data_of_a_version_that_this_one_cannot_read_is_refused(pod, file, text, words):
    server = pod(begin=False)
    old(server)
    (server.folder / "data" / "mysql_upgrade_history").unlink()
    (server.folder / "data" / file).write_text(text)
    refused(server, *words)


def test_a_volume_with_its_own_lost_and_found_is_empty(pod):
    server = pod(begin=False)
    (server.folder / "data/lost+found").mkdir(mode=0o700)
    server.start()
    assert server.ready, server.said()
    assert names(server) == ["data", "lost+found", "tmp"]


def test_what_others_keep_beside_a_database_does_not_stop_it(pod):
    server = pod()
    other = server.folder / "data/~snapshots"
    other.mkdir()
    (other / "ibdata1").touch()
    other.chmod(0o000)
    server.restart()
    assert server.ready, server.said()
    other.chmod(0o755)


def test_a_root_directory_with_lost_and_found_is_taken_over(pod):
    server = pod(begin=False)
    old(server)
    (server.folder / "data/lost+found").mkdir(mode=0o700)
    server.start()
    taken(server)
    assert names(server) == ["data", "lost+found", "tmp"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("folder", ["", "/data"])
def test_data_of_another_user_is_refused_and_the_way_out_is_named(pod, folder):
    server = pod(begin=False)
    old(server, folder)
    top = server.folder / f"data{folder}"
    for path in (top, *top.rglob("*")):
        os.chown(path, 999, 999)
    top.chmod(0o750)
    refused(server, "of user 999, which user 10001", "platform.run_as_user", "to 999", "chown -R 10001:")
    for path in (top, *top.rglob("*")):
        os.chown(path, USER, USER)
    server.start()
    taken(server)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize(("folder", "owner"), [("", 999), ("/data", 1001)])
def test_data_of_another_user_that_the_kubelet_gave_to_the_pods_group_is_taken_over(pod, folder, owner):
    server = pod(begin=False)
    old(server, folder)
    top = server.folder / "data"
    for path in (top, *top.rglob("*")):
        # What fsGroup does: the group, its right to read and write, and the same for what comes later.
        os.chown(path, owner, USER)
        path.chmod(path.stat().st_mode | (0o2770 if path.is_dir() else 0o660))
    server.start()
    taken(server)
    server.restart()
    assert server.ready, server.said()


def test_sql_that_fails_ends_the_init_container_instead_of_waiting_for_ever(pod):
    server = pod(begin=False)
    old(server, "/data", BITNAMI)
    tools = server.folder / "bin"
    shutil.copytree(server.programs.bin, tools)
    (tools / "mysql_tzinfo_to_sql").write_text("#!/bin/sh\necho 'NONSENSE;'\n")
    server.environment["PATH"] = server.environment["PATH"].replace(str(server.programs.bin), str(tools))
    done = server.initialize()
    assert done.returncode == 1
    assert "[ERROR] [MY-000061] [Server] 1064" in done.stderr
    assert done.stderr.endswith("its first [ERROR] above says why\n")
