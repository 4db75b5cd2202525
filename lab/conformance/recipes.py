"""The images that Kubernetes' specs name, from the same programs where Debian or Go's modules have them."""

import dataclasses

from lab.images.recipes import NEXT, STABLE, Recipe, recipes

#: Kubernetes 1.37's own tags (test/utils/image/manifest.go): another version of the specs asks for others.
AGNHOST, BUSYBOX, NONROOT, PAUSE, NAUTILUS, GLIBC = "2.66.1", "1.37.0-2", "1.5", "3.10.2", "1.8", "2.1.1"
NGINX = ("1.27.0-2", "1.28.0-2")
#: Where the specs find each of upstream's registries: on the nodes.
REGISTRIES = ("promoterE2eRegistry", "gcRegistry", "gcEtcdRegistry", "sigStorageRegistry")
# Its shell does not know its own tools, as the static one's does.
_LINKS = (
    'chroot "$1" /bin/busybox sh -c \'for tool in $(busybox --list); do '
    "[ -e /bin/$tool ] || [ -e /sbin/$tool ] || busybox ln -s busybox /bin/$tool; done'"
)
# Of the server behind `https:` in the specs of proxies, which nobody checks.
_CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=localhost"
    ' -keyout "$1/localhost.key" -out "$1/localhost.crt" 2>/dev/null'
)
_USERS = "user-defined-in-image:x:1000:1000::/nonexistent:/bin/sh\n"
_GROUPS = "group-defined-in-image:x:50000:user-defined-in-image\n"
_TOOLS = (
    "bash",
    "bind9-dnsutils",
    "coreutils",
    "curl",
    "dash",
    "grep",
    "iproute2",
    "libc-bin",
    "mawk",
    "netcat-openbsd",
    "sed",
    "socat",
)


def asked_for() -> list[Recipe]:
    """Every image, with the tag that the specs ask for."""
    pause = recipes()[0]
    # Not the static one: that cannot look up names.
    busybox = dataclasses.replace(
        pause, name="busybox", tag=BUSYBOX, packages=("busybox",), hooks=(_LINKS,), executables={}, entrypoint=()
    )
    return [
        dataclasses.replace(pause, tag=PAUSE),
        busybox,
        dataclasses.replace(busybox, name="nonroot", tag=NONROOT, user="1234"),
        _agnhost("agnhost", AGNHOST, ("pause",)),
        dataclasses.replace(
            _agnhost("nautilus", NAUTILUS, ("test-webserver",)), files={"data.json": '{"image": "nautilus.jpg"}\n'}
        ),
        dataclasses.replace(_agnhost("glibc-dns-testing", GLIBC, ()), programs=(), entrypoint=()),
        *(_nginx(tag) for tag in NGINX),
    ]


def _agnhost(name: str, tag: str, command: tuple[str, ...]) -> Recipe:
    files = recipes()[0].files
    users = {"etc/passwd": files["etc/passwd"] + _USERS, "etc/group": files["etc/group"] + _GROUPS}
    links = {
        **dict.fromkeys(("agnhost", "agnhost-2"), "usr/bin/agnhost"),
        **{f"usr/bin/{name}": program for name, program in (("sh", "bash"), ("awk", "mawk"), ("nc", "nc.openbsd"))},
    }
    return Recipe(
        name, tag, STABLE, _TOOLS, 30, hooks=('mkdir -p "$1/uploads"', _CERTIFICATE), files={**files, **users},
        programs=("agnhost",), links=links, entrypoint=("/agnhost",), command=command,
    )  # fmt: skip


def _nginx(tag: str) -> Recipe:
    return Recipe(
        "nginx", tag, NEXT, ("nginx-light", "dash"), 25,
        files={**recipes()[0].files, "etc/passwd": recipes()[0].files["etc/passwd"] + "www-data:x:33:33::/:/bin/sh\n"},
        links={"usr/bin/sh": "dash"}, hooks=('mkdir -p "$1/var/lib/nginx/body" "$1/var/log/nginx"',),
        command=("nginx", "-g", "daemon off;"),
    )  # fmt: skip
