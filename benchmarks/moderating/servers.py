"""The real service before a filled database, asked as a moderator asks."""

from __future__ import annotations

import http.client
import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.reading.servers import Service

from . import seeding
from .seeding import SITE, Filled

API = f"/api/v1/sites/{SITE}/moderation/"


class Moderated(Service):
    """Two workers, and one moderator with a connection that stays open."""

    def __init__(self, url: str, filled: Filled, folder: Path) -> None:
        folder.mkdir()
        self.filled = filled
        limits = f"sqlitefile:///{folder / 'limits.db'}"
        super().__init__(url, seeding.SECRET, folder / "service.log", COMMENTS_RATE_LIMIT_STORAGE=limits)
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def stop(self) -> None:
        """Stop it, and the connection to it."""
        self._connection.close()
        super().stop()

    def seconds(self, path: str) -> float:
        """How many seconds a GET takes that must go well."""
        began = time.perf_counter()
        self._request("GET", path)
        return time.perf_counter() - began

    def decide(self, size: int) -> float:
        """How many seconds it takes to approve the first `size` of the queue in one request."""
        comments: list[Any] = []
        cursor = ""
        while len(comments) < size:
            part = self._request("GET", f"queues/pending?cursor={cursor}")
            comments, cursor = comments + part["comments"], part["next"]
        decisions = [
            {"comment": row["id"], "revision": row["revision"], "from": row["status"], "action": "approve"}
            for row in comments[:size]
        ]
        began = time.perf_counter()
        answer = self._request("POST", "decisions", {"decisions": decisions})
        taken = time.perf_counter() - began
        assert {one["result"] for one in answer["results"]} == {"done"}, answer
        return taken

    def middle(self) -> tuple[datetime, int]:
        """Time and id of the comment in the middle of the queue."""
        number = self.filled.size // 2
        return seeding.BEGAN + timedelta(seconds=20 * number), number

    def _request(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.filled.token}", "Content-Type": "application/json"}
        self._connection.request(method, API + path, json.dumps(body) if body else None, headers)
        with self._connection.getresponse() as answer:
            content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {content[:300]!r}")
        return json.loads(content)
