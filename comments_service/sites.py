"""Sites: adding one, finding one, changing its policy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import clock
from .errors import Conflict, Invalid, NotFound
from .models import Site
from .models.policy import KEYS, Policy

SITE_KEY = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
LONGEST_NAME = 200


def add(
    session: Session,
    *,
    key: str,
    name: str,
    origins: Sequence[str],
    policy: Mapping[str, Any] | None = None,
) -> int:
    """Add a site and return its id.

    Raises Invalid for a bad key, name, origin or policy, and Conflict when the key is taken.
    """
    document = {**(policy or {}), "origins": list(origins)}
    site = Site(
        key=_checked_key(key),
        name=_checked_name(name),
        policy=_kept(Policy.parse(document)),
        version=clock.microseconds(clock.now()),
        created_at=clock.now(),
    )
    if session.scalar(select(Site.id).where(Site.key == key)) is not None:
        raise Conflict(f"There is a site {key!r} already.", code="site_exists")
    session.add(site)
    session.flush()  # its id is the answer
    return site.id


def listed(session: Session) -> list[Site]:
    """All sites by key."""
    return list(session.scalars(select(Site).order_by(Site.key)))


def by_key(session: Session, key: str) -> Site:
    """The site with this key; raises NotFound."""
    return _found(session.scalars(select(Site).where(Site.key == key)).first(), key)


def set_policy(session: Session, site_key: str, changes: Mapping[str, Any]) -> Policy:
    """Merge `changes` into the site's policy and return the whole; None sets a key back to its default.

    Raises NotFound for an unknown site and Invalid for what the policy cannot be; then nothing changes.
    """
    # Two admins at once: the second merges into what the first left.
    query = select(Site).where(Site.key == site_key).with_for_update()
    query = query.execution_options(populate_existing=True)
    site = _found(session.scalars(query).first(), site_key)
    merged = {**site.policy, **changes}
    reset = {name for name, value in changes.items() if value is None and name in KEYS}
    policy = Policy.parse({name: value for name, value in merged.items() if name not in reset})
    site.policy = _kept(policy)
    # As for threads: never lower than the clock, so a restored database repeats no version.
    site.version = max(site.version + 1, clock.microseconds(clock.now()))
    return policy


def _found(site: Site | None, key: str) -> Site:
    if site is None:
        raise NotFound(f"There is no site {key!r}.", code="site_not_found")
    return site


def _kept(policy: Policy) -> dict[str, Any]:
    # Only what differs: a later default then reaches the sites that never chose.
    defaults = Policy().document()
    return {name: value for name, value in policy.document().items() if value != defaults[name]}


def _checked_key(key: str) -> str:
    if not SITE_KEY.fullmatch(key):
        raise Invalid.field(
            "key", "invalid", "A site's key is 2 to 40 small letters, digits and hyphens; no hyphen first."
        )
    return key


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise Invalid.field("name", "invalid", f"A site's name is 1 to {LONGEST_NAME} printable characters.")
    return name
