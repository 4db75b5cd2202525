"""The variables of an environment that may pass to tests and CI: everything else of the machine stays out.

`python3 -I tests/environment.py COMMAND…` runs a command with these only. It needs nothing but Python's own library,
because `.ci/run` starts it before anything is installed. docs/reference/environment.md lists the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase

#: Patterns of names, and why they may pass. No other variable may decide whether a test passes.
PASSING: dict[str, str] = {
    "HOME": "where a user's files and caches are",
    "XDG_*": "the same, where a user keeps them elsewhere",
    "TMPDIR": "where temporary files may be, when /tmp is small",
    "PATH": "where the programs are",
    "PYTHON": "which Python makes the virtual environment",
    "USER": "who runs it",
    "LOGNAME": "who runs it",
    "LANG": "locale",
    "LANGUAGE": "locale",
    "LC_*": "locale",
    "TZ": "time zone",
    "TERM": "the terminal's kind",
    "COLUMNS": "the terminal's size",
    "LINES": "the terminal's size",
    "COVERAGE_*": "where `make coverage` collects what tests reach",
    "CI": "whether a missing program is an error rather than a skipped test",
    "KUBEAUTH_*": "settings of this project",
    "DEBIAN_MIRROR": "where Debian packages come from",
    "http_proxy": "how the network is reached",
    "https_proxy": "how the network is reached",
    "all_proxy": "how the network is reached",
    "no_proxy": "how the network is reached",
    "HTTP_PROXY": "how the network is reached",
    "HTTPS_PROXY": "how the network is reached",
    "ALL_PROXY": "how the network is reached",
    "NO_PROXY": "how the network is reached",
    "SSL_CERT_FILE": "whom to trust: OpenSSL, Go",
    "SSL_CERT_DIR": "whom to trust: OpenSSL, Go",
    "REQUESTS_CA_BUNDLE": "whom to trust: Python",
    "CURL_CA_BUNDLE": "whom to trust: curl, Python",
    "NODE_EXTRA_CA_CERTS": "whom to trust: Node",
    "GIT_SSL_CAINFO": "whom to trust: git",
    "AWS_CA_BUNDLE": "whom to trust: state in S3",
    "PIP_*": "where Python packages come from",
    "NPM_CONFIG_*": "where Node packages come from",
    "npm_config_*": "where Node packages come from",
    "GOPROXY": "where Go modules come from",
    "GOSUMDB": "where Go modules come from",
    "GONOSUMDB": "where Go modules come from",
    "GONOPROXY": "where Go modules come from",
    "GOPRIVATE": "where Go modules come from",
    "GOINSECURE": "where Go modules come from",
    "GOFLAGS": "where Go modules come from: -modcacherw, -insecure",
    "GOPATH": "where Go keeps what it fetched",
    "GOMODCACHE": "where Go keeps what it fetched",
    "GOCACHE": "where Go keeps what it built",
}


def passing(variables: Mapping[str, str]) -> dict[str, str]:
    """Those of some variables that may pass."""
    return {name: value for name, value in variables.items() if any(fnmatchcase(name, pattern) for pattern in PASSING)}


def scrub() -> None:
    """Take every other variable out of this process and of all that it starts."""
    for name in os.environ.keys() - passing(os.environ).keys():
        del os.environ[name]


if __name__ == "__main__":
    os.execvpe(sys.argv[1], sys.argv[1:], passing(os.environ))  # noqa: S606 - no shell is wanted
