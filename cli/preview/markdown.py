"""A preview as a comment: what happens, what the gate says, and the whole diff, folded and cut to fit."""

import re

from . import difftext, graph, meaning, summary
from .allowed import PREFIX
from .model import Preview
from .report import DRIFT, FAILED, OK, REFUSED, Report

#: GitHub refuses comments of more than 65,536 characters.
LIMIT = 60_000
_ERROR_LINES = 60
_LONGEST = 500
#: For the lines around a diff that is cut.
_ROOM = 2000


def marker(report: Report) -> str:
    """The hidden first line, by which the next run finds its comment."""
    return f"<!-- kubeauth-{'drift' if report.is_drift else 'preview'}:{report.stack} -->"


def render(report: Report, limit: int | None = LIMIT) -> str:
    """Return the comment.

    Args:
        report: What to say.
        limit: Characters at most; the diff is cut at a line, with a notice. None: everything.
    """
    head = "\n\n".join(part for part in (marker(report), _verdict(report), *_sections(report)) if part)
    lines = difftext.lines(report.preview, report.words)
    whole = "\n".join([head, *_folded(lines, len(lines)), ""])
    if limit is None or len(whole) <= limit:
        return whole
    head = _cut(head, limit - _ROOM)
    room, shown = limit - len(head) - _ROOM // 2, 0
    while shown < len(lines) and len(lines[shown]) < room:
        room -= len(lines[shown]) + 1
        shown += 1
    notice = f"**Cut: {shown} of {len(lines)} lines of the diff are shown.** All of it is in `{report.stack}.full.md`."
    return "\n".join([head, *_folded(lines[:shown], len(lines)), "", notice, ""])


def _folded(lines: list[str], number: int) -> list[str]:
    """The diff, folded. Each line begins with a mark or blanks, so none of them can end the block."""
    if not lines:
        return []
    title = f"<summary>The whole diff, {_count(number, 'line')}</summary>"
    return ["", "<details>", title, "", "```diff", *lines, "```", "", "</details>"]


def _cut(text: str, room: int) -> str:
    """The lines of a text that fit, with the last block of code ended."""
    if len(text) <= room:
        return text
    kept = text[:room].rpartition("\n")[0]
    fences = re.findall(r"^(`{3,})", kept, re.MULTILINE)
    return f"{kept}\n{fences[-1]}" if len(fences) % 2 else kept


def _verdict(report: Report) -> str:
    counted = summary.counts(report.preview)
    listed = [f"{counted[op]} {report.words[op]}" for op in summary.OPERATIONS if counted[op]]
    changes = ", ".join(listed).capitalize() or ("Nothing changed outside Pulumi" if report.is_drift else "No changes")
    stops = [_count(len({finding.change.urn for finding in report.refused}), "resource")] if report.refused else []
    stops += ["policies"] if report.breaks_policies else []
    text = {
        OK: f"✅ {changes}.** {'This pull request says that it is meant.' if report.let_in else ''}",
        FAILED: f"❌ It failed; the engine says why.** {'What follows is incomplete.' if listed else ''}",
        REFUSED: f"⛔ Stopped: {' and '.join(stops)}.** {changes}.",
        DRIFT: f"⚠️ {changes}, outside Pulumi.**",
    }
    return f"### {report.title}\n\n**{text[report.verdict]}".strip()


def _sections(report: Report) -> list[str]:
    preview = report.preview
    sections = [*report.notes]
    if preview.failure:
        words = preview.failure.strip().splitlines()
        cut = [f"… {len(words) - _ERROR_LINES} lines before"] if len(words) > _ERROR_LINES else []
        sections.append(_block("\n".join([*cut, *(line[:_LONGEST] for line in words[-_ERROR_LINES:])])))
    sections += [
        _meaning(report),
        _graph(report),
        _hosts(preview),
        _table(report),
        _findings(report),
        _upgrades(report),
        _exposures(preview),
    ]
    if report.remedies:
        sections.append("To put it right, in the shell of `make env`:\n\n" + _block("\n".join(report.remedies)))
    for title, lines in (("Policies", preview.policies), ("Warnings", sorted(set(preview.warnings)))):
        if lines:
            sections.append(f"**{title}**\n\n" + "\n".join(f"- {_code(line, in_table=False)}" for line in lines[:30]))
    return sections


