"""Who moderates: a person known by the API token of an Authorization header."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar, cast

from flask import current_app, g, request
from sqlalchemy.orm import Session

from .. import db, people
from ..errors import Refused, Unauthorised
from ..identity import Signer
from ..models import Site
from ..models.moderator import ROLES
from ..people import Person
from . import asking
from .audience import ADMIN, declared

LONGEST_TOKEN = 200
SAFE = ("GET", "HEAD", "OPTIONS")

T = TypeVar("T")


def moderator_of(site_key: str) -> tuple[Site, Person]:
    """The site of the route and the person who asks, who holds at least the declared role there.

    Raises Unauthorised without a token that is known, NotFound for an unknown site, and Refused for a
    person whose role does not reach, or a write from a foreign page.
    """
    token = _token()
    person = people.person_of_token(db.reading(), asking.signer(), token)
    if person is None:
        raise Unauthorised("This API token is not known; it may have been revoked.")
    site = asking.site(site_key) if request.method in SAFE else asking.site_to_write(site_key)
    role, held = _declared_role(), person.role_on(site.id)
    if held is None or ROLES.index(held) < ROLES.index(role):
        raise Refused(f"This needs the role {role} on this site.", code="role")
    _note_use(asking.signer(), token)
    g.moderator = person
    return site, person


def write(work: Callable[[Session], T]) -> T:
    """`db.write` for the moderator who asks, whose roles are looked up once more inside: a write may wait.

    Raises Refused when they were removed, or their roles changed, since the request came in.
    """
    person = cast(Person, g.moderator)

    def checked(session: Session) -> T:
        people.check_unchanged(session, person)
        return work(session)

    return db.write(checked)


def _declared_role() -> str:
    # A view that forgot to declare itself is for admins, until a test finds it.
    return declared(current_app.view_functions[request.endpoint or ""]) or ADMIN


def _token() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    # A lone surrogate comes from bytes that are no UTF-8: it cannot be hashed, and is no token of ours.
    if scheme.lower() != "bearer" or not token.isascii() or not 0 < len(token) <= LONGEST_TOKEN:
        raise Unauthorised("Send an API token: Authorization: Bearer TOKEN.")
    return token


def _note_use(signer: Signer, token: str) -> None:
    # At most once a minute: a read would otherwise take the write turn each time.
    if people.token_use_is_due(db.reading(), signer, token):
        db.write(partial(people.note_token_use, signer=signer, token=token))
