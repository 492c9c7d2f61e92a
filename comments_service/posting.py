"""Posting, editing and withdrawing: what readers do with their own comments."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from . import checks, clock, db, identity, publishing, searching
from .checks import AuthorFacts, Draft, Found, Seen, ThreadFacts, Verdict
from .errors import CommentNotFound, FieldError, Invalid, NotFound, Refused
from .identity import HashedBucket, Reader, Signer
from .models import (
    PENDING,
    PUBLISHED,
    SPAM,
    WITHDRAWN,
    Author,
    Ban,
    Comment,
    DayKey,
    Evidence,
    IdempotencyKey,
    Revision,
    Site,
    Thread,
    ThreadAlias,
)
from .models.comment import BANDS
from .models.decision import DISCARD, HOLD
from .models.policy import Policy
from .prepared import Prepared
from .publishing import Because, State
from .reading import finding, own
from .text import bodies, duplicates, names, near, slugs
from .text.near import NO_BANDS, Bands
from .text.render import POLICY_VERSION, Rendered, render

CREATED, ACCEPTED = 201, 202
LONGEST_REASON = 500
LONGEST_RULE = 200
# Built once, and run on the connection: posting is the busiest write.
_ADD_REVISION = insert(cast(Table, Revision.__table__))
_THREAD_COLUMNS = (
    Thread.id,
    Thread.slug,
    Thread.mode,
    Thread.closes_at,
    Thread.slow_seconds,
    Thread.opened_at,
)
_AUTHOR_COLUMNS = (Author.id, Author.published, Author.rejected, Author.trusted_at)
_BY_SLUG = select(Thread.id).where(Thread.site_id == bindparam("site"), Thread.slug == bindparam("slug"))
_BY_ALIAS = select(ThreadAlias.thread_id).where(
    ThreadAlias.site_id == bindparam("site"), ThreadAlias.slug == bindparam("slug")
)
_BAN_DAYS = select(Ban.bucket_day).where(
    Ban.site_id == bindparam("site"), Ban.bucket_day.is_not(None), Ban.lifted_at.is_(None)
)
# The thread of a slug or alias, the author, what their first request with the same key did, and today's key.
_ARRIVAL = Prepared(
    select(
        *_THREAD_COLUMNS,
        *_AUTHOR_COLUMNS,
        IdempotencyKey.comment_id,
        IdempotencyKey.http_status,
        IdempotencyKey.payload_hash,
        DayKey.key,
        exists(_BAN_DAYS.where(Ban.bucket_day != bindparam("today"))),
    )
    .select_from(select(literal(1).label("always")).subquery())
    .outerjoin(Thread, Thread.id == func.coalesce(_BY_SLUG.scalar_subquery(), _BY_ALIAS.scalar_subquery()))
    .outerjoin(Author, and_(Author.site_id == bindparam("site"), Author.key_hash == bindparam("key_hash")))
    .outerjoin(
        IdempotencyKey,
        and_(IdempotencyKey.author_id == Author.id, IdempotencyKey.key == bindparam("key")),
    )
    .outerjoin(DayKey, DayKey.day == bindparam("today"))
)
# A thread and an author who are both known already.
_MET = Prepared(
    select(*_THREAD_COLUMNS, *_AUTHOR_COLUMNS)
    .join_from(Thread, Author, Author.site_id == Thread.site_id)
    .where(
        and_(Thread.id == bindparam("thread"), Thread.slug == bindparam("slug")),
        and_(Author.id == bindparam("author"), Author.name == bindparam("name")),
    )
)
_DAY_KEYS = select(DayKey.day, DayKey.key).where(
    or_(DayKey.day == bindparam("today"), DayKey.day == bindparam("yesterday"), DayKey.day.in_(_BAN_DAYS))
)
LOOKED_AT_AGAIN = "A moderator looks at your changes first."


@dataclass(frozen=True)
class Words:
    """What a reader sent with a new comment. `key` names the request, so that a retry is safe."""

    slug: str
    body: str
    name: str
    parent: int | None = None
    form: str = ""
    subject: str = ""
    key: str | None = None

    def digest(self) -> bytes:
        """What must be equal for a retry to be the same request; the form's time may differ."""
        payload = [self.slug, self.body, self.name, self.parent, self.subject]
        return hashlib.sha256(json.dumps(payload).encode()).digest()


