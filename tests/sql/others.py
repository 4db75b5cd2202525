"""Programs of others, unchanged, against a database of this package: what their own tests say of it.

`python -m tests.sql.others` (make others) takes each program's tests from its source archive, runs them as an account
of MySqlDatabase that owns its schemas, and writes docs/reference/others.md.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cli.paths import CHECKOUT
from lab.scan.report import table

from . import programs
from .pods import DatabasePod

PAGE = CHECKOUT / "docs" / "reference" / "others.md"
RESULTS = PAGE.with_suffix(".json")
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own is made in it
ACCOUNT, PASSWORD, SCHEMA = "others", "p@ss:w/o#r%d?", "admin"
HEAD = """\
# Programs of others against the database

`make others` runs these programs' own tests, unchanged, against the server that MySqlDatabase starts, as one of its
accounts (`accounts`, privileges `owner`, over TLS), and writes this page. The server is the bare one of
`make test-sql`, with MySQL's defaults but for what the component sets. A test that is left out has its reason here;
one that fails makes the command fail. PyMySQL, which both use, has all but one of its tests in its
repository alone, in no archive.

"""


@dataclass(frozen=True)
class Counts:
    """What came of a program's tests."""

    passed: int
    skipped: int
    failed: list[str]
    """Their names."""


@dataclass(frozen=True)
class Program:
    """One program with its own tests."""

    name: str
    version: str
    packages: Sequence[str]
    """What is installed to run them besides the program itself."""
    run: Callable[["Program", str, Path, dict[str, str]], Counts]
    """Takes the program, its Python, the archive's folder and the account, as its Secret and connection have it."""
    what: str
    """What the tests are, in words."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Tests that are not run, and why."""


def _sqlalchemy(program: Program, python: str, source: Path, account: dict[str, str]) -> Counts:
    report = source / "others.xml"
    report.unlink(missing_ok=True)
    url = f"mysql+pymysql://{account['userinfo']}@127.0.0.1:{account['port']}/{SCHEMA}?ssl_check_hostname=false"
    _called(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", "--dburi", url,
         "-k", f"not ({' or '.join(program.left_out)})", "test/dialect/test_suite.py", "test/dialect/mysql"], source,
    )  # fmt: skip
    cases = [(case, {child.tag for child in case}) for case in ElementTree.parse(report).iter("testcase")]  # noqa: S314 - pytest's own
    failed = [f"{case.get('classname')}::{case.get('name')}" for case, kinds in cases if kinds & {"failure", "error"}]
    skipped = sum("skipped" in kinds for _, kinds in cases)
    return Counts(len(cases) - len(failed) - skipped, skipped, failed)


_DJANGO_SETTINGS = """\
import json, os, pymysql
pymysql.install_as_MySQLdb()
_account = json.loads(os.environ["ACCOUNT"])
def _database(schema):
    return {
        "ENGINE": "django.db.backends.mysql", "HOST": "127.0.0.1", "PORT": _account["port"], "NAME": schema,
        "USER": _account["username"], "PASSWORD": _account["password"], "TEST": {"NAME": schema},
        "OPTIONS": {"ssl": {"check_hostname": False}},
    }
DATABASES = {"default": _database("admin"), "other": _database("test_schema")}
SECRET_KEY = "x"
USE_TZ = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
"""


def _django(program: Program, python: str, source: Path, account: dict[str, str]) -> Counts:
    folder = source / "tests"
    (folder / "settings_of_others.py").write_text(_DJANGO_SETTINGS, encoding="utf-8")
    command = [python, "runtests.py", "--settings=settings_of_others", "--parallel=1", "--noinput", *_LABELS]
    said = _called(command, folder, ACCOUNT=json.dumps(account))
    ran = re.search(r"^Ran (\d+) tests", said, re.MULTILINE)
    if not ran:
        return Counts(0, 0, [f"{program.name} ran nothing"])
    skipped = sum(int(number) for number in re.findall(r"skipped=(\d+)", said))
    failed = re.findall(r"^(?:FAIL|ERROR): (.*)", said, re.MULTILINE)
    return Counts(int(ran[1]) - skipped - len(failed), skipped, failed)


