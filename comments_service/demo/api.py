"""A small client of the service's public API, standing for many readers at many addresses."""

from __future__ import annotations

import http.client
import json
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30.0


class Refusal(Exception):
    """The service answered with an error; the message holds the request, the status and the problem."""

    def __init__(self, method: str, path: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{method} {path}: {status} {json.dumps(problem, ensure_ascii=False)}")
        self.status = status


class Api:
    """Requests to one site of the service, over one connection that stays open. Use it as a context."""

    def __init__(self, service: str, site: str, *, token: str) -> None:
        """`token` is a moderator's; it is sent only below `/moderation`."""
        self._connection = http.client.HTTPConnection(urlsplit(service).netloc, timeout=TIMEOUT_SECONDS)
        self._root = f"/api/v1/sites/{site}"
        self._token = token

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def post(self, path: str, body: dict[str, Any], *, address: str) -> dict[str, Any]:
        """POST `body` as the reader at `address`; raises Refusal for anything but 2xx."""
        return self._ask("POST", path, body, {"X-Forwarded-For": address})

    def moderate(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send `body` as the moderator; raises Refusal for anything but 2xx."""
        return self._ask(method, f"/moderation{path}", body, {"Authorization": f"Bearer {self._token}"})

    def _ask(self, method: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        document = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        self._connection.request(method, self._root + path, document, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        content: dict[str, Any] = json.loads(text) if text else {}
        if not 200 <= answer.status < 300:
            raise Refusal(method, path, answer.status, content)
        return content