@dataclass(frozen=True)
class Posted:
    """What the writer learns: the comment as it is now, and until when they may edit it.

    `http_status` is 201 when it was published at once, 202 when it waits; `reason` says why it waits.
    """

    comment: Mapping[str, Any]
    http_status: int
    edit_until: datetime | None
    reason: str | None
    signer: Signer = field(repr=False)

    @property
    def edit_token(self) -> str | None:
        """What allows to edit it until then. Signed when it is asked for: no turn to write waits for that."""
        if self.edit_until is None:
            return None
        return self.signer.edit_token(self.comment["id"], self.edit_until)


@dataclass(frozen=True)
class Arrival:
    """New words with what the database knew of their thread and their writer when they came.

    `thread` is None while the slug is new, `author` None for somebody unknown; `buckets` are as in a Draft.
    `key_hash` is what is stored of the author key, `bucket` the address as it will be hashed. `replayed` is
    what an earlier request with the same key did.
    """

    signer: Signer
    site: Site
    key_hash: bytes | None
    bucket: str
    words: Words
    thread: ThreadFacts | None
    author: AuthorFacts | None
    buckets: Mapping[str, bytes]
    replayed: Posted | None


@dataclass(frozen=True)
class Post:
    """A comment that was judged and rendered; `store` is the work that `db.write` runs."""

    arrival: Arrival
    policy: Policy
    draft: Draft
    verdict: Verdict
    rendered: Rendered
    # What the search keeps.
    kept: str
    # What is kept of the words with the request's key.
    payload: bytes

    @property
    def makes_thread(self) -> bool:
        """Whether nobody has written under this article yet."""
        return self.draft.thread is None

    def store(self, session: Session) -> Posted:
        """Store the comment with all that belongs to it. What must be exact is looked up again here.

        Raises Refused, Conflict, TooFast or NotFound as `prepare` does.
        """
        now = clock.now()
        thread, author = self._met(session, now)
        signer, words = self.arrival.signer, self.arrival.words
        bucket = identity.hashed_today(session, signer, self.arrival.bucket, self.draft.buckets)
        seen = _look(session, self.draft, words, thread, author)
        if seen.first_id is not None:
            # A twin of this request was stored since the view looked.
            return _replayed(session, signer, self.policy, seen, self.payload)
        # A new thread had no row when the draft was judged; being new, it cannot be unregistered now.
        self.draft.thread, self.draft.author, self.draft.bucket = thread, author, bucket
        _raise_refusal(checks.judge_again(session, self.draft))
        _raise_without_parent(seen, words)
        fields = self._fields(thread, author, seen.root_id, bucket, now)
        key = self._key(author, now)
        return (
            self._published(session, fields, key) if self.is_published else self._held(session, fields, key)
        )

    @property
    def is_published(self) -> bool:
        """Whether no check objected."""
        return self.verdict.action == "publish"

    def _published(
        self, session: Session, fields: Mapping[str, Any], key: Mapping[str, Any] | None
    ) -> Posted:
        revision = _revision(1, self.draft.body, self.rendered.html, fields["created_at"])
        comment_id = publishing.add(session, fields, revision=revision, words=self.kept, key=key)
        return self._as_posted(fields, comment_id, PUBLISHED, None)

    def _held(self, session: Session, fields: Mapping[str, Any], key: Mapping[str, Any] | None) -> Posted:
        is_discarded = self.verdict.action == "discard"
        reason = self.verdict.reason[:LONGEST_REASON]
        comment_id = publishing.hold(
            session,
            fields,
            status=SPAM if is_discarded else PENDING,
            reason=reason,
            because=Because(DISCARD if is_discarded else HOLD),
            revision=_revision(1, self.draft.body, self.rendered.html, fields["created_at"]),
            words=self.kept,
            evidence=[_evidence(found) for found in self.verdict.evidence],
            key=key,
        )
        return self._as_posted(fields, comment_id, PENDING, reason)

    def _as_posted(
        self, fields: Mapping[str, Any], comment_id: int, status: str, reason: str | None
    ) -> Posted:
        """The answer: what `own` would read back. A discarded comment looks like a held one."""
        shown = {
            "id": comment_id,
            "parent": fields["parent_id"],
            "name": fields["name"],
            "badge": None,
            "html": self.rendered.html,
            "created_at": fields["created_at"],
            "edited_at": None,
            "status": status,
            "revision": 1,
            "score": 0,
        }
        until = _edit_until(self.policy, fields["created_at"])
        http_status = CREATED if status == PUBLISHED else ACCEPTED
        return Posted(shown, http_status, until, reason, self.arrival.signer)

    def _key(self, author: AuthorFacts | None, now: datetime) -> Mapping[str, Any] | None:
        """What is kept of the request's key; a request that is refused keeps nothing."""
        if author is None or self.arrival.words.key is None:
            return None
        return {
            "author_id": author.id,
            "key": self.arrival.words.key,
            "payload_hash": self.payload,
            "http_status": CREATED if self.is_published else ACCEPTED,
            "created_at": now,
        }

    def _met(self, session: Session, now: datetime) -> tuple[ThreadFacts, AuthorFacts | None]:
        """The thread, locked, and after it the author; each made if it is new."""
        site_id, slug, name = self.arrival.site.id, self.arrival.words.slug, self.draft.name
        key_hash = self.arrival.key_hash
        if key_hash is None:
            return _make_thread(session, site_id, slug, now), None
        if _dialect(session) == "postgresql":
            return _meet_at_once(session, site_id, slug, key_hash, name, now)
        if (both := self._known(session)) is not None:
            return both
        thread = _make_thread(session, site_id, slug, now)
        return thread, meet_author(session, site_id, key_hash, name, now)

    def _known(self, session: Session) -> tuple[ThreadFacts, AuthorFacts] | None:
        """Both as they are now, if they were met before and are called the same.

        On SQLite, where nobody else changes them meanwhile, reading is cheaper than writing what is there.
        """
        thread, author = self.arrival.thread, self.arrival.author
        if thread is None or author is None:
            return None
        names = {"slug": self.arrival.words.slug, "name": self.draft.name}
        values = {"thread": thread.id, "author": author.id, **names}
        row = _MET.first(session.connection(), values)
        if row is None:
            return None
        return ThreadFacts(*row[: len(_THREAD_COLUMNS)]), AuthorFacts(*row[len(_THREAD_COLUMNS) :])

    def _fields(
        self,
        thread: ThreadFacts,
        author: AuthorFacts | None,
        root_id: int | None,
        bucket: HashedBucket,
        now: datetime,
    ) -> dict[str, Any]:
        return {
            "site_id": self.draft.site_id,
            "thread_id": thread.id,
            "parent_id": self.arrival.words.parent,
            "root_id": root_id,
            "author_id": author.id if author else None,
            "name": self.draft.name,
            "fingerprint": self.draft.fingerprint,
            "bucket": bucket.hash,
            "bucket_day": bucket.day,
            **_stored(self.draft.bands),
            "cluster_id": self.verdict.cluster,
            "created_at": now,
        }