def _meaning(report: Report) -> str:
    """What the change means, a line each: who is away for how long, and whether there is a way back."""
    if report.is_drift:
        return ""
    lines = [f"- **{_code(str(change))}**: {words}." for change, words in meaning.away(report.preview)]
    if report.back:
        way = meaning.way_back(report.findings, report.back)
        way = way if way.startswith(meaning.LOSSLESS) else _code(way, in_table=False)
        lines.append(f"- **The way back** (the engine's preview from this change to its base): {way}.")
    return "\n".join(lines)


def _graph(report: Report) -> str:
    lines = [] if report.is_drift else graph.lines(report.preview)
    return "\n".join(["```mermaid", *lines, "```"]) if lines else ""


def _hosts(preview: Preview) -> str:
    lines = []
    for host in summary.hosts(preview):
        if host.before == host.after:
            lines.append(f"DB_HOST of {_code(host.where)}: {_code(host.after)}, unchanged")
        else:
            before, after = (_code(value) if value else "none" for value in (host.before, host.after))
            lines.append(f"**DB_HOST of {_code(host.where)}: {before} → {after}**")
    return "\n".join(lines)


def _table(report: Report) -> str:
    preview, rows = report.preview, []
    for op in summary.OPERATIONS:
        changes = preview.of(op)
        if changes:
            rows.append((report.words[op], len(changes), "<br>".join(_code(str(change)) for change in changes)))
    renamed = [change for change in preview.changes if change.renamed_from]
    if renamed:
        names = (f"{change.kind} {change.renamed_from} → {change.name}" for change in renamed)
        rows.append(("renamed, kept by an alias", len(renamed), "<br>".join(_code(name) for name in names)))
    restarts = summary.restarts(preview)
    if report.is_drift:
        pass  # what restarted because of it has restarted long since
    elif restarts:
        shown = (f"{_code(str(restart.change))}: {_code(restart.why)}" for restart in restarts)
        rows.append(("pods restart", len(restarts), "<br>".join(shown)))
    elif rows:
        rows.append(("pods restart", 0, ""))
    if not rows:
        return ""
    return "\n".join(["| what | number | which |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)])


def _findings(report: Report) -> str:
    if not report.findings:
        return ""
    rows = [
        f"| {_code(str(finding.change))} | {_code(finding.property)} | {_escaped(finding.consequence)} | "
        f"{'told' if not finding.stops else 'allowed' if finding.allowed else '**refused**'} |"
        for finding in report.findings
    ]
    tokens = sorted({finding.token for finding in report.refused})
    laws = {finding.rule: finding.law() for finding in report.refused}
    how = "".join(f"\n- `{name}`: {law.why}. Instead: {law.do}." for name, law in laws.items())
    how = how and f"\n{how}"
    if tokens:
        lines = "\n".join(f"{PREFIX} {token}" for token in tokens)
        how += f"\n\nIf it is meant, add to the pull request's description, one line per resource:\n\n{_block(lines)}"
    return "\n".join(["**Gate**", "", "| resource | property | consequence | |", "|---|---|---|---|", *rows]) + how


def _upgrades(report: Report) -> str:
    return "\n".join(
        f"**{_code(str(step.change))} gets another server:** {_code(step.before)} → {_code(step.after)}. "
        f"{_escaped(str(step.judgement))}."
        for step in report.upgrades
    )


def _exposures(preview: Preview) -> str:
    rows = [
        f"| {_code(found.name)} | {_code(found.after) if found.after else 'gone'} | {_since(found)} |"
        for found in summary.exposures(preview)
    ]
    if not rows:
        return ""
    return "\n".join(["**The stack exposes**", "", "| Service | how | |", "|---|---|---|", *rows])


def _since(found: summary.Exposure) -> str:
    if found.before == found.after:
        return "unchanged"
    return f"**was {_code(found.before)}**" if found.before else "**new**"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _code(text: str, *, in_table: bool = True) -> str:
    """Text as code: nothing in it is Markdown, HTML or the name of a person to notify."""
    clean = " ".join(str(text).split())[:_LONGEST]
    clean = clean.replace("|", "\\|") if in_table else clean
    ticks = "`" * (max((len(run) for run in re.findall("`+", clean)), default=0) + 1)
    pad = " " if "`" in clean else ""
    return f"{ticks}{pad}{clean}{pad}{ticks}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _block(text: str) -> str:
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", text) or [""]))
    return f"{fence}text\n{text}\n{fence}"
