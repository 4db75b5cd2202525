"""The ways as pictures: what stands where, side by side for wide screens and one below the other for phones."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from .model import NOT_KNOWN, NOT_READY, READY, Claim, Way

OPEN, REFUSED = "open", "refused"
#: Heights of a line and of what is around the lines, and widths of a letter of titles and of other lines.
_LINE, _PAD, _TITLE, _LETTER = 17, 13, 8.5, 7.5
_GAP, _BETWEEN = 14, 62
#: From top to bottom, in the first group.
_ORDER = {"nobody": -2, "other": -1}


@dataclass(frozen=True)
class Box:
    """One thing, with where it is drawn."""

    kind: str
    """`client`, `service`, `pod`, `claim`, `other` or `nobody`."""
    title: str
    lines: tuple[str, ...]
    state: str = ""
    """One of scene's states; empty where there is none."""
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0
    title_lines: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """All that it says, in one line."""
        return ", ".join(filter(None, (self.title, *self.lines, self.state)))


@dataclass(frozen=True)
class Line:
    """One connection."""

    path: str
    state: str
    """`open` or `refused`."""
    label: str = ""
    x: float = 0
    y: float = 0
    bar: str = ""
    """What it ends at where nobody gets through."""


@dataclass
class Picture:
    """One way, laid out."""

    way: Way
    width: float
    height: float = 0
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


def wide(way: Way) -> Picture:
    """The way from left to right."""
    columns = [list(column) for column in _columns(way)]
    widths = [268, 204, 256, 200][: len(columns)]
    made = Picture(way, sum(widths) + _BETWEEN * (len(columns) - 1) + 2)
    sized = [[_sized(box, width) for box in column] for column, width in zip(columns, widths, strict=True)]
    heights = [sum(box.height + _GAP for box in column) - _GAP for column in sized]
    made.height, x, placed = max(heights) + 2, 1.0, list[list[Box]]()
    for column, width, height in zip(sized, widths, heights, strict=True):
        y = 1 + (max(heights) - height) / 2
        placed.append([])
        for box in column:
            placed[-1].append(replace(box, x=x, y=y))
            y += box.height + _GAP
        x += width + _BETWEEN
    made.boxes = [box for column in placed for box in column]
    for left, right in pairwise(placed):
        ends = right if len(left) == 1 else right[:1]
        made.lines += [_across(one, other, way) for one in left for other in ends]
    return made


def narrow(way: Way) -> Picture:
    """The way from top to bottom, as wide as a phone."""
    width, y, before = 326.0, 1.0, list[Box]()
    made = Picture(way, width + 2)
    for column in _columns(way):
        # Whoever has the address stands last, beside the arrow.
        column, boxes = sorted(column, key=lambda box: _ORDER.get(box.kind, 0)), []
        if before:
            y += _BETWEEN - _GAP - 12
        for box in column:
            boxes.append(replace(_sized(box, width), x=1, y=y))
            y += boxes[-1].height + _GAP
        if before:
            top, bottom = before[-1].y + before[-1].height, boxes[0].y
            refused = _is_refused(before[-1], way)
            end = (top + bottom) / 2 - 4 if refused else bottom - 7
            bar = f"M31 {end:.0f}h18" if refused else ""
            path, label = f"M40 {top:.0f} V{end:.0f}", _label(before[-1], way)
            made.lines.append(Line(path, REFUSED if refused else OPEN, label, 56, (top + bottom) / 2 + 3, bar))
        made.boxes += boxes
        before = boxes
    made.height = y - _GAP + 1
    return made


