"""Who is asking, without cookies or accounts: author keys, edit tokens, form tokens, address hashes."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select
from sqlalchemy.orm import Session

from . import clock, db
from .errors import Invalid, Refused
from .models import DayKey

AUTHOR_KEY = re.compile(r"[A-Za-z0-9_-]{22,64}")
HASHED_BUCKET_BYTES = 16
DAYS_KEPT = 30


@dataclass(frozen=True)
class Reader:
    """Who wrote: the author key they sent (or none) and their address bucket, as plain text.

    Neither is ever stored or logged as it is; see `Signer`.
    """

    author_key: str | None
    bucket: str


@dataclass(frozen=True)
class HashedBucket:
    """An address bucket as it may be stored: a hash that dies with its day's key."""

    day: str
    hash: bytes


def checked_author_key(value: str) -> str:
    """The key itself. Raises Invalid unless it is base64url of 22 to 64 characters (128 bits or more)."""
    if not AUTHOR_KEY.fullmatch(value):
        raise Invalid.field(
            "author_key", "invalid", "An author key is 22 to 64 letters, digits, hyphens and underscores."
        )
    return value


class Signer:
    """All that is derived from the service's secret key."""

    def __init__(self, secret_key: bytes) -> None:
        self._secret_key = secret_key
        self._edits = URLSafeSerializer(secret_key, salt="comments.edit")
        self._forms = URLSafeSerializer(secret_key, salt="comments.form")

    def _mac(self, purpose: str, *parts: bytes) -> bytes:
        message = b"".join(len(part).to_bytes(4, "big") + part for part in (purpose.encode(), *parts))
        return hmac.digest(self._secret_key, message, hashlib.sha256)

    def author(self, site_id: int, author_key: str) -> bytes:
        """What is stored of an author key: 32 bytes, different on every site."""
        return self._mac("author", str(site_id).encode(), author_key.encode())

    def token(self, token: str) -> bytes:
        """What is stored of an API token, a sign-in link or a session: 32 bytes."""
        return self._mac("token", token.encode())

    def etag(self, *parts: bytes) -> str:
        """An opaque tag over what decides an answer's content."""
        return self._mac("etag", *parts)[:12].hex()

    def bucket(self, day: str, day_key: bytes, bucket: str) -> HashedBucket:
        """An address bucket, hashed with the key of a day together with the secret key."""
        digest = self._mac("bucket", day_key, bucket.encode())[:HASHED_BUCKET_BYTES]
        return HashedBucket(day, digest)

    def edit_token(self, comment_id: int, expires: datetime) -> str:
        """A token that allows to edit one comment until `expires`."""
        return str(self._edits.dumps(["edit", comment_id, int(expires.timestamp())]))

    def check_edit_token(self, token: str, comment_id: int) -> None:
        """Raises Refused when the token is forged, belongs to another comment, or is late."""
        try:
            action, signed_id, expires = self._edits.loads(token)
        except (BadSignature, ValueError, TypeError) as error:
            raise Refused("This edit token is not valid.", code="edit_token") from error
        if action != "edit" or signed_id != comment_id:
            raise Refused("This edit token belongs to another comment.", code="edit_token")
        if expires <= clock.now().timestamp():
            raise Refused("The time to edit this comment is over.", code="edit_late")

    def form_token(self, site_key: str) -> str:
        """A signed time: when a form was opened."""
        return str(self._forms.dumps([site_key, clock.microseconds(clock.now())]))

    def form_age(self, token: str, site_key: str) -> float | None:
        """Seconds since the form was opened; None when the token is not one of ours for this site."""
        try:
            signed_site, opened = self._forms.loads(token)
        except (BadSignature, ValueError, TypeError):
            return None
        if signed_site != site_key:
            return None
        return (clock.microseconds(clock.now()) - int(opened)) / 1_000_000


def new_secret() -> str:
    """A random token of 256 bits, base64url."""
    return secrets.token_urlsafe(32)


def today() -> str:
    """Today's date in UTC, the name of today's day key."""
    return clock.now().date().isoformat()


def day_key(session: Session, day: str) -> bytes:
    """The random key of `day`, made at its first use. Needs a writing session."""
    found = session.scalar(select(DayKey.key).where(DayKey.day == day))
    if found is not None:
        return found
    fresh = db.insert(session, DayKey).values(day=day, key=secrets.token_bytes(32))
    session.execute(fresh.on_conflict_do_nothing())
    key: bytes = session.scalars(select(DayKey.key).where(DayKey.day == day)).one()
    return key


def hashed(session: Session, signer: Signer, bucket: str) -> HashedBucket:
    """The bucket as it is stored today. Needs a writing session."""
    day = today()
    return signer.bucket(day, day_key(session, day), bucket)


def hashed_today(session: Session, signer: Signer, bucket: str, known: Mapping[str, bytes]) -> HashedBucket:
    """As `hashed`, without a look at the database when `known` (see `hashed_on`) has today's hash."""
    day = today()
    return HashedBucket(day, known[day]) if day in known else hashed(session, signer, bucket)


def hashed_on(session: Session, signer: Signer, bucket: str, days: Iterable[str]) -> Mapping[str, bytes]:
    """The bucket's hash on each of the given days whose key still exists.

    This is how a bucket met earlier is recognised, although each day hashes it differently.
    """
    wanted = set(days)
    if not wanted:
        return {}
    rows = session.execute(select(DayKey.day, DayKey.key).where(DayKey.day.in_(wanted)))
    return {day: signer.bucket(day, key, bucket).hash for day, key in rows}
