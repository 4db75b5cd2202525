"""Which section of the guides says what to do about a cause, by the cause's words."""

import re

NIGHT, ALERTS, OPERATIONS = "three-in-the-morning.md", "alerts.md", "operations.md"
#: The first that is found in the cause's words counts: the pattern, the guide, and the section's heading.
SECTIONS = (
    (r"the volume of pod .* is full", NIGHT, "Writes fail, or the database left its Service"),
    (r"needs more memory|ends again and again|another version", NIGHT, "The database restarts again and again"),
    (r"the accounts' SQL", NIGHT, "The database does not come back after a change"),
    (r"^image .* cannot be pulled", NIGHT, "New pods hang at ImagePullBackOff"),
    (r"names do not resolve", NIGHT, "Logins answer 503, and both pods run"),
    (r"waits for|cannot be attached", NIGHT, "A pod stays at ContainerCreating"),
    (r"are refused|is scaled to 0", NIGHT, "There are no pods at all"),
    (r"somebody deleted it|is being deleted", NIGHT, "The service is gone"),
    (r"backups? of ", NIGHT, "A backup failed"),
    (r"^the certificate in Secret", ALERTS, "KubeauthCertificateExpires"),
    (r"asked for .* and has|volume claim", OPERATIONS, "A rollout that fails"),
    (r"a run was killed", OPERATIONS, "Killed"),
    (r"the last .* of the stack failed|probe|container|node", OPERATIONS, "A rollout that fails"),
)


def section(cause: str) -> str:
    """Where a cause is written about: a guide and its heading, as people look it up."""
    for pattern, guide, heading in SECTIONS:
        if re.search(pattern, cause):
            return f"docs/guides/{guide}{f', “{heading}”' if heading else ''}"
    return f"docs/guides/{NIGHT}"
