"""Texts as GitHub takes them."""

import re

#: GitHub refuses more characters than this.
LIMIT = 65_536
_MARKER = re.compile(r"<!-- kubeauth-(preview|drift|environment):([^ ]+) -->")


def marker(kind: str, stack: str) -> str:
    """The hidden first line; cli/preview/markdown.py and cli/environment/address.py write the same."""
    return f"<!-- kubeauth-{kind}:{stack} -->"


def stack_of(body: str | None, kind: str) -> str | None:
    """The stack that a comment or an issue of ours is about; None if it is not one."""
    first = (body or "").split("\n", 1)[0].strip()
    match = _MARKER.fullmatch(first)
    return match[2] if match and match[1] == kind else None


def with_foot(text: str, foot: str) -> str:
    """A text with a last line, cut to what GitHub takes."""
    foot = f"\n\n<sub>{foot}</sub>\n"
    if len(text) + len(foot) <= LIMIT:
        return text.rstrip("\n") + foot
    notice = "\n\n**Cut here.** All of it is in the run's artifact."
    # Room for what closes a fence and a fold that the cut left open.
    cut = text[: LIMIT - len(foot) - len(notice) - 200].rpartition("\n")[0]
    fences = re.findall(r"^(`{3,}).*$", cut, re.MULTILINE)
    if len(fences) % 2:
        cut += f"\n{fences[-1][:100]}"
    if cut.count("<details>") > cut.count("</details>"):
        cut += "\n\n</details>"
    return cut + notice + foot
