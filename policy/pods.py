"""What a pod must be like besides Pod Security: no secrets in it, pinned images, bounded resources."""

import re
from collections.abc import Collection, Iterator

from .values import UNKNOWN, elements, get, secrets, shown
from .workloads import Finding, Pod, Resource

#: Words that make a variable's name look like a secret's: alone, or within a longer word.
_WORDS = {"PASS", "PW", "PWD", "KEY", "KEYS", "CREDS"}
_PARTS = ("PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "APIKEY", "PRIVATEKEY")
#: Such a variable says where the secret is, not what it is.
_PLACES = {"DIR", "FILE", "NAME", "PATH"}
_REFERENCE = re.compile(r"\$\([\w.-]+\)")
_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")


def looks_secret(name: str) -> bool:
    """Return whether a variable's name looks like a secret's, for example `DB_PASS` or `apiKey`."""
    words = [word.upper() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]
    if not words or words[-1] in _PLACES:
        return False
    return bool(_WORDS & set(words)) or any(part in "".join(words) for part in _PARTS)


def secret_literals(resource: Resource, pod: Pod, allowed_names: Collection[str] = ()) -> Iterator[Finding]:
    """Yield variables that hold a secret as a literal, and Pulumi secrets anywhere in the resource.

    Args:
        resource: The workload.
        pod: Its pod.
        allowed_names: Variables whose names look like a secret's and that are none, for example `MAX_TOKENS`.
    """
    fix = "put the value into a Secret and refer to it with valueFrom.secretKeyRef"
    for container in pod.containers():
        for variable in elements(get(container.spec, "env")):
            name, value = get(variable, "name"), get(variable, "value")
            literal = value not in (None, "") and not (isinstance(value, str) and _REFERENCE.fullmatch(value))
            if literal and isinstance(name, str) and looks_secret(name) and name not in allowed_names:
                yield Finding(f"{container.path}.env[{name}].value", "is a literal in a variable for a secret", fix)
    for key in ("metadata", "spec"):
        for path in secrets(get(resource.properties, key), key):
            yield Finding(path, "holds a Pulumi secret, which everybody who may read pods can read", fix)


def unpinned_images(pod: Pod, require_digest: bool = False) -> Iterator[Finding]:
    """Yield images that are not the same tomorrow.

    Args:
        pod: The pod.
        require_digest: Whether a tag, which its registry can move, is not enough.
    """
    images = [(f"{container.path}.image", get(container.spec, "image")) for container in pod.containers()]
    for number, volume in enumerate(elements(get(pod.spec, "volumes"))):
        images.append((f"{pod.path}spec.volumes[{number}].image.reference", get(volume, "image", "reference")))
    for path, image in images:
        if image in (None, UNKNOWN) or _DIGEST.fullmatch(image):
            continue
        _, colon, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
        if require_digest:
            yield Finding(path, f"is {shown(image)}, which has no digest", "append @sha256: and the image's digest")
        elif not colon:
            yield Finding(path, f"is {shown(image)}, which has no tag", "append a version, for example :1.27.3")
        elif tag == "latest":
            yield Finding(path, f"is {shown(image)}, which changes", "name a version, for example :1.27.3")


def unbounded_resources(pod: Pod) -> Iterator[Finding]:
    """Yield containers without a limit, or without a request, which a limit alone implies, of cpu or memory."""
    for container in pod.containers():
        if container.kind == "ephemeralContainers":
            continue  # Kubernetes allows no resources there
        for resource, example in (("cpu", "500m"), ("memory", "256Mi")):
            request, limit = (get(container.spec, "resources", kind, resource) for kind in ("requests", "limits"))
            path = f"{container.path}.resources"
            if limit in (None, ""):
                yield Finding(f"{path}.limits.{resource}", "is missing", f"set it, for example to {example}")
                if request in (None, ""):
                    yield Finding(f"{path}.requests.{resource}", "is missing", f"set it, for example to {example}")