@dataclass(frozen=True)
class Edit:
    """A new revision that was judged and rendered; `store` is the work that `db.write` runs."""

    signer: Signer
    site: Site
    policy: Policy
    comment_id: int
    body: str
    draft: Draft
    verdict: Verdict
    rendered: Rendered

    def store(self, session: Session) -> Posted:
        """Store the revision: published in place of the last one, or held beside it."""
        comment = publishing.lock(session, self.site.id, self.comment_id)
        if comment is None or comment.status == WITHDRAWN:
            raise CommentNotFound
        self.draft.thread = _thread_facts(session.get_one(Thread, comment.thread_id))
        _look(session, self.draft)
        _raise_refusal(checks.judge_again(session, self.draft))
        latest = _latest_revision(session, comment.id)
        if latest.body == self.body:
            return _posted(session, self.signer, self.policy, comment)
        _add_revision(session, comment.id, latest.revision + 1, self.body, self.rendered.html, clock.now())
        self._liken(comment)
        _judge_into(session, comment, self.verdict, latest.revision + 1)
        return _posted(session, self.signer, self.policy, comment)

    def _liken(self, comment: Comment) -> None:
        """What finds its duplicates is of the newest text."""
        comment.fingerprint = self.draft.fingerprint
        _set_bands(comment, self.draft.bands)
        cluster = self.verdict.cluster
        comment.cluster_id = cluster if cluster != comment.id else None


