"""A service whose pages are used as a browser without script uses them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from tests.app import Service

OURS = "http://127.0.0.1:8000"


class Pages:
    """The thread pages of site `horizons`, as forms of our own origin reach them."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.client = service.client

    def get(self, path: str = "", **query: Any) -> TestResponse:
        return self.client.get(
            f"/sites/horizons/thread{path}", query_string=query, headers={"Accept": "text/html"}
        )

    def text(self, path: str = "", **query: Any) -> str:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, path: str, fields: Mapping[str, Any], *, origin: str | None = OURS) -> TestResponse:
        headers = {"Accept": "text/html"} | ({"Origin": origin} if origin is not None else {})
        return self.client.post(f"/sites/horizons/thread{path}", data=dict(fields), headers=headers)

    def post(self, body: str = "A thought.", **fields: Any) -> TestResponse:
        """A comment through the form."""
        return self.send("/comment", {"slug": "tarn", "name": "Wren", "body": body} | fields)

    def posted(self, body: str = "A thought.", **fields: Any) -> tuple[int, str]:
        """The id of a comment that must go well, and its author's edit token."""
        answer = self.post(body, **fields)
        assert answer.status_code == 303, answer.text
        found = re.search(r"/comments/(\d+)/own\?edit_token=(.+)", answer.headers["Location"])
        assert found, answer.headers["Location"]
        return int(found[1]), found[2]


@pytest.fixture
def pages(horizons: Service) -> Pages:
    return Pages(horizons)


def visible(html: str) -> str:
    """The text of a page, tags out, spaces collapsed."""
    inside = html.partition("<body>")[2]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", inside)).split())


def quoted(slug: str) -> str:
    return quote(slug, safe="")
