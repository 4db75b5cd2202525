"""What one server held is taken along to several, with a bare mysqld for the old one and one for the primary."""

import copy
import shutil
from typing import cast

import pytest

from components import MySqlCluster, MySqlClusterArgs
from tests.unit.recorder import deploy

from .cluster import join
from .pods import DatabasePod, Done, Pod, beside, secrets_of
from .programs import SHELLS

ARGS = cast(
    MySqlClusterArgs,
    {"namespace": "shop", "password": "app-pw", "image": "vitess:24.0.4", "etcd_image": "etcd:3.6.16"},
)
CONTENT = """
CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(64) COLLATE utf8mb4_bin, picture BLOB,
  half INT AS (id DIV 2), KEY (half));
INSERT INTO users (id, name, picture) VALUES (1, 'Jörg', 0x00FF0A0D27225C), (2, NULL, NULL), (3, '\u2028', '');
CREATE TABLE orders (id INT PRIMARY KEY, user INT, FOREIGN KEY (user) REFERENCES users (id));
INSERT INTO orders VALUES (1, 1);
CREATE VIEW named AS SELECT id FROM users WHERE name IS NOT NULL;
CREATE TRIGGER upper BEFORE INSERT ON users FOR EACH ROW SET NEW.name = UPPER(NEW.name);
CREATE PROCEDURE clear () DELETE FROM orders;
"""
LOOK = "USE admin; SELECT id, name, HEX(picture), half FROM users; SELECT * FROM orders; SELECT * FROM named"


class Importer(Pod):
    """The pod of the Job that takes data along, between two servers."""

    def __init__(self, old: DatabasePod, new: DatabasePod, shell: str) -> None:
        """Take the Job of a MySqlCluster that came in the place of one server."""
        super().__init__(old.programs, beside(new), shell, old.port)
        self.old, self.new = old, new
        recorder = deploy(lambda: MySqlCluster("mysqlauth", ARGS))
        self.secrets = secrets_of(recorder)
        self.template = recorder.one("Job", "mysqlauth-import").inputs["spec"]["template"]["spec"]
        self.mount(copy.deepcopy(self.template), self.secrets, {})
        join(self, new, self.secrets)

    def job(self, kill_at: int = 0, dump: str = ":") -> Done:
        """Run it to its end.

        Args:
            kill_at: Kill the whole pod when it calls `mysql` for this time. Default: 0, never.
            dump: What a call of `mysqldump` does first. Default: nothing.
        """
        # Of an attempt before.
        shutil.rmtree(self.folder / "run")
        self.mount(copy.deepcopy(self.template), self.secrets, {})
        self.count_calls(kill_at)
        self.stand_in("mysqldump", dump)
        [container] = self.spec["containers"]
        own = {"HOST": "127.0.0.1", "FRONT": str(self.old.port), "PORT": str(self.new.port)}
        own |= {"BEGAN": "one", "WAIT": "30"}
        # The pod's own name is the kubelet's to say.
        container["env"] = [entry for entry in container["env"] if "value" in entry]
        container["args"] = [self._value(word, own) for word in container["args"]]
        container["command"][2] = container["command"][2].replace('"$SET-$((uid - BASE)).$DOMAIN"', "127.0.0.1")
        return self.run_each([container])

    @staticmethod
    def _value(word: str, own: dict[str, str]) -> str:
        key = word.partition("=")[0]
        return f"{key}={own[key]}" if key in own else word


@pytest.fixture
def importer(pod):
    """Makes the two servers and the Job: `importer("dash", content)`."""

    def make(shell: str = "bash", content: str = CONTENT) -> Importer:
        made = Importer(pod(shell), pod(shell), shell)
        done = made.old.app(content)
        assert done.returncode == 0, done.stderr
        return made

    return make


def frozen(server: DatabasePod) -> bool:
    options = "SELECT options FROM information_schema.schemata_extensions WHERE schema_name = 'admin'"
    return "READ ONLY=1" in server.root(options)


