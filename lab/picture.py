"""`python -m lab.picture COMMENT.md PICTURE.png`: a comment as GitHub shows it, or a page (.html), for the docs.

Needs Chromium (`apt-get install chromium`). The folded diff is opened, so that the picture shows it.
"""

import argparse
import html
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from markdown_it import MarkdownIt

from cli import console
from cli.console import Problem

STYLE = """
body { font: 14px/1.5 "DejaVu Sans", sans-serif; color: #1f2328; background: #fff; margin: 0; padding: 16px; }
.comment { border: 1px solid #d1d9e0; border-radius: 6px; padding: 8px 16px; }
h3 { font-size: 17px; margin: 12px 0; }
table { border-collapse: collapse; margin: 12px 0; }
th, td { border: 1px solid #d1d9e0; padding: 5px 11px; text-align: left; vertical-align: top; }
code, pre { font: 12px/1.45 "DejaVu Sans Mono", monospace; }
code { background: #eff1f3; border-radius: 6px; padding: 2px 5px; }
pre { background: #f6f8fa; border-radius: 6px; padding: 12px; overflow: hidden; }
pre code { background: none; padding: 0; }
.add { color: #116329; background: #dafbe1; } .del { color: #82071e; background: #ffebe9; }
.note { color: #953800; }
"""
_CLASSES = {"+": "add", "-": "del", "!": "note"}


def page(comment: str) -> str:
    """The comment as a page in the colours that GitHub gives a diff."""
    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(comment)
    body = body.replace("<details>", "<details open>")
    body = re.sub(
        r'<code class="language-diff">(.*?)</code>', lambda m: f"<code>{_coloured(m[1])}</code>", body, flags=re.S
    )
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><div class="comment">{body}</div>'


def _coloured(escaped: str) -> str:
    lines = html.unescape(escaped).splitlines()
    return "\n".join(f'<span class="{_CLASSES.get(line[:1], "")}">{html.escape(line)}</span>' for line in lines)


def main() -> None:
    """Take the picture."""
    parser = argparse.ArgumentParser(prog="lab.picture", description=__doc__)
    parser.add_argument("comment", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--size", default="1100,900", help="width and height in pixels (default: 1100,900)")
    given = parser.parse_args()
    if not shutil.which("chromium"):
        raise Problem("there is no chromium", "apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        source, text = Path(folder, "comment.html"), given.comment.read_text(encoding="utf-8")
        source.write_text(text if given.comment.suffix == ".html" else page(text), encoding="utf-8")
        command = ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={folder}/profile"]
        command += [f"--window-size={given.size}", f"--screenshot={given.picture.resolve()}", source.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    console.run(main)
