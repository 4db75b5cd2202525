"""One line of a stack makes its database several servers, by the same two commands."""

import re
from concurrent.futures import ThreadPoolExecutor


def test_one_line_makes_one_server_several_and_the_service_logs_in_as_before(checkout):
    checkout.write(mysqlReplicas=3)
    said = checkout.make("up")
    assert "DB_HOST=mysqlauth-service.production-cloud.svc.cluster.local:3306" in said
    assert "✓ prove it: register and log in" in said
    status = checkout.make("status")
    assert "all is well" in status
    for line in ("StatefulSet production-cloud/mysqlauth-tablet  ready, 3/3 pods", "mysqlauth-etcd  ready, 3/3 pods"):
        assert line in status
    assert "unchanged" in checkout.make("preview")


def test_the_way_back_to_one_server_is_refused_before_anything_changes(checkout):
    checkout.write(mysqlReplicas=1)
    said = checkout.make("up", ok=False)
    assert "MySqlDatabase mysqlauth, several servers → one server: the new one begins with an empty schema" in said
    assert "Nothing was changed" in said
    assert "ALLOW=dev/" in said
    checkout.write(mysqlReplicas=3)
    assert "nothing to repair" in checkout.make("repair")


def test_backups_are_made_and_restored_by_the_commands_of_one_server(checkout):
    checkout.write(mysqlBackupSchedule="0 3 * * *")
    checkout.make("up")
    checkout.sql("CREATE TABLE kept (id INT PRIMARY KEY)", "INSERT INTO kept VALUES (1), (2)")
    [name] = re.findall(r"^(admin-\S+\.sql\.gz) \(.*\), verified ", checkout.make("backup"), re.MULTILINE)
    checkout.sql("DELETE FROM kept WHERE id = 1", "DROP TABLE users")
    assert "has rows" in checkout.make("restore", BACKUP=name, ok=False)
    said = checkout.make("restore", BACKUP=name, FORCE="1")
    assert f"tables are as in {name}" in said
    assert checkout.sql("SELECT COUNT(*) FROM kept") == "((2,),)"
    assert "✓ prove it: register and log in" in checkout.make("up")
    assert "__before_" in checkout.make("restore")
    assert "is gone" in checkout.make("restore", BACKUP="drop-old")
    assert "all is well" in checkout.make("status")


def test_a_primary_that_is_lost_in_the_middle_of_a_restore_costs_a_second_try_and_nothing_else(checkout):
    [name] = re.findall(r"^(admin-\S+\.sql\.gz) ", checkout.make("backup"), re.MULTILINE)
    checkout.sql("DELETE FROM kept WHERE id = 2")
    primary = checkout.primary()
    with ThreadPoolExecutor() as pool:
        # A restore waits for whoever uses a table, for 20 s.
        pool.submit(checkout.server, primary, "BEGIN; SELECT id FROM admin.kept; SELECT SLEEP(60)", ok=False)
        restore = pool.submit(checkout.make, "restore", BACKUP=name, FORCE="1", ok=False)
        while not checkout.server(primary, r"SHOW DATABASES LIKE 'admin\_\_restore'"):
            assert not restore.done(), restore.result()
        checkout.kubectl("delete", "pod", primary, "--force", "--grace-period=0")
        assert "run it again" in restore.result()
    said = checkout.make("restore", BACKUP="drop-old")
    assert "A restore that did not finish was undone." in said
    assert checkout.sql("SELECT id FROM kept") == "((1,),)"
    checkout.make("restore", BACKUP=name, FORCE="1")
    assert checkout.sql("SELECT id FROM kept") == "((1,), (2,))"
