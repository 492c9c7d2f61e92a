"""People and their ways in: everybody's own devices and tokens, and for admins those of their sites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, request, url_for

from ... import db, people
from ...errors import NotFound, Refused
from ...people import Device, IssuedToken, Person
from ..audience import ADMIN, MODERATOR
from ..auth import write
from . import access, frame, phrases
from .access import open_to

NEW_TOKEN = "comments-service token add NAME"  # noqa: S105 (a command, not a token)


@dataclass(frozen=True)
class Member:
    """A person with all their ways in; `is_ours` when the one who asks may take them away."""

    id: int
    name: str
    roles: list[str]
    devices: list[Device]
    tokens: list[IssuedToken]
    is_ours: bool
    is_self: bool


def add_to(blueprint: Blueprint) -> None:
    """The routes of this module."""
    blueprint.add_url_rule("/you", "you", you)
    blueprint.add_url_rule("/people", "people", team)
    blueprint.add_url_rule("/people/<int:person_id>/removal", "remove", remove, methods=["POST"])
    blueprint.add_url_rule(
        "/people/<int:person_id>/sessions/end", "end_sessions", end_sessions, methods=["POST"]
    )
    blueprint.add_url_rule("/people/<int:person_id>/tokens/end", "end_token", end_token, methods=["POST"])


@open_to(MODERATOR)
def you() -> str:
    """Where the person is signed in, and their tokens."""
    return frame.rendered(
        "you.html",
        view=frame.view(desk="you"),
        member=_member(access.person(), *_ways_in()),
        message=MESSAGES.get(request.args.get("done", "")),
        new_token=NEW_TOKEN,
    )


@open_to(ADMIN)
def team() -> str:
    """Everybody who has a role on a site that the person administers."""
    ways_in = _ways_in()
    found = [_member(one, *ways_in) for one in people.listed(db.reading()) if _is_seen(one)]
    return frame.rendered(
        "people.html",
        view=frame.view(desk="people"),
        members=found,
        message=MESSAGES.get(request.args.get("done", "")),
    )


@open_to(ADMIN)
def remove(person_id: int) -> Response:
    """Take every role and way in from a person; decisions keep their name."""
    person = _person(person_id)
    if person.id == access.person().id:
        raise Refused("Somebody else has to remove you.")
    write(lambda session: people.remove(session, person.name))
    return _back(person, "removed")


@open_to(MODERATOR)
def end_sessions(person_id: int) -> Response:
    """Sign a person out, on the device that the form names or on all."""
    person, text = _person(person_id), request.form.get("session", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    if text and number is None:
        raise NotFound("There is no such device.")
    write(lambda session: people.end_sessions(session, person.id, session_id=number))
    return _back(person, "signed-out")


@open_to(MODERATOR)
def end_token(person_id: int) -> Response:
    """Revoke one of a person's tokens."""
    person, text = _person(person_id), request.form.get("token", "")
    mine = {str(token.id): token.id for token in people.tokens(db.reading()) if token.person == person.name}
    if text not in mine:
        raise NotFound("There is no such token.")
    write(lambda session: people.revoke_token(session, mine[text]))
    return _back(person, "revoked")


MESSAGES = {
    "removed": "The person is removed, and signed out everywhere.",
    "signed-out": "Signed out.",
    "revoked": "The token is revoked.",
}


def _ways_in() -> tuple[list[Device], list[IssuedToken]]:
    session = db.reading()
    devices = people.devices(session, access.signer(), access.session_secret() or "")
    return devices, [token for token in people.tokens(session) if token.revoked_at is None]


def _member(person: Person, devices: Sequence[Device], tokens: Sequence[IssuedToken]) -> Member:
    return Member(
        person.id,
        person.name,
        _roles(person),
        [device for device in devices if device.moderator_id == person.id],
        [token for token in tokens if token.person == person.name],
        _is_ours(person),
        person.id == access.person().id,
    )


def _roles(person: Person) -> list[str]:
    """`admin of all sites`, `moderator of Horizons`; of sites elsewhere only that there are some."""
    names = {site.id: site.name for site in access.sites()}
    known = [
        f"{role} of {'all sites' if place is None else names[place]}"
        for place, role in person.roles.items()
        if place is None or place in names
    ]
    elsewhere = len(person.roles) - len(known)
    return [*sorted(known), *([phrases.plural(elsewhere, "site") + " elsewhere"] if elsewhere else [])]


def _is_seen(person: Person) -> bool:
    ours = {site.id for site in access.administered()}
    return None in person.roles or not ours.isdisjoint(person.roles) or _is_ours(person)


def _is_ours(person: Person) -> bool:
    """Whether the one who asks is admin wherever the person has a role: nobody acts above their rank."""
    asking = access.person()
    if asking.roles.get(None) == ADMIN:
        return True
    ours = {site.id for site in access.administered()}
    return bool(person.roles) and all(place in ours for place in person.roles)


def _person(person_id: int) -> Person:
    """Oneself, or somebody whose ways in one may end. Raises NotFound, and Refused above one's rank."""
    asking = access.person()
    if person_id == asking.id:
        return asking
    seen = (one for one in people.listed(db.reading()) if one.id == person_id and _is_seen(one))
    person = next(seen, None) if access.administered() else None
    if person is None:
        raise NotFound("There is no such person among yours.")
    if not _is_ours(person):
        raise Refused("This person works on sites that you do not administer.")
    return person


def _back(person: Person, done: str) -> Response:
    endpoint = "moderators.you" if person.id == access.person().id else "moderators.people"
    return Response(status=303, headers={"Location": url_for(endpoint, done=done)})
