"""A small server that answers as GitHub's API does, for the tests of what the workflows say to it."""

import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cli.github.api import BOT

HEAD = "a" * 40
MERGE = "b" * 40
RUN = {
    "id": 77,
    "run_number": 3,
    "event": "pull_request",
    "path": ".github/workflows/preview.yml",
    "display_title": "Preview of #5",
    "head_sha": HEAD,
    "head_repository": {"id": 1},
    "html_url": "https://github.example/o/r/actions/runs/77",
    "status": "completed",
    "conclusion": "success",
}
Entry = dict[str, Any]


class FakeGitHub:
    """A repository in memory. Lists have pages, comments and issues are written, artifacts lie in another place."""

    def __init__(self) -> None:
        self.pull: Entry = {"number": 5, "state": "open", "head": {"sha": HEAD, "repo": {"id": 1}}}
        self.pulls: list[Entry] = []
        self.comments: list[Entry] = []
        self.issues: list[Entry] = []
        self.runs: list[Entry] = []
        self.artifacts: list[Entry] = []
        self.archives: dict[int, bytes] = {}
        self.asked: list[str] = []
        self.tokens: dict[str, str | None] = {}
        self.broken: list[tuple[int, Entry]] = []
        self.url = ""

    def artifact(self, name: str, number: int = 0, **files: str) -> None:
        number = number or len(self.artifacts) + 1
        stack = name.partition("-")[2]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for ending, text in files.items():
                archive.writestr(f"{stack}.{ending}", text)
        self.archives[number] = packed.getvalue()
        size = len(packed.getvalue())
        self.artifacts.append({"id": number, "name": name, "expired": False, "size_in_bytes": size})

    def answer(self, method: str, path: str, query: dict[str, list[str]], data: Entry) -> tuple[int, Any]:
        """The status and the content of an answer."""
        if found := re.fullmatch(r"/actions/artifacts/(\d+)/zip", path):
            return 302, f"{self.url}/storage/{found[1]}"
        single = {"/pulls/5": self.pull, "/actions/runs/77": RUN}
        if method == "GET" and path in single:
            return 200, single[path]
        for prefix, kept in (("/issues/5/comments", self.comments), ("/issues", self.issues)):
            if path == prefix and method == "POST":
                kept.append({**data, "id": 900 + len(kept), "number": 1000 + len(kept), "user": {"login": BOT}})
                return 201, kept[-1]
        lists = {"/issues/5/comments": self.comments, "/issues": self.issues, f"/commits/{MERGE}/pulls": self.pulls}
        wrapped = {
            "/actions/runs/77/artifacts": ("artifacts", self.artifacts),
            "/actions/workflows/preview.yml/runs": ("workflow_runs", self.runs),
        }
        if path in lists:
            return 200, page(lists[path], query)
        if path in wrapped:
            key, kept = wrapped[path]
            return 200, {key: page(kept, query)}
        if found := re.fullmatch(r"/issues/comments/(\d+)", path):
            return self.change(method, self.comments, "id", int(found[1]), data)
        if found := re.fullmatch(r"/issues/(\d+)", path):
            return self.change(method, self.issues, "number", int(found[1]), data)
        return (201, {}) if re.fullmatch(r"/issues/\d+/comments", path) else (404, {"message": "Not Found"})

    def change(self, method: str, kept: list[Entry], key: str, number: int, data: Entry) -> tuple[int, Any]:
        entry = next(entry for entry in kept if entry[key] == number)
        if method == "DELETE":
            kept.remove(entry)
            return 204, None
        entry.update(data)
        return 200, entry

    def changes(self) -> list[str]:
        """What was written, in order."""
        return [line for line in self.asked if not line.startswith("GET")]


def page(kept: list[Entry], query: dict[str, list[str]]) -> list[Entry]:
    size, number = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
    return kept[(number - 1) * size : number * size]


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    state = FakeGitHub()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            if parts.path.startswith("/storage/"):
                state.tokens["storage"] = self.headers.get("Authorization")
                self.reply(200, state.archives[int(parts.path.rpartition("/")[2])])
                return
            path = parts.path.removeprefix("/repos/o/r")
            state.asked.append(f"{self.command} {path}")
            state.tokens["api"] = self.headers.get("Authorization")
            if state.broken:
                status, content = state.broken.pop(0)
            else:
                status, content = state.answer(self.command, path, parse_qs(parts.query), body)
            self.reply(status, b"" if content is None else json.dumps(content).encode(), content)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - names of the library

        def reply(self, status: int, content: bytes, location: Any = "") -> None:
            self.send_response(status)
            if status == 302:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()