_LABELS = ("migrations", "timezones")
_MYSQL = "PyMySQL==1.2.4"
PROGRAMS = (
    Program(
        "SQLAlchemy",
        "2.1.9",
        [_MYSQL, "pytest==8.4.2"],
        _sqlalchemy,
        "the dialects' suite `test/dialect/test_suite.py`, and `test/dialect/mysql`",
        {"test_schema_cache": "makes a schema of its own; an account owns those that it is given"},
    ),
    Program("Django", "5.2.19", [_MYSQL], _django, ", ".join(f"`{label}`" for label in _LABELS)),
)


def main() -> None:
    """Run the programs; exit with 1 when one of their tests fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [program.name for program in PROGRAMS]
    parser.add_argument("--only", choices=names, help="one of them; the others keep their last result")
    parser.add_argument("--keep", type=Path, help="a folder for what is installed. Default: a temporary one")
    given = parser.parse_args()
    results: dict[str, list[str]] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as temporary, tempfile.TemporaryDirectory(dir=_MEMORY) as memory:
        Path(memory).chmod(0o755)
        unpacked = programs.unpack(Path(memory))
        for program in [each for each in PROGRAMS if given.only in (None, each.name)]:
            counts = _run(program, given.keep or Path(temporary), Path(memory), unpacked)
            failed += [f"{program.name}: {name}" for name in counts.failed]
            figures = (counts.passed, len(counts.failed), counts.skipped)
            results[program.name] = [f"{program.name} {program.version}", *map(str, figures), time.strftime("%Y-%m-%d")]
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(_page(results), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
    print("\n".join(failed))
    sys.exit(1 if failed else 0)


def _page(results: dict[str, list[str]]) -> str:
    rows = [["program", "tests", "passed", "failed", "skipped by themselves", "left out", "date"]]
    left_out = [["program", "left out", "reason"]]
    for program in PROGRAMS:
        title, *figures, date = results.get(program.name, [program.name, "not run", "", "", ""])
        rows.append([title, program.what, *figures, str(len(program.left_out)), date])
        left_out += [[program.name, f"`{test}`", reason] for test, reason in program.left_out.items()]
    return HEAD + table(rows) + "\n## Left out\n\n" + table(left_out)


def _run(program: Program, folder: Path, memory: Path, unpacked: programs.Programs) -> Counts:
    """Run a program's tests against a server of their own."""
    python, source = _install(program, folder)
    place = Path(tempfile.mkdtemp(dir=memory))
    place.chmod(0o755)
    server = DatabasePod(unpacked, place)
    account = {"schemas": [SCHEMA, "test_schema"], "password": PASSWORD}
    server.declare(schemas=[{"name": "test_schema"}], accounts={ACCOUNT: account})
    try:
        server.start()
        assert server.ready, server.said()
        return program.run(program, python, source, {**server.secrets_of(ACCOUNT), "port": str(server.port)})
    finally:
        server.stop()
        shutil.rmtree(place)


def _called(command: Sequence[str], folder: Path, **variables: str) -> str:
    """Run a command, show what it says, and return that."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **variables}
    done = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said: list[str] = []
    for line in done.stdout or ():
        print(line, end="", flush=True)
        said.append(line)
    done.wait()
    return "".join(said)


def _install(program: Program, folder: Path) -> tuple[str, Path]:
    """Make a virtual environment and the source archive's folder; return its Python, and that folder."""
    environment = folder / f"{program.name}-venv"
    python = str(environment / "bin/python")
    if not Path(python).exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", f"{program.name}=={program.version}", *program.packages],
            check=True,
        )
    archives = folder / f"{program.name}-source"
    if not archives.exists():
        subprocess.run(
            [python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", program.name, "--dest", archives,
             f"{program.name}=={program.version}"], check=True,
        )  # fmt: skip
        [archive] = archives.glob("*.tar.gz")
        with tarfile.open(archive) as files:
            files.extractall(archives, filter="data")
    [source] = [path for path in archives.iterdir() if path.is_dir()]
    return python, source


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