def normalised(words: Words, *, longest: int) -> Words:
    """The words in their stored form. Raises Invalid naming every field that is not right."""
    errors: list[FieldError] = []
    values: dict[str, str] = {}
    for name, normalise in (
        ("slug", slugs.normalise),
        ("name", names.normalise),
        ("body", lambda raw: bodies.normalise(raw, longest=longest)),
    ):
        try:
            values[name] = normalise(getattr(words, name))
        except Invalid as error:
            errors.extend(error.errors)
    if errors:
        raise Invalid(*errors)
    return Words(**{**words.__dict__, **values})


def arrive(session: Session, *, signer: Signer, site: Site, reader: Reader, words: Words) -> Arrival:
    """Look at where the words go and whose they are. `words` are normalised; needs no limit.

    Raises Invalid when the request's key came with other words before, or without an author key.
    """
    if words.key is not None and reader.author_key is None:
        raise Invalid.field("author_key", "required", "A key needs an author_key, in whose scope it is.")
    today = identity.today()
    key_hash = signer.author(site.id, reader.author_key) if reader.author_key is not None else None
    asked = {
        "site": site.id,
        "slug": words.slug,
        # No author has an empty hash, and no request an empty key.
        "key_hash": key_hash or b"",
        "key": words.key or "",
        "today": today,
    }
    row = list(_ARRIVAL.one(session.connection(), asked))
    of_thread, of_author = row[: len(_THREAD_COLUMNS)], row[len(_THREAD_COLUMNS) : -5]
    first_id, first_status, first_payload, day_key, has_ban_days = row[-5:]
    thread = ThreadFacts(*of_thread) if of_thread[0] is not None else None
    author = AuthorFacts(*of_author) if of_author[0] is not None else None
    if has_ban_days or (thread is not None and thread.slow_seconds):
        buckets = _buckets(session, signer, site.id, reader.bucket)
    else:
        buckets = _hashed(signer, reader.bucket, [(today, day_key)] if day_key else [])
    replayed = None
    if first_id is not None:
        seen = Seen(first_id=first_id, first_status=first_status, first_payload=first_payload)
        replayed = _replayed(session, signer, Policy.of(site), seen, words.digest())
    return Arrival(signer, site, key_hash, reader.bucket, words, thread, author, buckets, replayed)


def prepare(session: Session, arrival: Arrival) -> Post:
    """Judge and render a new comment, before the write turn.

    Raises Refused (closed thread, ban), TooFast (slow mode), Conflict (the author's own duplicate),
    NotFound (no such parent) and Invalid (words the site refuses).
    """
    signer, site, words = arrival.signer, arrival.site, arrival.words
    thread, author, buckets = arrival.thread, arrival.author, arrival.buckets
    policy = Policy.of(site)
    fingerprint, bands = duplicates.fingerprint(words.body), near.bands(words.body)
    seen = checks.look(
        session,
        site_id=site.id,
        thread=thread,
        author=author,
        buckets=buckets,
        fingerprint=fingerprint,
        parent=words.parent,
        bands=bands,
    )
    _raise_without_parent(seen, words)
    rendered = _rendered(words.body)
    draft = Draft(
        site_id=site.id,
        policy=policy,
        thread=thread,
        author=author,
        name=words.name,
        body=words.body,
        shown=rendered.text,
        links=rendered.links,
        fingerprint=fingerprint,
        bands=bands,
        subject=words.subject,
        form_age=signer.form_age(words.form, site.key) if words.form else None,
        buckets=buckets,
        seen=seen,
    )
    verdict = _raise_refusal(checks.judge(session, draft))
    kept = searching.of_comment(words.name, words.body)
    return Post(arrival, policy, draft, verdict, rendered, kept, words.digest())


