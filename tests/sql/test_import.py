"""Dumps from elsewhere, which a server of the job's own reads and the living one does not."""

import gzip
import threading
import time

import pytest

#: What MariaDB's and MySQL's dumps begin with, and rows that hold the same words.
DUMP = """/*!999999\\- enable the sandbox mode */
SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN;
SET @@SESSION.SQL_LOG_BIN= 0;
SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5,
4e11fa47-71ca-11e1-9e33-c80aa9429562:1-5';
SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5';
CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;
USE `shop`;
CREATE TABLE t (
  i INT PRIMARY KEY, x TEXT
) COLLATE=utf8mb4_uca1400_ai_ci;
INSERT INTO t VALUES (1, 'SET @@SESSION.SQL_LOG_BIN; utf8mb4_uca1400_ai_ci ä');
INSERT INTO `t` VALUES
(2, 'utf8mb4_uca1400_german2_ai_ci'),
(3, 'GTID_PURGED');
SET @@SESSION.SQL_LOG_BIN = @MYSQLDUMP_TEMP_LOG_BIN;
"""


@pytest.fixture
def volume(jobs):
    """The jobs of an empty database, whose volume takes files from here."""
    jobs = jobs()
    jobs.backups.mkdir(mode=0o777)
    jobs.backups.chmod(0o777)
    return jobs


def admin(jobs, sql):
    return jobs.database.root(f"USE admin; {sql}")


def test_a_dump_from_elsewhere_becomes_a_backup_with_every_row_as_it_was(volume):
    (volume.backups / ".import-1.gz").write_bytes(gzip.compress(DUMP.encode()))
    done = volume.job("import_", ".import-1.gz")
    assert done.returncode == 0, done.stderr
    assert admin(volume, "SHOW TABLES") == "", "the living schema is not touched"
    assert volume.job("restore", done.stdout.split()[0]).returncode == 0
    assert admin(volume, "SELECT * FROM t").splitlines() == [
        "1\tSET @@SESSION.SQL_LOG_BIN; utf8mb4_uca1400_ai_ci ä",
        "2\tutf8mb4_uca1400_german2_ai_ci",
        "3\tGTID_PURGED",
    ]
    collation = (
        "SELECT table_collation FROM information_schema.tables WHERE table_name = 't' AND table_schema = 'admin'"
    )
    assert volume.database.root(collation) == "utf8mb4_0900_ai_ci"


@pytest.mark.parametrize(
    ("dump", "message"),
    [
        (DUMP + "USE `other`;\nCREATE TABLE o (i INT);\n", "the dump holds several schemas, make one of each"),
        ("CREATE TABLE t (x TEXT) COLLATE utf8mb4_uca1400_german2_ai_ci;\n", "no collations like MariaDB's"),
        ("CREATE TABLE t (i INT PRIMARY KEY);\nINSERT INTO t VALUES (1), (1);\n", "Duplicate entry"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_changes_nothing_and_says_why(volume, dump, message):
    (volume.backups / "dump.sql").write_text(dump)
    done = volume.job("import_", "dump.sql")
    assert done.returncode == 1
    assert message in done.stderr
    assert "nothing was changed" in done.stderr
    assert [name for name in volume.names() if name != "dump.sql"] == []


def test_a_dump_that_is_sent_is_imported_when_it_is_whole_and_nothing_of_it_stays(volume):
    dump = DUMP.encode()

    def send():
        with (volume.backups / ".import-2").open("wb") as file:
            for part in (dump[:100], dump[100:]):
                time.sleep(1)
                file.write(part)
                file.flush()

    sender = threading.Thread(target=send)
    sender.start()
    done = volume.job("receive", ".import-2", str(len(dump)))
    sender.join()
    assert done.returncode == 0, done.stderr
    assert volume.names() == [done.stdout.split()[0]]


def test_a_dump_that_stops_arriving_is_given_up(volume):
    volume.script = {"  have=0 left=60": "  have=0 left=2"}
    (volume.backups / ".import-3").write_bytes(b"half")
    (volume.backups / ".import-3").chmod(0o666)
    done = volume.job("receive", ".import-3", "100")
    assert done.returncode == 1
    assert "of the file's 100 bytes 4 arrived, then none for a minute; nothing was changed" in done.stderr
    assert volume.names() == []
