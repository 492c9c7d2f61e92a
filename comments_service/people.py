"""Moderators as people: their roles, sign-in links, sessions and API tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from . import clock, identity
from .errors import Invalid, NotFound, Refused
from .identity import Signer
from .models import Grant, Moderator, SignInLink, SignInSession, Site, Token
from .models.moderator import ROLES
from .text import names

LINK_LIFETIME = timedelta(minutes=15)
SESSION_IDLE = timedelta(hours=12)
SESSION_LIFETIME = timedelta(days=7)
USE_NOTED_EVERY = timedelta(minutes=1)
SIGN_IN_PATH = "/moderate/sign-in"


@dataclass(frozen=True)
class Person:
    """A moderator who was not removed; `roles` by site id, the key None means all sites."""

    id: int
    name: str
    roles: Mapping[int | None, str]

    def role_on(self, site_id: int) -> str | None:
        """The person's role there, the higher of the site's own and that on all sites."""
        held = {self.roles[key] for key in (site_id, None) if key in self.roles}
        return max(held, key=ROLES.index, default=None)

    def sites(self, session: Session) -> list[Site]:
        """The sites they may see, by key."""
        query = select(Site).order_by(Site.key)
        if None not in self.roles:
            query = query.where(Site.id.in_(self.roles))
        return list(session.scalars(query))


@dataclass(frozen=True)
class IssuedToken:
    """What may be shown of an API token: never the token itself, which nobody keeps."""

    id: int
    person: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class Device:
    """A signed-in browser of a person; of its secret nothing is told but whether it `is_this` one."""

    id: int
    moderator_id: int
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    is_this: bool


def add(session: Session, *, name: str, sites: Sequence[str] | None, role: str) -> int:
    """Give a person a role on the named sites (None: on all of them) and return their id.

    Adding a person again extends what they hold, and changes the role where they have one.
    Raises Invalid for a bad name or role or no site at all, NotFound for an unknown site.
    """
    name = names.normalise(name)
    if role not in ROLES:
        raise Invalid.field("role", "invalid", f"A role is one of: {', '.join(ROLES)}.")
    site_ids = [None] if sites is None else _site_ids(session, sites)
    person = session.scalars(select(Moderator).where(Moderator.name == name).with_for_update()).first()
    if person is None:
        person = Moderator(name=name, created_at=clock.now())
        session.add(person)
    person.removed_at = None
    session.flush()  # its id is what grants refer to
    for site_id in site_ids:
        _grant(session, person.id, site_id, role)
    return person.id


def remove(session: Session, name: str) -> None:
    """Take everything from a person: roles, tokens, links, sessions. Their decisions keep their name.

    Raises NotFound.
    """
    person = _locked(session, name)
    now = clock.now()
    person.removed_at = now
    session.execute(delete(Grant).where(Grant.moderator_id == person.id))
    session.execute(delete(SignInLink).where(SignInLink.moderator_id == person.id))
    session.execute(
        update(Token)
        .where(Token.moderator_id == person.id, Token.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    session.execute(
        update(SignInSession)
        .where(SignInSession.moderator_id == person.id, SignInSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def listed(session: Session) -> list[Person]:
    """Everybody who was not removed, by name."""
    return _people(session, Moderator.removed_at.is_(None))


def check_unchanged(session: Session, person: Person) -> None:
    """Raises Refused when a person was removed, or their roles changed, since they were looked up.

    Nor can either happen before the transaction ends.
    """
    # The lock that a decision's foreign key takes anyway.
    held = select(Moderator.id).where(Moderator.id == person.id)
    session.execute(held.with_for_update(read=True, key_share=True))
    if _person(session, Moderator.id == person.id) != person:
        raise Refused("Your role has just been changed. Please look again.", code="role")


def make_link(session: Session, signer: Signer, name: str) -> str:
    """The secret of a one-time sign-in link, good for 15 minutes; older links of the person die.

    Raises NotFound.
    """
    person = _locked(session, name)
    session.execute(
        delete(SignInLink).where(SignInLink.moderator_id == person.id, SignInLink.used_at.is_(None))
    )
    secret, now = identity.new_secret(), clock.now()
    session.add(
        SignInLink(
            moderator_id=person.id,
            hash=signer.token(secret),
            created_at=now,
            expires_at=now + LINK_LIFETIME,
        )
    )
    return secret


def link_address(public_url: str, secret: str) -> str:
    """Where a link leads; the secret stands in the query, which no log keeps."""
    return f"{public_url}{SIGN_IN_PATH}?token={secret}"


def peek_link(session: Session, signer: Signer, token: str) -> Person | None:
    """Whom a link would sign in; uses nothing up, so that mail scanners may open it."""
    now = clock.now()
    link = select(SignInLink.moderator_id).where(
        SignInLink.hash == signer.token(token), SignInLink.used_at.is_(None), SignInLink.expires_at > now
    )
    return _person(session, Moderator.id == link.scalar_subquery())


def use_link(session: Session, signer: Signer, token: str) -> str:
    """Use a link up, exactly once, and return the secret of a new session; raises Refused."""
    now = clock.now()
    statement = (
        update(SignInLink)
        .where(
            SignInLink.hash == signer.token(token), SignInLink.used_at.is_(None), SignInLink.expires_at > now
        )
        .values(used_at=now)
        .returning(SignInLink.moderator_id)
        .execution_options(synchronize_session=False)
    )
    moderator_id = session.execute(statement).scalar()
    if moderator_id is None or _person(session, Moderator.id == moderator_id) is None:
        raise Refused("This sign-in link was used already, or is too old.", code="sign_in_link")
    secret = identity.new_secret()
    session.add(
        SignInSession(
            moderator_id=moderator_id,
            hash=signer.token(secret),
            created_at=now,
            last_used_at=now,
            expires_at=now + SESSION_IDLE,
        )
    )
    return secret


def person_of_session(session: Session, signer: Signer, secret: str) -> Person | None:
    """Who is signed in with this secret: used within 12 hours, begun within 7 days, not ended."""
    signed_in = select(SignInSession.moderator_id).where(
        SignInSession.hash == signer.token(secret),
        SignInSession.revoked_at.is_(None),
        SignInSession.expires_at > clock.now(),
    )
    return _person(session, Moderator.id == signed_in.scalar_subquery())


def session_use_is_due(session: Session, signer: Signer, secret: str) -> bool:
    """Whether `note_session_use` has something to write; asked first, it spares the write turn."""
    last_used = session.scalar(
        select(SignInSession.last_used_at).where(SignInSession.hash == signer.token(secret))
    )
    return last_used is not None and last_used <= clock.now() - USE_NOTED_EVERY


def note_session_use(session: Session, signer: Signer, secret: str) -> None:
    """Let a session live on, at most once a minute and never past 7 days; a dead one stays dead."""
    now = clock.now()
    found = session.scalars(
        select(SignInSession)
        .where(
            SignInSession.hash == signer.token(secret),
            SignInSession.revoked_at.is_(None),
            SignInSession.expires_at > now,
            SignInSession.last_used_at <= now - USE_NOTED_EVERY,
        )
        .with_for_update()
    ).first()
    if found is not None:
        found.last_used_at = now
        found.expires_at = min(now + SESSION_IDLE, found.created_at + SESSION_LIFETIME)


def devices(session: Session, signer: Signer, secret: str = "") -> list[Device]:
    """Every browser that is signed in, the last used first; `secret` is that of the one that asks."""
    query = (
        select(SignInSession)
        .where(SignInSession.revoked_at.is_(None), SignInSession.expires_at > clock.now())
        .order_by(SignInSession.last_used_at.desc(), SignInSession.id.desc())
    )
    ours = signer.token(secret)
    return [
        Device(row.id, row.moderator_id, row.created_at, row.last_used_at, row.expires_at, row.hash == ours)
        for row in session.scalars(query)
    ]


def end_sessions(session: Session, moderator_id: int, *, session_id: int | None = None) -> int:
    """Sign a person out on one device, or on all of them; returns how many that were."""
    query = update(SignInSession).where(
        SignInSession.moderator_id == moderator_id, SignInSession.revoked_at.is_(None)
    )
    if session_id is not None:
        query = query.where(SignInSession.id == session_id)
    ended = query.values(revoked_at=clock.now()).returning(SignInSession.id)
    return len(session.execute(ended.execution_options(synchronize_session=False)).all())


def end_session(session: Session, signer: Signer, secret: str) -> None:
    """Sign out; nothing happens when there is no such session."""
    session.execute(
        update(SignInSession)
        .where(SignInSession.hash == signer.token(secret), SignInSession.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def add_token(session: Session, signer: Signer, name: str) -> str:
    """A new API token of that person, to be shown once; raises NotFound."""
    person = _locked(session, name)
    secret = identity.new_secret()
    session.add(Token(moderator_id=person.id, hash=signer.token(secret), created_at=clock.now()))
    return secret


def tokens(session: Session) -> list[IssuedToken]:
    """All API tokens, the oldest first."""
    query = (
        select(Token.id, Moderator.name, Token.created_at, Token.last_used_at, Token.revoked_at)
        .join(Moderator, Moderator.id == Token.moderator_id)
        .order_by(Token.id)
    )
    return [IssuedToken(*row) for row in session.execute(query)]


def revoke_token(session: Session, token_id: int) -> None:
    """End an API token; once more changes nothing. Raises NotFound."""
    found = session.get(Token, token_id)
    if found is None:
        raise NotFound(f"There is no token {token_id}.", code="token_not_found")
    if found.revoked_at is None:
        found.revoked_at = clock.now()


def person_of_token(session: Session, signer: Signer, token: str) -> Person | None:
    """Whose API token this is; None when it is unknown or revoked."""
    owner = select(Token.moderator_id).where(Token.hash == signer.token(token), Token.revoked_at.is_(None))
    return _person(session, Moderator.id == owner.scalar_subquery())


def token_use_is_due(session: Session, signer: Signer, token: str) -> bool:
    """Whether `note_token_use` has something to write; asked first, it spares the write turn."""
    row = session.execute(select(Token.last_used_at).where(Token.hash == signer.token(token))).first()
    if row is None:
        return False
    return row.last_used_at is None or row.last_used_at <= clock.now() - USE_NOTED_EVERY


def note_token_use(session: Session, signer: Signer, token: str) -> None:
    """Keep when a token was last used, at most once a minute."""
    now = clock.now()
    session.execute(
        update(Token)
        .where(
            Token.hash == signer.token(token),
            Token.last_used_at.is_(None) | (Token.last_used_at <= now - USE_NOTED_EVERY),
        )
        .values(last_used_at=now)
        .execution_options(synchronize_session=False)
    )


def _person(session: Session, where: ColumnElement[bool]) -> Person | None:
    return next(iter(_people(session, where & Moderator.removed_at.is_(None))), None)


def _people(session: Session, where: ColumnElement[bool]) -> list[Person]:
    query = (
        select(Moderator.id, Moderator.name, Grant.site_id, Grant.role)
        .outerjoin(Grant, Grant.moderator_id == Moderator.id)
        .where(where)
        .order_by(Moderator.name)
    )
    roles: dict[tuple[int, str], dict[int | None, str]] = {}
    for row in session.execute(query):
        held = roles.setdefault((row.id, row.name), {})
        if row.role is not None:
            held[row.site_id] = row.role
    return [Person(id, name, held) for (id, name), held in roles.items()]


def _locked(session: Session, name: str) -> Moderator:
    query = select(Moderator).where(Moderator.name == names.normalise(name), Moderator.removed_at.is_(None))
    found = session.scalars(query.with_for_update()).first()
    if found is None:
        raise NotFound(f"There is no moderator {name!r}.", code="moderator_not_found")
    return found


def _site_ids(session: Session, keys: Iterable[str]) -> list[int | None]:
    wanted = dict.fromkeys(keys)
    if not wanted:
        raise Invalid.field("sites", "required", "Name at least one site, or all sites.")
    rows = session.execute(select(Site.key, Site.id).where(Site.key.in_(wanted)))
    known: dict[str, int] = {row.key: row.id for row in rows}
    for key in wanted:
        if key not in known:
            raise NotFound(f"There is no site {key!r}.", code="site_not_found")
    return [known[key] for key in wanted]


def _grant(session: Session, moderator_id: int, site_id: int | None, role: str) -> None:
    place = Grant.site_id.is_(None) if site_id is None else Grant.site_id == site_id
    held = session.scalars(select(Grant).where(Grant.moderator_id == moderator_id, place)).first()
    if held is None:
        session.add(Grant(moderator_id=moderator_id, site_id=site_id, role=role))
    else:
        held.role = role
