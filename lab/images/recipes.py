"""What each image is made of."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

from cli.clusters import loading
from cli.paths import CHECKOUT

#: The series: the newest patch that Debian has goes in, so a tag with a patch would soon be wrong. It is in the label.
MYSQL_VERSION = "9.7"
AUTHENTICATE_VERSION = "1.0.0"
RCLONE_VERSION = "1.60"
EXPORTER_VERSION = "0.17"
ETCD_VERSION, VITESS_VERSION = "3.6.16", "24.0.4"
AUTHENTICATE_SOURCES = CHECKOUT / loading.AUTHENTICATE_SOURCES

STABLE, NEXT, UNSTABLE = "bookworm", "trixie", "unstable"
MYSQL_USER, AUTHENTICATE_USER = 10999, 10001

_PAUSE = """\
#!/bin/sh
# PID 1 gets no default signal handlers: without this trap every pod would take its whole grace period to stop.
trap 'exit 0' TERM INT
# The shell reaps whatever ends while it waits. The long sleep runs beside it so that the trap acts at once; the short
# one keeps the loop from spinning if the long one cannot start.
while :; do sleep 2147483647 & wait $!; sleep 1; done
"""
_BUSYBOX = (
    'chroot "$1" /bin/busybox sh -c \'for tool in $(busybox --list); do '
    "[ -e /bin/$tool ] || [ -e /sbin/$tool ] || ln -s busybox /bin/$tool; done'"
)
# Maintainer scripts do not run, so Python's own modules come uncompiled; a read-only pod would compile at each start.
# The hash seed is fixed because the order of constant sets ends up in the .pyc.
_COMPILE = (
    'PYTHONHASHSEED=0 chroot "$1" python3 -m compileall -q -j1 --invalidation-mode unchecked-hash '
    "/usr/lib/python3 /usr/lib/python3.11 /build"
)
_MYSQL_PROGRAMS = "mysql mysqladmin mysqldump mysql_tzinfo_to_sql"
#: The packages of Oracle Linux's slim image whose programs MySQL's official image has, and those programs.
_TOOL_PACKAGES = ("bash", "coreutils", "findutils", "gawk", "grep", "gzip", "sed", "tar")
_TOOLS = """
    bash find xargs gawk grep egrep fgrep gzip gunzip zcat sed tar
    [ b2sum base32 base64 basename basenc cat chcon chgrp chmod chown cksum comm cp csplit cut date dd df dir dircolors
    dirname du echo env expand expr factor false fmt fold groups head hostid id install join link ln logname ls md5sum
    mkdir mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk pinky pr printenv printf ptx pwd readlink
    realpath rm rmdir runcon seq sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort split stat stdbuf
    stty sum sync tac tail tee test timeout touch tr true truncate tsort tty uname unexpand uniq unlink users vdir wc
    who whoami yes
"""
_MYSQL_PATCH = "etc/mysql-version"
# `mysqld  Ver 9.7.4-2 for …`: the word behind Ver.
_RECORD_PATCH = f'chroot "$1" /usr/sbin/mysqld --version | sed "s/.* Ver //; s/ .*//" > "$1/{_MYSQL_PATCH}"'
_FOLDERS = (
    "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian", "usr/share/bug", "usr/share/doc",
    "usr/share/doc-base", "usr/share/bash-completion", "usr/share/perl*", "usr/lib/*/perl*", "usr/lib/*/gconv",
    "var/cache", "etc/apt", "etc/dpkg", "dev",
)  # fmt: skip
# The three files are this machine's own.
_DROP = (*(f"{folder}/*" for folder in _FOLDERS), "etc/hostname", "etc/resolv.conf", "etc/fstab")
_KEEP = ("usr/share/doc/*/copyright",)


def _only(programs: str) -> str:
    """The hook that leaves these programs and no others of all that the packages and what they need bring."""
    return (
        'cd "$1/usr" && for file in bin/* sbin/*; do case " ' + " ".join(programs.split()) + ' " in '
        '*" ${file##*/} "*) ;; *) rm "$file" ;; esac; done'
    )


def _accounts(name: str = "", user: int = 0) -> dict[str, str]:
    extra = f"{name}:x:{user}:{user}::/nonexistent:/bin/sh\n" if user else ""
    group = f"{name}:x:{user}:\n" if user else ""
    return {
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n" + extra,
        "etc/group": "root:x:0:\n" + group,
        # Without this file glibc asks the DNS server for `localhost` before it reads /etc/hosts.
        "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }


@dataclass(frozen=True)
class Recipe:
    """One image: packages of a Debian suite, what to leave out, what to add, and how a container starts."""

    name: str
    tag: str
    suite: str
    packages: tuple[str, ...]
    #: Seconds on two cores, for the progress line.
    estimate: int
    drop: tuple[str, ...] = _DROP
    keep: tuple[str, ...] = _KEEP
    #: Shell commands run when the packages are unpacked; `$1` is the root.
    hooks: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    executables: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    #: A folder of Python modules on this machine, and where it goes in the image.
    sources: Path | None = None
    sources_to: str = ""
    #: Programs of the toolchain, which go to /usr/bin.
    programs: tuple[str, ...] = ()
    user: str = ""
    workdir: str = "/"
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    #: A file in the image, written by a hook, whose text becomes the image's label of its version.
    version_file: str = ""

    @property
    def reference(self) -> str:
        """What a pod spec says in `image`."""
        return f"localhost/{self.name}:{self.tag}"

    def modules(self) -> list[Path]:
        """The Python modules to put into the image, in a fixed order."""
        return sorted(self.sources.glob("*.py")) if self.sources else []


def recipes() -> list[Recipe]:
    """The images of every system, smallest first."""
    return [_pause(), _mysql(), _authenticate()]


def asked_for() -> list[Recipe]:
    """Images that are built only where somebody names them."""
    return [_rclone(), _exporter(), _etcd(), _vitess()]


def _pause() -> Recipe:
    return Recipe(
        "pause", "1", STABLE, ("busybox-static",), 6,
        hooks=(_BUSYBOX,), files=_accounts(), executables={"usr/bin/pause": _PAUSE}, entrypoint=("/usr/bin/pause",),
    )  # fmt: skip


def _mysql() -> Recipe:
    drop = (
        *_DROP, "usr/lib/*/libperl*", "usr/share/mysql/*/errmsg.sys",
        "usr/lib/mysql/plugin/telemetry_client.so", "usr/lib/mysql/plugin/authentication_*_client.so",
    )  # fmt: skip
    pin = f"={MYSQL_VERSION}.*"
    return Recipe(
        "mysql", MYSQL_VERSION, UNSTABLE,
        (f"mysql-server-core{pin}", f"mysql-client-core{pin}", "tzdata", *_TOOL_PACKAGES), 30,
        drop=drop, keep=(*_KEEP, "usr/share/mysql/english/errmsg.sys"),
        # What else comes with the packages is not in the official image.
        hooks=(_only(f"mysqld {_MYSQL_PROGRAMS} {_TOOLS}"), _RECORD_PATCH),
        links={"usr/bin/sh": "bash", "usr/bin/awk": "gawk"},
        files=_accounts("mysql", MYSQL_USER),
        user=f"{MYSQL_USER}:{MYSQL_USER}", command=("mysqld",),
        version_file=_MYSQL_PATCH,
    )  # fmt: skip


def _authenticate() -> Recipe:
    unused = ("test", "idlelib", "lib2to3", "ensurepip", "pydoc_data", "tkinter", "turtledemo", "distutils")
    # bash as /bin/sh replaces itself by the last command, so with the command below python is PID 1 and gets SIGTERM.
    # dash, the usual one, stays PID 1 and swallows the signal: every stop would take the whole grace period.
    packages = ("python3", "python3-pymysql", "python3-cryptography", "bash")
    return Recipe(
        "authenticate", AUTHENTICATE_VERSION, STABLE, packages, 20,
        drop=(*_DROP, *(f"usr/lib/python3.11/{name}/*" for name in unused)),
        hooks=(_COMPILE,), files=_accounts("authenticate", AUTHENTICATE_USER),
        links={"usr/bin/sh": "bash", "usr/bin/python": "python3"},
        sources=AUTHENTICATE_SOURCES, sources_to="/build/authenticate_service",
        user=f"{AUTHENTICATE_USER}:{AUTHENTICATE_USER}", workdir="/build/authenticate_service",
        env=("PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"), command=("/bin/sh", "-c", "python run.py"),
    )  # fmt: skip


def _rclone() -> Recipe:
    # Whatever else coreutils and the others have is not needed, but harmless: nothing of it runs.
    return Recipe(
        "rclone", RCLONE_VERSION, STABLE,
        ("rclone", "ca-certificates", "dash", "coreutils", "findutils", "grep", "gzip", "mawk", "sed"), 15,
        files=_accounts(), links={"usr/bin/sh": "dash", "usr/bin/awk": "mawk"}, command=("rclone",),
    )  # fmt: skip


def _exporter() -> Recipe:
    # bookworm has 0.14, which takes the server's address from its file of options only.
    return Recipe(
        "mysqld-exporter", EXPORTER_VERSION, NEXT, (f"prometheus-mysqld-exporter={EXPORTER_VERSION}.*",), 15,
        files=_accounts(), entrypoint=("/usr/bin/prometheus-mysqld-exporter",),
    )  # fmt: skip


def _etcd() -> Recipe:
    # A program without libraries: the package is there because an image begins with one.
    return Recipe(
        "etcd", ETCD_VERSION, STABLE, ("busybox-static",), 6,
        files=_accounts(), programs=("etcd",), user=f"{AUTHENTICATE_USER}:{AUTHENTICATE_USER}", entrypoint=("etcd",),
    )  # fmt: skip


def _vitess() -> Recipe:
    mysql = _mysql()
    # Without mysqld_safe, which none of the packages has, mysqlctld starts mysqld itself and sees it end.
    return dataclasses.replace(
        mysql, name="vitess", tag=VITESS_VERSION, packages=(*mysql.packages, "openssl"), estimate=60,
        hooks=(_only(f"mysqld {_MYSQL_PROGRAMS} {_TOOLS} openssl"), _RECORD_PATCH),
        programs=("vtgate", "vttablet", "vtorc", "mysqlctld", "vtctld", "vtctldclient"), command=(), version_file="",
    )  # fmt: skip
