"""GitHub's REST API, as much of it as comments, issues and artifacts need."""

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

#: Who writes with a workflow's own token.
BOT = "github-actions[bot]"
_PAGE = 100
_ATTEMPTS = 3
_SECONDS = 30
_HINTS = {
    401: "the job has no valid token: set GITHUB_TOKEN to github.token",
    403: "the job's `permissions` lack something, or the rate limit is used up",
    404: "it does not exist, or the job's `permissions` do not reach it",
}


class GitHubError(Exception):
    """GitHub refused, or cannot be asked; the message says what was tried and what to look at."""


class GitHub:
    """One repository, asked with the token of the job."""

    def __init__(self, url: str, repository: str, token: str) -> None:
        """Name the repository.

        Args:
            url: The address of the API.
            repository: `owner/name`.
            token: The job's token.
        """
        self._root = f"{url}/repos/{repository}"
        self._token = token

    @classmethod
    def of_this_job(cls) -> "GitHub":
        """The repository whose workflow this is, as the runner's variables say.

        Raises:
            GitHubError: A variable is missing.
        """
        names = "GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN"
        missing = [name for name in names if not os.environ.get(name)]
        if missing:
            raise GitHubError(f"{', '.join(missing)} not set: this runs in a job of a workflow (docs/guides/ci.md)")
        return cls(*(os.environ[name] for name in names))

    def ask(self, method: str, path: str, data: dict[str, Any] | None = None) -> Any:
        """Send one request and return the answer, read from JSON; nothing where there is none.

        Raises:
            GitHubError: GitHub refused.
        """
        answer = self._send(method, path, data)
        return json.loads(answer) if answer else None

    def download(self, path: str) -> bytes:
        """Return the content of a file, such as an artifact."""
        return self._send("GET", path, None)

    def every(self, path: str, key: str = "") -> Iterator[dict[str, Any]]:
        """Yield the entries of a list, page by page.

        Args:
            path: The list.
            key: Where in the answer the list is. Default: the answer is the list.
        """
        for page in range(1, 1000):
            answer = self.ask("GET", f"{path}{'&' if '?' in path else '?'}per_page={_PAGE}&page={page}")
            entries = answer[key] if key else answer
            yield from entries
            if len(entries) < _PAGE:
                return

    def _send(self, method: str, path: str, data: dict[str, Any] | None) -> bytes:
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(self._root + path, body, method=method)  # noqa: S310 - the runner's variable
        request.add_header("Accept", "application/vnd.github+json")
        request.add_header("Content-Type", "application/json")
        # Artifacts are answered with a redirect to a storage that must not see the token.
        request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        for attempt in range(1, _ATTEMPTS + 1):
            # Sending a new comment twice would make two.
            last = attempt == _ATTEMPTS or method == "POST"
            try:
                with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - the same address
                    return answer.read()
            except urllib.error.HTTPError as error:
                if error.code < 500 or last:
                    raise GitHubError(f"{method} {path}: {_words(error)}") from None
            except OSError as error:
                if last:
                    raise GitHubError(f"{method} {path}: no answer: {error}") from None
            time.sleep(2**attempt)
        raise AssertionError("the last attempt returns or raises")


def _words(error: urllib.error.HTTPError) -> str:
    """What GitHub says, and what it usually means."""
    try:
        said = str(json.loads(error.read())["message"])
    except (ValueError, KeyError, TypeError, OSError):
        said = str(error.reason)
    hint = _HINTS.get(error.code, "")
    return f"{error.code} {said}{f'. {hint}' if hint else ''}"
