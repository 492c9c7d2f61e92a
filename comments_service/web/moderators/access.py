"""Who is signed in at the moderators' pages, and whether a form is really theirs."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import Response, current_app, g, request, url_for

from ... import db, people
from ...config import Settings, origin_of
from ...errors import Invalid, NotFound, Refused, Unauthorised
from ...identity import Signer
from ...models import Site
from ...people import Person
from .. import audience
from ..audience import ADMIN, ANYONE
from ..auth import SAFE
from ..schemas.fields import is_storable
from . import phrases

P = ParamSpec("P")
R = TypeVar("R")

# A browser takes the __Host- prefix only from https, with Secure and Path=/.
COOKIE = "comments_session"
SECURE_COOKIE = "__Host-comments_session"
COOKIE_SECONDS = 7 * 24 * 3600  # the longest life of a session; the server ends it sooner
CSRF_FIELD = "csrf"


def settings() -> Settings:
    """The running service's settings."""
    return cast(Settings, current_app.extensions["comments_settings"])


def signer() -> Signer:
    """The running service's signer."""
    return cast(Signer, current_app.extensions["comments_signer"])


def open_to(who: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare who may use a view, and keep others out: `anyone`, a signed-in `moderator`, or an `admin` of at
    least one site.

    Anything but a GET also needs our own Origin and, when somebody is signed in, the session's token.
    Raises Unauthorised, Refused, or Invalid for characters that cannot be stored.
    """

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if request.method not in SAFE:
                _check_origin()
            if who != ANYONE:
                _admit(who)
            return view(*args, **kwargs)

        return audience.open_to(who)(guarded)

    return decorate


def person() -> Person:
    """Who is asking; only inside a view that is not open to anyone."""
    return cast(Person, g.moderator)


def sites() -> list[Site]:
    """The sites of the person who is asking, by name."""
    if "moderators_sites" not in g:
        g.moderators_sites = sorted(person().sites(db.reading()), key=lambda site: site.name.casefold())
    return cast(list[Site], g.moderators_sites)


def site_of(key: str) -> Site:
    """One of the person's sites; raises NotFound for any other, as for one that does not exist."""
    for site in sites():
        if site.key == key:
            return site
    raise NotFound("There is no such site among yours.")


def first_site() -> Site:
    """The site that a page of one site shows unless asked; raises NotFound when there is none yet."""
    if not sites():  # a role on all sites comes before the first of them
        raise NotFound("There is no site yet: comments-service site add makes one.")
    return sites()[0]


def others(endpoint: str, site: Site) -> list[dict[str, str]]:
    """The same page for each of the person's other sites."""
    return [
        {"name": other.name, "href": url_for(endpoint, site=other.key)}
        for other in sites()
        if other is not site
    ]


def short_name(site_name: str) -> str:
    """The word that tells one of the person's sites from the others."""
    if "moderators_short_names" not in g:
        g.moderators_short_names = phrases.short_names(site.name for site in sites())
    return cast(dict[str, str], g.moderators_short_names).get(site_name, site_name)


def letter(site_name: str) -> str:
    """The letter that stands for one of the person's sites."""
    return short_name(site_name)[0].upper()


def administered() -> list[Site]:
    """The sites whose settings the person may change."""
    return [site for site in sites() if person().role_on(site.id) == ADMIN]


def session_secret() -> str | None:
    """What the browser's cookie holds."""
    return request.cookies.get(_cookie_name())


def csrf_token() -> str:
    """The token that every form of this session carries."""
    secret = session_secret() or ""
    return hmac.digest(secret.encode(), b"comments.csrf", hashlib.sha256).hex()


def check_form() -> None:
    """Raises Refused unless the form carries the session's token."""
    sent = request.form.get(CSRF_FIELD, "")
    if not hmac.compare_digest(sent.encode(), csrf_token().encode()):
        raise Refused("This form is too old. Please go back, reload the page and try again.", code="csrf")


def remember(response: Response, secret: str) -> Response:
    """Give the browser its session."""
    response.set_cookie(
        _cookie_name(),
        secret,
        max_age=COOKIE_SECONDS,
        path="/",
        httponly=True,
        secure=_is_https(),
        samesite="Strict",
    )
    return response


def forget(response: Response) -> Response:
    """Take the session from the browser."""
    response.delete_cookie(_cookie_name(), path="/", httponly=True, secure=_is_https(), samesite="Strict")
    return response


def _admit(who: str) -> None:
    secret = session_secret()
    session = db.reading()
    found = people.person_of_session(session, signer(), secret) if secret else None
    if secret is None or found is None:
        raise Unauthorised("You are not signed in.")
    g.moderator = found
    # A test may hold one `g` over many requests.
    g.pop("moderators_sites", None)
    g.pop("moderators_short_names", None)
    if not found.roles:
        raise Refused("You have no role on any site.")
    if request.method not in SAFE:
        check_form()
    if who == ADMIN and not administered():
        raise Refused("Only an admin may do this.")
    _refuse_characters()
    if people.session_use_is_due(session, signer(), secret):
        db.write(lambda writing: people.note_session_use(writing, signer(), secret))


def _refuse_characters() -> None:
    # Nobody types them, and not every database can hold them or be asked about them.
    for given in (request.args, request.form):
        if not all(is_storable(text) for _, text in given.items(multi=True)):
            raise Invalid.field("form", "characters", "This contains characters that cannot be stored.")


def _check_origin() -> None:
    # SameSite proves nothing here: a newspaper on a sibling host is the same site. `null` is no origin.
    sent = request.headers.get("Origin")
    ours = settings().origin
    if sent != ours:
        raise Refused(f"This form did not come from {ours}.", code="origin")
    referer = request.headers.get("Referer")
    if referer and _origin(referer) != ours:
        raise Refused(f"This form did not come from {ours}.", code="origin")


def _origin(url: str) -> str:
    try:
        return origin_of(url)
    except ValueError:
        return ""


def _is_https() -> bool:
    return settings().public_url.startswith("https:")


def _cookie_name() -> str:
    return SECURE_COOKIE if _is_https() else COOKIE