def prepare_edit(
    session: Session,
    *,
    signer: Signer,
    site: Site,
    reader: Reader,
    comment_id: int,
    body: str,
    edit_token: str,
    longest: int,
) -> Edit:
    """Judge and render a new revision. Raises Refused when the token is wrong or late, and as `prepare`."""
    signer.check_edit_token(edit_token, comment_id)
    comment = session.scalars(
        select(Comment).where(Comment.id == comment_id, Comment.site_id == site.id)
    ).first()
    if comment is None or comment.status == WITHDRAWN:
        raise CommentNotFound
    body = bodies.normalise(body, longest=longest)
    rendered = _rendered(body)
    policy = Policy.of(site)
    draft = Draft(
        site_id=site.id,
        policy=policy,
        thread=_thread_facts(session.get_one(Thread, comment.thread_id)),
        author=_author_facts(session, comment.author_id),
        name=comment.name,
        body=body,
        shown=rendered.text,
        links=rendered.links,
        fingerprint=duplicates.fingerprint(body),
        bands=near.bands(body),
        comment_id=comment_id,
        buckets=_buckets(session, signer, site.id, reader.bucket),
    )
    _look(session, draft, bands=draft.bands)
    verdict = _raise_refusal(checks.judge(session, draft))
    return Edit(signer, site, policy, comment_id, body, draft, verdict, rendered)


def withdraw(
    session: Session,
    *,
    signer: Signer,
    site: Site,
    comment_id: int,
    author_key: str | None,
    edit_token: str | None,
) -> None:
    """The author takes a comment back: it hides at once, and is erased by the purge.

    Needs the author key (at any time) or a valid edit token. Raises Refused for a wrong one. Taking
    back twice is as good as once.
    """
    is_allowed = _is_allowed(signer, comment_id, edit_token, author_key)
    comment = publishing.lock(session, site.id, comment_id)
    if comment is None:
        raise CommentNotFound
    if not is_allowed:
        _check_ownership(session, signer, site, comment, author_key)
    if comment.status != WITHDRAWN:
        comment.withdrawn_at = clock.now()
        _set_bands(comment, NO_BANDS)  # who takes back what they said may say it again
        publishing.change(session, comment, State(WITHDRAWN, comment.revision))


def meet_author(session: Session, site_id: int, key_hash: bytes, name: str, now: datetime) -> AuthorFacts:
    """The author with this key, made at their first act; keeps the latest name."""
    values = {"site": site_id, "key_hash": key_hash, "name": name, "now": now}
    return AuthorFacts(*session.connection().execute(_author_upsert(_dialect(session)), values).one())


def _make_thread(session: Session, site_id: int, slug: str, now: datetime) -> ThreadFacts:
    """The slug's thread, locked; made if it is new. One statement, so that two firsts make one thread."""
    values = {"site": site_id, "slug": slug, "now": now}
    row = session.connection().execute(_thread_upsert(_dialect(session)), values).one()
    return _checked_thread(session, site_id, now, row)


def _checked_thread(session: Session, site_id: int, now: datetime, row: Any) -> ThreadFacts:
    thread = ThreadFacts(*row[: len(_THREAD_COLUMNS)])
    if row.made_at == now and (moved_to := session.scalar(_alias(site_id, thread.slug))) is not None:
        # The slug is an alias: nobody may find a second thread here.
        session.execute(delete(Thread).where(Thread.id == thread.id))
        return _locked_thread(session, moved_to)
    if row.made_at == now:
        searching.keep_threads(session, [thread.id])
    return thread


def _meet_at_once(
    session: Session, site_id: int, slug: str, key_hash: bytes, name: str, now: datetime
) -> tuple[ThreadFacts, AuthorFacts]:
    """The thread and the author in one round trip, which PostgreSQL can do."""
    values = {"site": site_id, "slug": slug, "key_hash": key_hash, "name": name, "now": now}
    row: Any = session.connection().execute(_both_upserts(), values).one()
    thread = _checked_thread(session, site_id, now, row)
    return thread, AuthorFacts(*row[len(_THREAD_COLUMNS) + 1 :])


@cache
def _both_upserts() -> Select[Any]:
    thread = _thread_upsert("postgresql").cte("of_thread")
    names = ("site_id", "key_hash", "name", "created_at")
    values = [
        bindparam(bound, type_=Author.__table__.c[name].type)
        for bound, name in zip(("site", "key_hash", "name", "now"), names, strict=True)
    ]
    # It selects from the thread's row, so that the thread is locked first: everybody locks in this order.
    fresh = postgresql.insert(Author).from_select(names, select(*values).select_from(thread))
    author = (
        fresh.on_conflict_do_update(
            index_elements=["site_id", "key_hash"], set_={"name": fresh.excluded.name}
        )
        .returning(*_AUTHOR_COLUMNS)
        .cte("of_author")
    )
    return select(*thread.c, *author.c).select_from(thread.join(author, true()))


