"""What the scan lets pass, each with its reason. Nothing else in the scan skips a finding."""

from typing import NamedTuple


class Excepted(NamedTuple):
    """One exception."""

    check: str
    what: str
    reason: str
    findings: tuple[str, ...] = ()
    """S3: the findings it covers, as `<scanner> <rule>` or `<scanner> <rule> <object>`."""


EXCEPTIONS: list[Excepted] = [
    Excepted(
        "S2",
        "passwords in Secret objects, in files mounted from them, and in the auth container's own environment",
        "that is where the programs read them; the node encrypts Secrets at rest (S8), the volumes are in memory",
    ),
    Excepted(
        "S3",
        "kube-score: imagePullPolicy is not Always",
        "images are named by digest or by a version; Always would keep pods from starting while the registry is away",
        ("kube-score container-image-pull-policy",),
    ),
    Excepted(
        "S3",
        "checkov: the auth service gets its password as an environment variable from a Secret",
        "DB_PASS is the published contract of the service; `AuthService` can hand over files instead",
        ("checkov CKV_K8S_35 Deployment.production-cloud.authenticate-deployment",),
    ),
    Excepted(
        "S3",
        "detect-secrets: what secrets.baseline lists",
        "fake passwords of tests and docs, fingerprints of recorded states; a new finding is not in it and fails",
    ),
]
