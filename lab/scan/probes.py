"""What S4 runs at its sources to find out whether a target answers, with what the images there have."""

import json
import subprocess
import sys
from collections.abc import Iterable

from cli.console import Problem

from .live import Live

#: Protocol, host and port; `udp` is asked as a DNS server.
Target = tuple[str, str, int]

#: A question for kubernetes.default.svc.cluster.local; an answer begins with the same two bytes.
_QUERY = (
    b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"\x0akubernetes\x07default\x03svc\x07cluster\x05local\x00\x00\x01\x00\x01"
)
#: For images with Python; reads a list of targets.
PROBE = f"""
import json, socket, sys
def reach(kind, host, port):
    try:
        if kind == "udp":
            query = {_QUERY!r}
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
                channel.settimeout(2)
                channel.sendto(query, (host, port))
                return channel.recv(512)[:2] == query[:2]
        socket.create_connection((host, port), timeout=2).close()
        return True
    except OSError:
        return False
print(json.dumps([reach(*target) for target in json.load(sys.stdin)]))
"""
LISTEN = "import http.server; http.server.test(http.server.SimpleHTTPRequestHandler, port=8080)"
SLEEP = "import signal; signal.pause()"
#: For MySQL's image, which has bash and coreutils: its arguments are the query and three words for each target.
#: bash's own printf would send a datagram for each line of the query.
SHELL_PROBE = """
query=$1; shift
tcp() { timeout 2 bash -c ': < "/dev/tcp/$0/$1"' "$1" "$2"; }
udp() {
  answer=$(timeout 2 bash -c 'exec 3<> "/dev/udp/$0/$1" && env printf "$2" >&3 && head -c 2 <&3' "$1" "$2" "$query")
  [ "$answer" = "$(printf '\\x12\\x34')" ]
}
while [ $# -gt 0 ]; do
  if "$1" "$2" "$3" 2> /dev/null; then echo open; else echo closed; fi
  shift 3
done
"""


def shell_command(targets: Iterable[Target]) -> list[str]:
    """The command that prints `open` or `closed` for each target, with bash and coreutils."""
    words = [str(word) for target in targets for word in target]
    return ["bash", "-c", SHELL_PROBE, "probe", "".join(f"\\x{byte:02x}" for byte in _QUERY), *words]


def from_host(source: str, targets: list[Target]) -> list[bool]:
    """Which targets answer this machine, asked from one of its addresses."""
    script = PROBE.replace("timeout=2)", f"timeout=2, source_address=({source!r}, 0))")
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, input=json.dumps(targets), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def from_database(live: Live, targets: list[Target]) -> list[bool]:
    """Which targets answer the database's pod. Its own database comes first: that one must."""
    command = shell_command([("tcp", "127.0.0.1", 3306), *targets])
    pod = live.pod("mysqlauth")
    said = live.must("exec", pod, "--container", "mysqlauth-container", "--", *command).split()
    if said[:1] != ["open"] or len(said) != len(targets) + 1:
        raise Problem("the probe in the database's pod does not even reach its own database")
    return [word == "open" for word in said[1:]]
