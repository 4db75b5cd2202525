"""All parts, in the order in which they run."""

from . import part_checkpoints, part_dns, part_footprint, part_memory, part_path, part_preview, part_sides, part_start
from .parts import Part

PARTS: dict[str, Part] = {
    "sides": part_sides.PART,
    "checkpoints": part_checkpoints.PART,
    "preview": part_preview.PART,
    "footprint": part_footprint.PART,
    "path": part_path.PART,
    "dns": part_dns.PART,
    "start": part_start.PART,
    "memory": part_memory.PART,
}
