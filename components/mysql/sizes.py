"""How large a database is: what its pod may use, how the server divides memory. Why: docs/reference/performance.md."""

from enum import Enum

from ..inputs import quantities


class DatabaseSize(Enum):
    """How much a database may use; docs/reference/performance.md has what each size does under load."""

    SMALL = "small"
    """For tests and small services: cpu 100m/500m, memory 320Mi/320Mi."""

    MEDIUM = "medium"
    """The default: cpu 250m/500m (the seed's), memory 384Mi/512Mi."""

    LARGE = "large"
    """For much data: cpu 1/2, memory 2Gi/2Gi."""


RESOURCES: dict[str, dict[str, str]] = {
    "small": {"cpu_request": "100m", "cpu_limit": "500m", "memory_request": "320Mi", "memory_limit": "320Mi"},
    "medium": {"cpu_request": "250m", "cpu_limit": "500m", "memory_request": "384Mi", "memory_limit": "512Mi"},
    "large": {"cpu_request": "1", "cpu_limit": "2", "memory_request": "2Gi", "memory_limit": "2Gi"},
}
"""Requests and limits by the word for the size."""

MINIMUM_MEMORY = "304Mi"
"""The smallest limit under which a server survives a real load (`make bench ONLY=memory` searches it)."""

INITIALIZE = ("performance-schema=OFF", "innodb-buffer-pool-size=32M", "innodb-log-buffer-size=8M")
"""Settings for the making of an empty data directory: it has to fit into the smallest limit, too."""

MUCH = 2048
"""From so many MiB on, a server is for much data: statistics on, and more connections than MySQL's 151."""


def settings(memory_limit: str) -> dict[str, str]:
    """Return the server's settings that follow from its memory limit.

    Args:
        memory_limit: The container's.
    """
    mebibytes = mebibytes_of(memory_limit)
    # What the server takes besides the cache grows little, so that a large one can give half to it.
    cache = mebibytes // 2 if mebibytes >= MUCH else mebibytes // 4
    # The cache comes in whole chunks of each instance, or the server would round it up, by 128M and more.
    instances = min(8, max(1, cache // 1024))
    chunk = 128 if cache >= 1024 else 4
    cache -= cache % (chunk * instances)
    return {
        "performance-schema": "ON" if mebibytes >= MUCH else "OFF",
        "innodb-buffer-pool-size": f"{cache}M",
        "innodb-buffer-pool-chunk-size": f"{chunk}M",
        "innodb-buffer-pool-instances": str(instances),
        # MySQL's own is 64M, which an idle server has in memory already.
        "innodb-log-buffer-size": f"{min(64, max(4, mebibytes // 64))}M",
        # MySQL's own follows from the machine's memory, not the container's: one large sort would end the server.
        "temptable-max-ram": f"{max(8, mebibytes // 16)}M",
        **({"max-connections": str(mebibytes // 8)} if mebibytes >= MUCH else {}),
    }


def mebibytes_of(memory_limit: str) -> int:
    """Return a memory limit in whole MiB.

    Args:
        memory_limit: The container's.
    """
    return int(quantities.bytes_of(memory_limit) or 0) // 2**20
