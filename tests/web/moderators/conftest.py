"""A desk: a signed-in moderator's browser without script, and comments to decide on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from comments_service import people
from comments_service.models import Comment, Evidence, Report, Thread
from tests.app import Service
from tests.databases import NOON, add_author, add_comment, add_thread

OURS = "http://127.0.0.1:8000"


class Desk:
    """What a moderator's browser does at /moderate/."""

    def __init__(self, service: Service, name: str) -> None:
        self.service = service
        self.name = name
        self.client: FlaskClient = service.app.test_client()
        self._csrf: str | None = None

    def link(self) -> str:
        """The token of a fresh sign-in link."""
        return str(self.service.write(lambda s: people.make_link(s, self.service.signer, self.name)))

    def sign_in(self) -> Desk:
        answer = self.send("sign-in", token=self.link(), csrf=None)
        assert answer.status_code == 303, answer.text
        self._csrf = None
        return self

    def get(self, path: str = "", **query: Any) -> TestResponse:
        return self.client.get(f"/moderate/{path}", query_string=query)

    def send(
        self, path: str, *, origin: str | None = OURS, csrf: str | None = "", **form: Any
    ) -> TestResponse:
        """A form of ours; `csrf` is the page's own unless given, and left out when None."""
        headers = {} if origin is None else {"Origin": origin}
        if csrf is not None:
            form["csrf"] = csrf or self.csrf()
        return self.client.post(f"/moderate/{path}", data=form, headers=headers)

    def csrf(self) -> str:
        """The token in the forms of this session; the same in all of them."""
        if self._csrf is None:
            found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get().text)
            assert found is not None
            self._csrf = found[1]
        return self._csrf

    def decide(self, item: str, action: str = "approve", **form: Any) -> TestResponse:
        return self.send("decisions", item=item, action=action, **form)


def comment(service: Service, site_id: int, *, slug: str = "tarn", evidence: Any = (), **columns: Any) -> int:
    """A comment that waits for a decision, unless the columns say otherwise."""

    def work(session: Any) -> int:
        known = select(Thread.id).where(Thread.site_id == site_id, Thread.slug == slug)
        thread_id = session.scalar(known) or add_thread(session, site_id, slug)
        comment_id = add_comment(session, thread_id, **{"status": "pending", **columns})
        for found in evidence:
            session.add(Evidence(comment_id=comment_id, revision=1, **found))
        return comment_id

    return int(service.write(work))


def report(service: Service, comment_id: int, reason: str = "abuse", text: str = "") -> None:
    """A reader's complaint."""

    def work(session: Any) -> None:
        session.add(Report(comment_id=comment_id, revision=1, reason=reason, text=text, created_at=NOON))
        session.get_one(Comment, comment_id).open_reports += 1

    service.write(work)


def author(service: Service, site_id: int) -> int:
    """Somebody with an author key."""
    return int(service.write(lambda session: add_author(session, site_id)))


def status(service: Service, comment_id: int) -> str:
    """A comment's status now."""
    return str(service.write(lambda session: session.get_one(Comment, comment_id).status))


@pytest.fixture
def site(service: Service) -> int:
    """A site called Horizons."""
    return service.add_site()


@pytest.fixture
def other_site(service: Service) -> int:
    """A site on which Mara has no role."""
    return service.add_site("harbour")


@pytest.fixture
def desk(service: Service, site: int) -> Desk:
    """Mara, a moderator of Horizons alone, signed in."""
    service.add_moderator("Mara", sites=["horizons"])
    return Desk(service, "Mara").sign_in()