@pytest.mark.parametrize("shell", SHELLS)
def test_all_that_the_old_server_held_is_taken_along_and_nobody_writes_there_any_more(importer, shell):
    job = importer(shell)
    done = job.job()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 tables are taken along and compared" in done.stdout
    assert job.new.root(LOOK) == job.old.root(LOOK)
    assert job.new.root("SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = 'admin'") == "1"
    definers = "SELECT DISTINCT definer FROM information_schema"
    assert job.new.root(f"{definers}.views WHERE table_schema = 'admin'") == "vt_app@localhost"
    assert job.new.root(f"{definers}.routines WHERE routine_schema = 'admin'") == "vt_app@localhost"
    refused = job.old.app("INSERT INTO orders VALUES (2, 1)")
    assert "read only mode" in refused.stderr
    assert job.new.root("SELECT COUNT(*) FROM mysql.user WHERE user = 'vt_import'") == "0"
    assert "was taken along before" in job.job().stdout


@pytest.mark.parametrize("kill_at", [12, 15, 18, 20])
def test_a_job_that_is_killed_is_done_anew_by_the_next_one(importer, kill_at):
    job = importer()
    assert job.job(kill_at).returncode != 0
    before = job.old.root(LOOK)
    done = job.job()
    assert done.returncode == 0, done.stdout + done.stderr
    assert job.new.root(LOOK) == job.old.root(LOOK) == before
    assert frozen(job.old)


#: What comes instead of a dump of the rows.
OTHER_BYTE = 'case "$*" in *--no-data*) ;; *) REAL "$@" | sed s/0x00FF/0x00FE/; exit ;; esac'
BROKEN = 'case "$*" in *--no-data*) ;; *) echo "SELECT 1;"; exit 2 ;; esac'


@pytest.mark.parametrize(
    ("dump", "said"),
    [(OTHER_BYTE, "the copy is not the same (sums)"), (BROKEN, "the data could not be copied")],
    ids=["a byte is another one", "the dump breaks off"],
)
def test_a_copy_that_is_not_whole_leaves_the_old_server_as_it_was_and_writable(importer, dump, said):
    job = importer()
    done = job.job(dump=dump.replace("REAL", f"{job.programs.bin}/mysqldump"))
    assert done.returncode == 1
    assert said in done.stderr
    assert "the old server serves on" in done.stderr
    assert not frozen(job.old)
    assert job.old.app("INSERT INTO orders VALUES (2, 1)").returncode == 0
    done = job.job()
    assert done.returncode == 0, done.stderr
    assert job.new.root(LOOK) == job.old.root(LOOK)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("CREATE TABLE old (id INT) ENGINE=MyISAM", "table old is MyISAM, not InnoDB"),
        ("CREATE TABLE _vt_x (id INT)", "_vt_x has a name that Vitess keeps for itself"),
        (
            "CREATE TABLE t (id INT); CREATE VIEW v AS SELECT id FROM t; DROP TABLE t",
            "View 'admin.v' references",
        ),
    ],
    ids=["engine", "name", "view"],
)
def test_what_several_servers_cannot_hold_is_refused_by_name_and_nothing_changes(importer, content, said):
    job = importer(content=content)
    done = job.job()
    assert done.returncode == 3, "another attempt would end alike"
    assert said in done.stderr
    assert "nothing was changed" in done.stderr
    assert not frozen(job.old)
    assert not job.new.root("SHOW DATABASES LIKE '_kubeauth'")


def test_servers_that_hold_tables_of_their_own_are_not_written_over(importer):
    job = importer()
    job.new.root("CREATE TABLE admin.mine (id INT PRIMARY KEY)")
    done = job.job()
    assert done.returncode == 3
    assert "the cluster's schema has tables of its own" in done.stderr
    assert not frozen(job.old)
    assert job.new.root("SHOW TABLES IN admin") == "mine"


def test_writes_of_an_old_server_after_it_was_taken_along_are_not_lost_in_silence(importer):
    job = importer()
    assert job.job().returncode == 0
    job.old.root("ALTER DATABASE admin READ ONLY = 0")
    assert job.old.app("INSERT INTO orders VALUES (2, 1)").returncode == 0
    done = job.job()
    assert done.returncode == 3
    assert "took writes since" in done.stderr