@cache
def _thread_upsert(dialect: str) -> Any:
    statement = db.insert_on(dialect, Thread).values(
        site_id=bindparam("site"), slug=bindparam("slug"), created_at=bindparam("now")
    )
    statement = statement.on_conflict_do_update(
        index_elements=["site_id", "slug"], set_={"slug": statement.excluded.slug}
    )
    return statement.returning(*_THREAD_COLUMNS, Thread.created_at.label("made_at"))


@cache
def _author_upsert(dialect: str) -> Any:
    statement = db.insert_on(dialect, Author).values(
        site_id=bindparam("site"),
        key_hash=bindparam("key_hash"),
        name=bindparam("name"),
        created_at=bindparam("now"),
    )
    statement = statement.on_conflict_do_update(
        index_elements=["site_id", "key_hash"], set_={"name": statement.excluded.name}
    )
    return statement.returning(*_AUTHOR_COLUMNS)


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


def _alias(site_id: int, slug: str) -> Select[int]:
    return select(ThreadAlias.thread_id).where(ThreadAlias.site_id == site_id, ThreadAlias.slug == slug)


def _locked_thread(session: Session, thread_id: int) -> ThreadFacts:
    query = select(*_THREAD_COLUMNS).where(Thread.id == thread_id).with_for_update()
    return ThreadFacts(*session.execute(query).one())


def _judge_into(session: Session, comment: Comment, verdict: Verdict, revision: int) -> None:
    """Give an edited comment the state that the verdict on its newest revision asks for.

    A comment that waits, or was refused, is never published by an edit: a moderator looks first.
    """
    rows = [
        {**_evidence(found), "comment_id": comment.id, "revision": revision} for found in verdict.evidence
    ]
    session.add_all(Evidence(**row) for row in rows)
    is_public = comment.status == PUBLISHED
    if verdict.action == "publish" and is_public:
        comment.reason = None
        publishing.change(session, comment, State(PUBLISHED, revision))
        return
    comment.reason = (verdict.reason or comment.reason or LOOKED_AT_AGAIN)[:LONGEST_REASON]
    if is_public:
        state = State(PUBLISHED, comment.revision, held_revision=revision)
    else:
        state = State(SPAM if verdict.action == "discard" else PENDING, revision)
    action = DISCARD if verdict.action == "discard" else HOLD
    publishing.change(session, comment, state, Because(action, revision=revision))


def _posted(session: Session, signer: Signer, policy: Policy, comment: Comment) -> Posted:
    session.flush()  # the comment is read back as its author will see it
    shown = own.own(session, comment.id)
    status = CREATED if shown["status"] == PUBLISHED else ACCEPTED
    return _answer(signer, policy, comment, shown, status)


def _answer(
    signer: Signer, policy: Policy, comment: Comment, shown: Mapping[str, Any], status: int
) -> Posted:
    until = _edit_until(policy, comment.created_at) if comment.status != WITHDRAWN else None
    reason = comment.reason if shown["status"] == PENDING else None
    return Posted(shown, status, until, reason, signer)


def _edit_until(policy: Policy, created_at: datetime) -> datetime | None:
    """Until when a comment may be edited; None once that time is over."""
    until = created_at + timedelta(minutes=policy.edit_minutes)
    return until if until > clock.now() else None


def _replayed(session: Session, signer: Signer, policy: Policy, seen: Seen, payload: bytes) -> Posted:
    """The answer to a request that was stored before: `seen` holds what it left."""
    if seen.first_payload != payload:
        raise Invalid.field("key", "reused", "This key was used for another comment.")
    comment = session.get_one(Comment, seen.first_id)
    return _answer(signer, policy, comment, own.own(session, comment.id), seen.first_status or CREATED)


def _raise_without_parent(seen: Seen, words: Words) -> None:
    if words.parent is not None and seen.root_id is None:
        raise NotFound("The comment you reply to is not here any more.", code="parent_not_found")


