"""A small client of the service's public API, standing for many readers at many addresses."""

from __future__ import annotations

import json
from contextlib import redirect_stderr
from typing import Any, TextIO

from flask import Flask
from werkzeug.test import TestResponse


class Refusal(Exception):
    """The service answered with an error; the message holds the request, the status and the problem."""

    def __init__(self, method: str, path: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{method} {path}: {status} {json.dumps(problem, ensure_ascii=False)}")
        self.status = status


class Api:
    """Requests to one site of the service, whose application answers them in this process."""

    def __init__(self, app: Flask, site: str, *, token: str, log: TextIO) -> None:
        """`token` is a moderator's; it is sent only below `/moderation`. `log` takes the service's lines."""
        self._client = app.test_client(use_cookies=False)
        self._root = f"/api/v1/sites/{site}"
        self._token = token
        self._log = log

    def post(self, path: str, body: dict[str, Any], *, address: str) -> dict[str, Any]:
        """POST `body` as the reader at `address`; raises Refusal for anything but 2xx."""
        return self._ask("POST", path, body, environ_base={"REMOTE_ADDR": address})

    def moderate(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send `body` as the moderator; raises Refusal for anything but 2xx."""
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._ask(method, f"/moderation{path}", body, headers=headers)

    def _ask(self, method: str, path: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
        with redirect_stderr(self._log):
            answer: TestResponse = self._client.open(self._root + path, method=method, json=body, **more)
        content: dict[str, Any] = json.loads(answer.data) if answer.data else {}
        if not 200 <= answer.status_code < 300:
            raise Refusal(method, path, answer.status_code, content)
        return content
