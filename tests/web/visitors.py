"""One service with something of everything, and who may come to it: from nobody to an admin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from comments_service import banning, clock, moderation, people
from comments_service.models import SignInSession
from comments_service.moderation import Item
from tests.app import Service, new_author_key
from tests.web.moderators.conftest import OURS, Desk

MOST_BANS = 20


@dataclass
class Visitor:
    """Somebody with all that they could show: a token, a session with its form token, an author key."""

    client: FlaskClient
    bearer: str = ""
    csrf: str = ""
    author_key: str | None = None

    def ask(
        self, method: str, path: str, *, query: Any = None, json: Any = None, form: Any = None, **headers: str
    ) -> TestResponse:
        """A request of theirs with a JSON body or our own form; from our origin unless they say another."""
        headers = {"Origin": OURS, **headers}
        if self.bearer:
            headers.setdefault("Authorization", f"Bearer {self.bearer}")
        sent: dict[str, Any] = {} if json is None else {"json": json}
        if form is not None:
            sent["data"] = form
        return self.client.open(path, method=method, query_string=query, headers=headers, **sent)


@dataclass
class Scene:
    """The service and its rows: a published and a pending comment, a decision, bans, a thread `tarn`."""

    service: Service
    comment: int
    pending: int
    decision: int
    bans: Iterator[int]
    visitors: dict[str, Visitor] = field(default_factory=dict)


def scene(service: Service) -> Scene:
    """Fill an empty service and bring everybody in."""
    service.add_site()
    service.add_site("fells")
    reader = new_author_key()
    visitors = {
        "nobody": Visitor(service.app.test_client()),
        "reader": Visitor(service.app.test_client(), bearer=reader, author_key=reader),
        "elsewhere": _signed_in(service, "Elsie", "fells", "admin"),
        "moderator": _signed_in(service, "Mo", "horizons", "moderator"),
        "admin": _signed_in(service, "Ada", "horizons", "admin"),
        "revoked": _signed_in(service, "Rev", "horizons", "admin"),
        "removed": _signed_in(service, "Rem", "horizons", "admin"),
    }
    service.write(_revoke)
    service.write(lambda session: people.remove(session, "Rem"))
    comment = service.posted("A thought.")["id"]
    service.set_policy(mode="premoderated")
    decided, pending = service.posted("Another thought.")["id"], service.posted("A third thought.")["id"]
    service.set_policy(mode="open")
    return Scene(service, comment, pending, _decide(service, decided), _bans(service), visitors)


def _signed_in(service: Service, name: str, site: str, role: str) -> Visitor:
    token = service.add_moderator(name, sites=[site], role=role)
    desk = Desk(service, name).sign_in()
    return Visitor(desk.client, token, desk.csrf())


def _revoke(session: Session) -> None:
    (token,) = (token for token in people.tokens(session) if token.person == "Rev")
    people.revoke_token(session, token.id)
    (rev,) = (person for person in people.listed(session) if person.name == "Rev")
    statement = update(SignInSession).where(SignInSession.moderator_id == rev.id)
    session.execute(statement.values(revoked_at=clock.now()))


def _decide(service: Service, comment: int) -> int:
    item = Item(comment, 1, "pending", "approve")
    (result,) = service.write(
        lambda session: moderation.decide(session, site_id=1, moderator_id=1, items=[item])
    )
    return int(result.decision)


def _bans(service: Service) -> Iterator[int]:
    """A fresh ban each time, so that whoever lifts one leaves another for the next."""
    for _ in range(MOST_BANS):
        comment = service.posted(author_key=new_author_key())["id"]
        yield int(service.write(partial(_ban, comment=comment)))


def _ban(session: Session, comment: int) -> int:
    tomorrow = clock.now() + timedelta(days=1)
    words: dict[str, Any] = {"kind": "author", "reason": "Insults.", "expires_at": tomorrow}
    return banning.ban(session, site_id=1, moderator_id=1, comment_id=comment, **words).id
