"""One service with something of everything, and who may come to it: from nobody to an admin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from comments_service import banning, clock, moderation, people
from comments_service.models import SignInSession
from comments_service.moderation import Item
from comments_service.web.embed.files import SCRIPT
from comments_service.web.moderators import assets as moderators_assets
from comments_service.web.pages import assets as pages_assets
from tests.app import Service, new_author_key
from tests.web.moderators.conftest import OURS, Desk

MANY = 8  # whoever lifts a ban or removes a person leaves others for the next
PLACE = r"<(?:\w+:)?(\w+)>"
NAMES = {
    "embed.file": SCRIPT,
    "pages.style": pages_assets.ASSETS.served_name("pages.css"),
    "moderators.static": moderators_assets.ASSETS.served_name("moderators.css"),
}


@dataclass
class Visitor:
    """Somebody with all that they could show: a token, a session with its form token, an author key."""

    client: FlaskClient
    bearer: str = ""
    csrf: str = ""
    author_key: str | None = None

    def ask(
        self,
        method: str,
        path: str,
        *,
        origin: str | None = OURS,
        headers: Mapping[str, str] = MappingProxyType({}),
        **sent: Any,
    ) -> TestResponse:
        """A request of theirs; `sent` is what the test client takes: query_string, json, data ..."""
        shown = dict(headers)
        if origin is not None:
            shown["Origin"] = origin
        if self.bearer:
            shown["Authorization"] = f"Bearer {self.bearer}"
        return self.client.open(path, method=method, headers=shown, **sent)


@dataclass
class Scene:
    """The service and its rows: a published and a pending comment, a decision on a third, bans, a thread
    `tarn`, moderators of `horizons` with a token each (two ids), and a sign-in link that nobody used.
    """

    service: Service
    comment: int
    pending: int
    decision: int
    bans: list[int]
    staff: list[tuple[int, int]]
    link: str
    visitors: dict[str, Visitor]

    def address(self, rule: Rule, **values: Any) -> str:
        """The route's address with names and ids that are there; `values` are preferred."""
        known: dict[str, Any] = {"site": "horizons", "comment": self.comment, "comment_id": self.comment}
        known |= {"decision": self.decision, "ban_id": self.bans[0], "person_id": self.staff[0][0]}
        known |= {"queue": "pending", "name": NAMES.get(rule.endpoint), **values}
        return re.sub(PLACE, lambda found: str(known[found[1]]), rule.rule)


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
    link = str(service.write(lambda session: people.make_link(session, service.signer, "Mo")))
    decision = _decide(service, decided)
    return Scene(service, comment, pending, decision, _bans(service), _staff(service), link, visitors)


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


def _bans(service: Service) -> list[int]:
    comments = [service.posted(author_key=new_author_key())["id"] for _ in range(MANY)]
    return [int(service.write(partial(_ban, comment=comment))) for comment in comments]


def _staff(service: Service) -> list[tuple[int, int]]:
    for number in range(MANY):
        service.add_moderator(f"Staff {number}", sites=["horizons"])
    tokens = service.write(people.tokens)
    ids = {person.name: person.id for person in service.write(people.listed)}
    return [(ids[token.person], token.id) for token in tokens if token.person.startswith("Staff")]


def _ban(session: Session, comment: int) -> int:
    tomorrow = clock.now() + timedelta(days=1)
    words: dict[str, Any] = {"kind": "author", "reason": "Insults.", "expires_at": tomorrow}
    return banning.ban(session, site_id=1, moderator_id=1, comment_id=comment, **words).id