def _look(
    session: Session,
    draft: Draft,
    words: Words | None = None,
    thread: ThreadFacts | None = None,
    author: AuthorFacts | None = None,
    *,
    bands: Bands = NO_BANDS,
) -> Seen:
    """The look before a judgement, kept with the draft."""
    draft.seen = checks.look(
        session,
        site_id=draft.site_id,
        thread=thread or draft.thread,
        author=author or draft.author,
        buckets=draft.buckets,
        fingerprint=draft.fingerprint,
        edited=draft.comment_id,
        parent=words.parent if words else None,
        key=words.key if words else None,
        bands=bands,
    )
    return draft.seen


def _set_bands(comment: Comment, bands: Bands) -> None:
    for column, band in _stored(bands).items():
        setattr(comment, column, band)


def _stored(bands: Bands) -> dict[str, int | None]:
    """The columns of the least of them; the others only help to find."""
    return dict(zip(BANDS, bands, strict=False))


def _is_allowed(signer: Signer, comment_id: int, edit_token: str | None, author_key: str | None) -> bool:
    """Whether the token alone allows it. Without a key to fall back on, a wrong token is refused here,
    before the comment is looked up: it tells a stranger nothing about what is not public."""
    if edit_token is None:
        return False
    try:
        signer.check_edit_token(edit_token, comment_id)
    except Refused:
        if author_key is None:
            raise
        return False
    return True


def _check_ownership(
    session: Session, signer: Signer, site: Site, comment: Comment, author_key: str | None
) -> None:
    if author_key is None:
        raise Invalid.field("author_key", "required", "Send the author_key or a valid edit_token.")
    owner = finding.author_id(session, site.id, signer.author(site.id, author_key))
    if owner is None or owner != comment.author_id:
        if comment.status != PUBLISHED:
            raise CommentNotFound  # a stranger learns nothing of what is not public
        raise Refused("This comment belongs to somebody else.", code="not_yours")


def _rendered(body: str) -> Rendered:
    rendered = render(body)
    if rendered.is_blank:
        raise Invalid.field("body", "required", "Nothing of this would be seen; please write something.")
    return rendered


def _add_revision(
    session: Session, comment_id: int, revision: int, body: str, html: str, now: datetime
) -> None:
    values = {**_revision(revision, body, html, now), "comment_id": comment_id}
    session.connection().execute(_ADD_REVISION, values)


def _revision(revision: int, body: str, html: str, now: datetime) -> dict[str, Any]:
    return {
        "revision": revision,
        "body": body,
        "html": html,
        "policy_version": POLICY_VERSION,
        "salt": secrets.token_bytes(16),
        "created_at": now,
    }


def _evidence(found: Found) -> dict[str, Any]:
    return {
        "check": found.check,
        "rule": found.rule[:LONGEST_RULE],
        "start": found.start,
        "end": found.end,
        "score": found.score,
        "message": found.message[:LONGEST_REASON],
    }


def _latest_revision(session: Session, comment_id: int) -> Revision:
    query = select(Revision).where(Revision.comment_id == comment_id)
    return session.scalars(query.order_by(Revision.revision.desc()).limit(1)).one()


def _thread_facts(thread: Thread | None) -> ThreadFacts | None:
    if thread is None:
        return None
    return ThreadFacts(
        thread.id, thread.slug, thread.mode, thread.closes_at, thread.slow_seconds, thread.opened_at
    )


def _author_facts(session: Session, author_id: int | None) -> AuthorFacts | None:
    author = session.get(Author, author_id) if author_id is not None else None
    if author is None:
        return None
    return AuthorFacts(author.id, author.published, author.rejected, author.trusted_at)


def _buckets(session: Session, signer: Signer, site_id: int, bucket: str) -> Mapping[str, bytes]:
    """The address's hash of today and of yesterday, if anybody wrote then, and of each day of a ban."""
    yesterday = clock.now().date() - timedelta(days=1)
    values = {"site": site_id, "today": identity.today(), "yesterday": yesterday.isoformat()}
    return _hashed(signer, bucket, session.connection().execute(_DAY_KEYS, values).all())


def _hashed(signer: Signer, bucket: str, keys: Iterable[tuple[str, bytes]]) -> Mapping[str, bytes]:
    return {day: signer.bucket(day, key, bucket).hash for day, key in keys}


def _raise_refusal(verdict: Verdict) -> Verdict:
    if verdict.error is not None:
        raise verdict.error
    return verdict