def _columns(way: Way) -> Iterator[list[Box]]:
    left = [
        Box("client", each.name, _client_lines(each.ready, each.wanted, each.refused), each.state)
        for each in way.clients
    ]
    yield left + list(_others(way)) or [Box("nobody", "nobody here", ("no workload is given this address",))]
    if not way.service:
        yield [Box("other", way.address, ("outside this stack's namespaces",), NOT_KNOWN)]
        return
    says = "" if way.state == READY else "no pod behind it is ready" if way.state != NOT_KNOWN else ""
    yield [
        Box("service", way.service, tuple(filter(None, (f"Service {way.kind}", f"port {way.ports}", says))), way.state)
    ]
    pods = [Box("pod", end.name, (f"pod on {end.node}" if end.node else "pod",), end.state) for end in way.endpoints]
    yield pods or [Box("nobody", "no pod", ("the Service has no endpoint",))]
    if way.claims:
        yield [_claim(each) for each in way.claims]


def _claim(claim: Claim) -> Box:
    state = READY if claim.phase == "Bound" else NOT_KNOWN if claim.phase == NOT_KNOWN else NOT_READY
    size = f"{claim.phase}, {claim.size}" if claim.size else claim.phase
    return Box("claim", claim.name, ("volume claim", size, f"class {claim.storage_class or 'default'}"), state)


def _client_lines(ready: int | None, wanted: int, refused: str) -> tuple[str, ...]:
    meant = f"{wanted} pod{'' if wanted == 1 else 's'} meant"
    counted = meant if ready is None else f"{ready} of {wanted} pods ready"
    return (counted, *(("a policy keeps it away",) if refused else ()))


def _others(way: Way) -> Iterator[Box]:
    """Those who are let in besides the clients, and everybody else."""
    if not way.doors.known:
        yield Box("other", "others", ("NetworkPolicies were not readable",))
        return
    if way.doors.into is None:
        yield Box("other", "everyone", ("no NetworkPolicy guards the pods",))
        return
    for who, ports in way.others():
        yield Box("other", who, (f"may connect, {ports}",))
    if way.service and way.endpoints:
        yield Box("nobody", "everyone else", ("refused by NetworkPolicies",))


def _label(box: Box, way: Way) -> str:
    found = next((client for client in way.clients if client.name == box.title and box.kind == "client"), None)
    return "" if not found else "refused" if found.refused else found.variable


def _is_refused(box: Box, way: Way) -> bool:
    return (box.title == "everyone else" and box.kind == "nobody") or _label(box, way) == "refused"


def _across(one: Box, other: Box, way: Way) -> Line:
    x, y, to, end = one.x + one.width, one.y + one.height / 2, other.x - 7, other.y + other.height / 2
    middle = (x + to) / 2
    if _is_refused(one, way):
        return Line(f"M{x:.0f} {y:.0f} H{x + 22:.0f}", REFUSED, bar=f"M{x + 22:.0f} {y - 9:.0f}v18")
    path = (
        f"M{x:.0f} {y:.0f} H{to:.0f}"
        if abs(y - end) < 1
        else f"M{x:.0f} {y:.0f} C{middle:.0f} {y:.0f} {middle:.0f} {end:.0f} {to:.0f} {end:.0f}"
    )
    return Line(path, OPEN)


def _sized(box: Box, width: float) -> Box:
    titles = tuple(wrapped(box.title, int((width - 2 * _PAD - (22 if box.state else 0)) / _TITLE)))
    lines = tuple(part for line in box.lines for part in wrapped(line, int((width - 2 * _PAD) / _LETTER)))
    rows = len(titles) + len(lines) + bool(box.state)
    return replace(box, lines=lines, width=width, height=rows * _LINE + 2 * _PAD - 3, title_lines=titles)


def wrapped(text: str, most: int) -> Iterator[str]:
    """A name in pieces that fit, broken behind what joins its parts."""
    line = ""
    for part in re.findall(r"[^-./, :]*[-./, :]?", text):
        while len(part) > most:
            room = most - len(line)
            yield line + part[:room]
            line, part = "", part[room:]
        if len(line) + len(part.rstrip()) > most:
            yield line.strip()
            line = ""
        line += part
    if line.strip():
        yield line.strip()
