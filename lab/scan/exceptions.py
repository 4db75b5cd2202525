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
        "S2",
        "PULUMI_CONFIG, all of the configuration, in the environment of the program that Pulumi runs",
        "Pulumi's language host hands it over like that; the user who deploys, and root, can read it while it runs",
    ),
    Excepted(
        "S3",
        "kube-score, checkov: images are not always pulled; checkov: those of dev and staging are named by version",
        "Always would keep pods from starting while the registry is away; prod names images by digest, which S7 checks",
        ("kube-score container-image-pull-policy", "checkov CKV_K8S_15", "checkov CKV_K8S_43"),
    ),
    Excepted(
        "S3",
        "checkov: the auth service gets its password as an environment variable from a Secret",
        "DB_PASS is the published contract of the service that this project deploys",
        (
            "checkov CKV_K8S_35 Deployment.production-cloud.authenticate-deployment",
            "checkov CKV_K8S_35 Deployment.staging-cloud.authenticate-deployment",
        ),
    ),
    Excepted(
        "S3",
        "detect-secrets: what secrets.baseline lists",
        "fake passwords of tests and docs, fingerprints of recorded states; a new finding is not in it and fails",
    ),
]
