"""Which specs run together."""

#: Specs that one run of the program gets: what a cut loses.
FEW = 6
SERIAL = ("[Serial]", "[Disruptive]", "[Slow]")


def share_out(names: list[str]) -> tuple[list[list[str]], list[list[str]]]:
    """A few specs each: those that run side by side, and those that run alone."""
    alone = [name for name in names if any(mark in name for mark in SERIAL)]
    beside = [name for name in names if name not in set(alone)]
    return [beside[at : at + FEW] for at in range(0, len(beside), FEW)], [[name] for name in alone]
