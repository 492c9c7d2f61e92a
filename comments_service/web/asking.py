"""Who is asking, for which site, from which page: what every view needs to know first."""

from __future__ import annotations

from typing import cast

from flask import current_app, request

from .. import db
from ..config import Settings
from ..errors import NotFound, Refused
from ..identity import Reader, Signer, checked_author_key
from ..models import Site
from ..models.policy import Policy
from ..reading import finding
from ..sites import SITE_KEY
from . import limits, request_log
from .address import bucket


def settings() -> Settings:
    """The application's settings."""
    return cast(Settings, current_app.extensions["comments_settings"])


def signer() -> Signer:
    """The application's signer."""
    return cast(Signer, current_app.extensions["comments_signer"])


def site(key: str) -> Site:
    """The site of the route; raises NotFound."""
    # No key is longer or has other characters, and not every database can be asked about those.
    found = finding.site(db.reading(), key) if SITE_KEY.fullmatch(key) else None
    if found is None:
        raise NotFound("There is no such site.", code="site_not_found")
    request_log.note_site(found.key)
    return found


def site_to_write(key: str) -> Site:
    """The site of the route, for a write: a browser's page must be one of the site's, or our own.

    Raises Refused, naming the command that would allow it. No Origin at all is no browser, and fine.
    """
    found = site(key)
    sent = request.headers.get("Origin")
    if sent is not None and sent not in (*Policy.of(found).origins, settings().origin):
        raise Refused(
            f"Pages of this origin may not post here. To allow it: "
            f"comments-service site set {found.key} origins=ORIGIN,ORIGIN",
            code="origin",
        )
    return found


def reader(author_key: str | None) -> Reader:
    """Who writes; raises Invalid for an author key that is none."""
    key = checked_author_key(author_key) if author_key is not None else None
    return Reader(key, bucket(limits.client()))
