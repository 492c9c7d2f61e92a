"""The door: a one-time link shows a button, the button uses it up; and signing out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, render_template, request, url_for
from sqlalchemy import select

from ... import db, people
from ...errors import Refused
from ...models import SignInLink, Site
from ...people import Person
from .. import limits
from ..audience import ANYONE
from . import access, phrases
from .access import open_to
from .assets import address

LONGEST_TOKEN = 200
# The token is in the address: nothing that this page links may be told of it. `no-referrer` would also
# turn the form's own Origin into `null`, which we refuse.
REFERRER_POLICY = "strict-origin"
NEW_LINK = "comments-service moderator link NAME"


def add_to(blueprint: Blueprint) -> None:
    """The routes of this module."""
    blueprint.add_url_rule("/sign-in", "sign_in", sign_in, methods=["POST"])
    blueprint.add_url_rule("/sign-in", "door", door)
    blueprint.add_url_rule("/sign-out", "sign_out", sign_out, methods=["POST"])


@open_to(ANYONE)
def door() -> Response:
    """Whom the link would sign in, and a button; opening it uses nothing up, as mail scanners do."""
    token = request.args.get("token", "")[:LONGEST_TOKEN]
    session = db.reading()
    found = people.peek_link(session, access.signer(), token) if token else None
    if found is None:
        return _without_referrer(spent())
    page = render_template(
        "moderators/sign_in.html",
        title=f"Sign in as {found.name}",
        person=found.name.split()[0],
        host=host(),
        token=token,
        until=_until(token),
        sites=_sites(found, found.sites(session)),
    )
    return _without_referrer(make_response(page))


@open_to(ANYONE)
def sign_in() -> Response:
    """Use the link up and give the browser a session."""
    limits.spend("sign_in", site="")
    token = request.form.get("token", "")[:LONGEST_TOKEN]
    try:
        secret = db.write(lambda session: people.use_link(session, access.signer(), token))
    except Refused:
        return spent()
    response = Response(status=303, headers={"Location": url_for("moderators.queue")})
    return access.remember(response, secret)


@open_to(ANYONE)
def sign_out() -> Response:
    """End the session and say so."""
    secret = access.session_secret()
    if secret:
        access.check_form()
        db.write(lambda session: people.end_session(session, access.signer(), secret))
    page = message("You are signed out", "This device has forgotten you.", 200)
    return access.forget(page)


def spent() -> Response:
    """What a link says that was used, is too old or never was."""
    return message(
        "This link does not work",
        "It was used already, has expired, or a newer one took its place.",
        410,
        hint=f"A new one comes from the server: {NEW_LINK}",
    )


def message(
    title: str, text: str, status: int, *, again: str = "", label: str = "", hint: str = ""
) -> Response:
    """A page that says one thing, without the frame."""
    page = render_template(
        "moderators/door.html",
        asset=address,  # where no view answers, the blueprint adds no words of its own
        title=title,
        message=text,
        host=host(),
        again=again,
        again_label=label,
        hint=hint,
    )
    return make_response(page, status)


def host() -> str:
    """The public host, so that people see where they are."""
    return urlsplit(access.settings().public_url).netloc


def _until(token: str) -> object:
    expires: datetime | None = db.reading().scalar(
        select(SignInLink.expires_at).where(SignInLink.hash == access.signer().token(token))
    )
    return phrases.until(expires) if expires else None


def _sites(person: Person, sites: Sequence[Site]) -> list[dict[str, str | None]]:
    short = phrases.short_names(site.name for site in sites)
    return [
        {"name": site.name, "letter": short[site.name][0].upper(), "role": person.role_on(site.id)}
        for site in sites
    ]


def _without_referrer(response: Response) -> Response:
    response.headers["Referrer-Policy"] = REFERRER_POLICY
    return response
