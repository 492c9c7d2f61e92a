"""The one function that changes a comment's status and keeps thread, counters and `shown` in step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    Table,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.attributes import set_committed_value

from . import clock, log, searching
from .db import UtcTime
from .models import (
    PENDING,
    PUBLISHED,
    REJECTED,
    SPAM,
    Author,
    Comment,
    CommentWords,
    Evidence,
    IdempotencyKey,
    Revision,
    Thread,
)
from .models.leaf import leaf
from .prepared import Prepared

REFUSED = (REJECTED, SPAM)


class State(NamedTuple):
    """What a decision sets: the status, the revision that is (or would be) public, and a held edit."""

    status: str
    revision: int
    held_revision: int | None = None

    @classmethod
    def of(cls, comment: Comment) -> State:
        """The comment's state now."""
        return cls(comment.status, comment.revision, comment.held_revision)


@dataclass(frozen=True)
class Because:
    """Why a state changes, as the log will say it. `moderator_id` is None when software acted."""

    action: str
    reason: str | None = None
    moderator_id: int | None = None
    note: str = ""
    reverses: int | None = None
    # The revision that was judged; by default the held one, if any.
    revision: int | None = None
    trusts: bool = False


def lock(session: Session, site_id: int, comment_id: int) -> Comment | None:
    """The comment with its thread and root locked, in that order; None if the site has no such comment.

    Everybody locks thread, root, comment in this order, so that nobody waits in a circle.
    """
    place = session.execute(
        select(Comment.thread_id, Comment.root_id).where(Comment.id == comment_id, Comment.site_id == site_id)
    ).first()
    if place is None:
        return None
    session.execute(select(Thread.id).where(Thread.id == place.thread_id).with_for_update())
    if place.root_id is not None:
        session.execute(select(Comment.id).where(Comment.id == place.root_id).with_for_update())
    return lock_in(session, place.thread_id, comment_id)


def lock_in(session: Session, thread_id: int, comment_id: int) -> Comment | None:
    """As `lock`, for a thread that this transaction has locked; None when the comment is not in it."""
    query = select(Comment).where(Comment.id == comment_id, Comment.thread_id == thread_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).first()


def lock_all(session: Session, thread_ids: Collection[int], comment_ids: Collection[int]) -> list[Comment]:
    """As `lock_in`, for all of these comments that are in one of the threads; in one statement.

    They stay current while this transaction changes others, as long as only `change` does.
    """
    query = select(Comment).where(Comment.id.in_(comment_ids), Comment.thread_id.in_(thread_ids))
    query = query.order_by(Comment.id).with_for_update().execution_options(populate_existing=True)
    return list(session.scalars(query))


def change(
    session: Session,
    comment: Comment,
    state: State,
    because: Because | None = None,
    chain: log.Chain | None = None,
) -> int | None:
    """Bring a comment into `state`; the only place where a status is set.

    `comment` comes from `lock`, or was inserted by this transaction; `chain` is the site's log, when many
    are changed. Returns the id of the decision
    written to the log, or None when nobody decided (an author's own act, a post that no check held).
    """
    before = State.of(comment)
    decision_id = _logged(session, comment, before, state, because, chain) if because else None
    if because is not None:
        comment.reviewed = because.moderator_id is not None and because.reverses is None
        if because.moderator_id is not None:
            comment.reason = None  # it waits no more
    elif state.revision != before.revision:
        comment.reviewed = False  # no moderator has seen this text
    was, will = before.status == PUBLISHED, state.status == PUBLISHED
    comment.status, comment.revision, comment.held_revision = state
    _keep_record(session, comment, before.status, state.status)
    if will and (not was or state.revision != before.revision):
        _show(session, comment, first=not was)
    elif was and not will:
        _hide(session, comment)
    elif comment.shown and before.status != state.status:
        touch(session, comment.thread_id)  # a tombstone says who removed it
    session.flush()
    if (state.held_revision or state.revision) != (before.held_revision or before.revision):
        searching.keep_comments(session, [comment.id])
    return decision_id


def touch(session: Session, thread_id: int, *, published: int = 0, numbers: int = 0) -> int:
    """Raise the thread's version, as every visible change must; returns the newest place given (`last_n`).

    `published` is added to the count, `numbers` to the places given.
    """
    values = _touching(thread_id, published, numbers)
    return int(_TOUCH.one(session.connection(), values)[0])


def redraw(session: Session, html: Mapping[tuple[int, int], str]) -> None:
    """Show these renderings, by comment and revision, of texts that stay as they are.

    Only what is public is drawn again, and only its threads get a new version.
    """
    is_public = and_(Comment.status == PUBLISHED, tuple_(Comment.id, Comment.revision).in_(html))
    touched = set(session.scalars(select(Comment.thread_id).where(is_public)))
    for thread_id in sorted(touched):
        touch(session, thread_id)
    comments = session.scalars(select(Comment).where(is_public).order_by(Comment.id).with_for_update()).all()
    for comment in comments:
        comment.leaf = _leaf(vars(comment), html[comment.id, comment.revision])
    for thread_id in sorted({comment.thread_id for comment in comments} - touched):
        touch(session, thread_id)  # moved there a moment ago
    session.flush()


def add(
    session: Session,
    fields: Mapping[str, Any],
    *,
    revision: Mapping[str, Any],
    words: str,
    key: Mapping[str, Any] | None = None,
) -> int:
    """Store a comment that is published at once, with its first revision and its request's key; its id.

    `fields` are the columns of the comment but those that are publishing's own, `revision` and `key` those
    of the rows beside it but the comment's id, `words` what the search keeps. It leaves exactly what
    inserting a pending comment and `change` would leave, in fewer statements (PostgreSQL: in one): posting
    is the busiest write.
    """
    made = leaf(
        name=fields["name"],
        badge=None,
        html=revision["html"],
        created_at=fields["created_at"],
        edited_at=None,
        revision=1,
    )
    whole = {**fields, "status": PUBLISHED, "revision": 1, "shown": True, "leaf": made}
    if session.get_bind().dialect.name == "postgresql":
        return _add_at_once(session, whole, revision, words, key)
    whole["n"] = touch(session, fields["thread_id"], published=1, numbers=1)
    _count_reply(session, fields["root_id"], 1)
    _record(session, fields["author_id"], published=1, rejected=0)
    return _add_in_turn(session, whole, revision, words, key)


def hold(
    session: Session,
    fields: Mapping[str, Any],
    *,
    status: str,
    reason: str,
    because: Because,
    revision: Mapping[str, Any],
    words: str,
    evidence: Sequence[Mapping[str, Any]],
    key: Mapping[str, Any] | None = None,
) -> int:
    """Store a comment that software keeps back, as `add` does, with evidence and decision; its id.

    `status` is pending or spam, `reason` the sentence for the author; `evidence` are the rows of that table
    but the comment's id and revision. It leaves exactly what inserting a pending comment and `change` would.
    """
    whole = {**fields, "status": status, "revision": 1, "reason": reason}
    if session.get_bind().dialect.name == "postgresql":
        comment_id = _add_at_once(session, whole, revision, words, key)
    else:
        comment_id = _add_in_turn(session, whole, revision, words, key)
    if evidence:
        rows = [{**found, "comment_id": comment_id, "revision": 1} for found in evidence]
        session.execute(_ADD_EVIDENCE, rows)
    _record(session, fields["author_id"], published=0, rejected=int(status in REFUSED))
    before = State(PENDING, 1)
    text_hash = log.text_hash(revision["salt"], revision["body"])
    log.append(session, _entry(fields["site_id"], comment_id, 1, text_hash, before, status, because))
    return comment_id


def _add_in_turn(
    session: Session,
    comment: Mapping[str, Any],
    revision: Mapping[str, Any],
    words: str,
    key: Mapping[str, Any] | None,
) -> int:
    connection = session.connection()
    comment_id = int(_ADD.one(connection, comment)[0])
    _ADD_REVISION.rows(connection, {**revision, "comment_id": comment_id})
    _ADD_WORDS.rows(connection, {"comment_id": comment_id, "words": words})
    if key is not None:
        _REMEMBER.rows(connection, {**key, "comment_id": comment_id})
    return comment_id


def add_all(
    session: Session,
    rows: Sequence[dict[str, Any]],
    html: Sequence[str],
    *,
    renumbered: Collection[int] = (),
) -> None:
    """Store comments that have their history behind them, in any status; parents come before replies.

    `rows` are the columns of the comments but those that are publishing's own; it fills these in, and
    leaves what the comments' own histories would have left. `n` is the place a comment was given in its
    thread, which knows of it (`last_n`), or None; in the threads named in `renumbered` it gets a new place.
    `html` are the renderings of the public revisions.
    """
    _give_places(session, rows, renumbered)
    for row, markup in zip(rows, html, strict=True):
        row["shown"] = row["status"] == PUBLISHED
        row["leaf"] = _leaf(row, markup) if row["shown"] else None
    published = [row for row in rows if row["shown"]]
    replies = Counter(row["root_id"] for row in published if row["root_id"] is not None)
    for row in rows:
        row["replies_total"] = replies.pop(row["id"], 0)
    session.connection().execute(insert(_COMMENT), rows)
    for root_id in sorted(replies):
        _count_reply(session, root_id, replies[root_id])
    parents = {row["parent_id"] for row in published} - {row["id"] for row in published}
    hidden = select(Comment.id).where(Comment.id.in_(parents), Comment.shown.is_(False))
    for parent_id in session.scalars(hidden).all():
        _show_ancestors(session, parent_id)
    _keep_records(session, rows)


def _give_places(session: Session, rows: Sequence[dict[str, Any]], renumbered: Collection[int]) -> None:
    published = Counter(row["thread_id"] for row in rows if row["status"] == PUBLISHED)
    placed = Counter(row["thread_id"] for row in rows if row["n"] is not None)
    last_n = {}
    # Always in the order of their ids, as everybody who locks several threads does.
    for thread_id in sorted(placed):
        numbers = placed[thread_id] if thread_id in renumbered else 0
        if numbers or published[thread_id]:
            last_n[thread_id] = touch(session, thread_id, published=published[thread_id], numbers=numbers)
    for row in reversed(rows):
        if row["n"] is not None and row["thread_id"] in renumbered:
            row["n"] = last_n[row["thread_id"]]
            last_n[row["thread_id"]] -= 1


def _leaf(row: Mapping[str, Any], html: str) -> bytes:
    names = ("name", "badge", "created_at", "edited_at", "revision")
    return leaf(html=html, **{name: row[name] for name in names})


def _keep_records(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    published = Counter(row["author_id"] for row in rows if row["status"] == PUBLISHED)
    rejected = Counter(row["author_id"] for row in rows if row["status"] in REFUSED)
    for author_id in sorted((published.keys() | rejected.keys()) - {None}):
        _record(session, author_id, published=published[author_id], rejected=rejected[author_id])


def _touching(thread_id: int, published: int, numbers: int) -> dict[str, Any]:
    now = clock.now()
    return {
        "thread": thread_id,
        "version": clock.microseconds(now),
        "published": published,
        "numbers": numbers,
        "opened": now if numbers else None,
    }


def _add_at_once(
    session: Session,
    comment: Mapping[str, Any],
    revision: Mapping[str, Any],
    words: str,
    key: Mapping[str, Any] | None,
) -> int:
    """These rows in one round trip; with a published comment, all that `add` changes besides."""
    is_public = comment["status"] == PUBLISHED
    values = _touching(comment["thread_id"], published=1, numbers=1) if is_public else {}
    for table, row in (("comment", comment), ("revision", revision), ("key", key or {})):
        values |= {f"{table}_{name}": value for name, value in row.items()}
    values["search_words"] = words
    if is_public:
        values |= {"root": comment["root_id"], "delta": 1}
        values |= {"author": comment["author_id"], "more_published": 1, "more_rejected": 0}
    statement = _at_once(tuple(comment), tuple(revision), tuple(key or ()), is_public)
    comment_id: int = session.connection().execute(statement, values).scalar_one()
    return comment_id


@cache
def _at_once(
    comment: tuple[str, ...], revision: tuple[str, ...], key: tuple[str, ...], is_public: bool
) -> Select[int]:
    """One statement of many: each after the one whose row it selects from, the thread's first."""
    names, values = [*comment], _named(_COMMENT, "comment", comment)
    if is_public:
        names, values = [*names, "n"], [*values, _TOUCH.statement.cte("touched").c.last_n]
    made = insert(_COMMENT).from_select(names, select(*values)).returning(_COMMENT.c.id).cte("made")
    beside = [(_REVISION, "revision", revision), (_WORDS, "search", ("words",))]
    beside += [(_KEY, "key", key)] if key else []
    others = [
        insert(table)
        .from_select([*columns, "comment_id"], select(*_named(table, prefix, columns), made.c.id))
        .cte(f"of_{prefix}")
        for table, prefix, columns in beside
    ]
    if is_public:
        others += [_RECORD.statement.cte("recorded"), _COUNT_REPLY.statement.cte("counted")]
    return select(made.c.id).add_cte(*others)


def _named(table: Table, prefix: str, names: tuple[str, ...]) -> list[ColumnElement[Any]]:
    return [bindparam(f"{prefix}_{name}", type_=table.c[name].type) for name in names]


def _logged(
    session: Session,
    comment: Comment,
    before: State,
    after: State,
    because: Because,
    chain: log.Chain | None,
) -> int:
    judged = because.revision or comment.judged_revision
    text = session.get_one(Revision, (comment.id, judged))
    text_hash = log.text_hash(text.salt, text.body)
    entry = _entry(comment.site_id, comment.id, judged, text_hash, before, after.status, because)
    return chain.add(entry) if chain else log.append(session, entry)


def _entry(
    site_id: int,
    comment_id: int,
    judged: int,
    text_hash: bytes,
    before: State,
    after_status: str,
    because: Because,
) -> log.Entry:
    return log.Entry(
        site_id=site_id,
        comment_id=comment_id,
        revision=judged,
        text_hash=text_hash,
        action=because.action,
        reason=because.reason,
        moderator_id=because.moderator_id,
        before_status=before.status,
        before_revision=before.revision,
        before_held_revision=before.held_revision,
        after_status=after_status,
        note=because.note,
        reverses=because.reverses,
        trusts=because.trusts,
    )


def _keep_record(session: Session, comment: Comment, before: str, after: str) -> None:
    published = (after == PUBLISHED) - (before == PUBLISHED)
    rejected = (after in REFUSED) - (before in REFUSED)
    _record(session, comment.author_id, published=published, rejected=rejected)


def _record(session: Session, author_id: int | None, *, published: int, rejected: int) -> None:
    if author_id is not None and (published or rejected):
        values = {"author": author_id, "more_published": published, "more_rejected": rejected}
        _RECORD.rows(session.connection(), values)


def _show(session: Session, comment: Comment, *, first: bool) -> None:
    numbers = 1 if comment.n is None else 0
    last_n = touch(session, comment.thread_id, published=int(first), numbers=numbers)
    if numbers:
        comment.n = last_n
    _fill_leaf(session, comment)
    if first:
        _count_reply(session, comment.root_id, 1)
        if not comment.shown:
            comment.shown = True
            _show_ancestors(session, comment.parent_id)


def _hide(session: Session, comment: Comment) -> None:
    touch(session, comment.thread_id, published=-1)
    _count_reply(session, comment.root_id, -1)
    session.flush()  # the walk up reads what was just set
    _hide_if_bare(session, comment.id)


def _fill_leaf(session: Session, comment: Comment) -> None:
    text = session.get_one(Revision, (comment.id, comment.revision))
    comment.edited_at = _edited_at(comment.revision, text.created_at)
    comment.leaf = leaf(
        name=comment.name,
        badge=comment.badge,
        html=text.html,
        created_at=comment.created_at,
        edited_at=comment.edited_at,
        revision=comment.revision,
    )


def _edited_at(revision: int, written: datetime) -> datetime | None:
    return written if revision > 1 else None


def _count_reply(session: Session, root_id: int | None, delta: int) -> None:
    if root_id is not None:
        _COUNT_REPLY.rows(session.connection(), {"root": root_id, "delta": delta})


def _show_ancestors(session: Session, parent_id: int | None) -> None:
    while parent_id is not None:
        row = session.execute(
            update(Comment)
            .where(Comment.id == parent_id, Comment.shown.is_(False))
            .values(shown=True)
            .returning(Comment.parent_id)
        ).first()
        if row is None:
            return
        parent_id = row.parent_id


def _hide_if_bare(session: Session, comment_id: int | None) -> None:
    """Hide the comment unless it is published or stands above something shown; then look at its parent."""
    child = aliased(Comment)
    while comment_id is not None:
        statement = (
            update(Comment)
            .where(
                Comment.id == comment_id,
                Comment.shown.is_(True),
                Comment.status != PUBLISHED,
                ~exists().where(child.parent_id == comment_id, child.shown.is_(True)),
            )
            .values(shown=False)
            .execution_options(synchronize_session=False)
        )
        if cast(CursorResult[Any], session.execute(statement)).rowcount == 0:
            return
        known = session.identity_map.get(session.identity_key(Comment, comment_id))
        if known is not None:
            set_committed_value(known, "shown", False)
        comment_id = session.scalar(select(Comment.parent_id).where(Comment.id == comment_id))


# Built once, and run on the connection: the session's own way costs several times as much.
_THREAD, _AUTHOR, _COMMENT, _REVISION, _WORDS, _KEY = (
    cast(Table, model.__table__)
    for model in (Thread, Author, Comment, Revision, CommentWords, IdempotencyKey)
)
_TOUCH = Prepared(
    update(_THREAD)
    .where(_THREAD.c.id == bindparam("thread"))
    .values(
        # Never lower than the clock: a restored database cannot repeat a version that was already served.
        version=case(
            (_THREAD.c.version + 1 > bindparam("version"), _THREAD.c.version + 1), else_=bindparam("version")
        ),
        count=_THREAD.c.count + bindparam("published"),
        last_n=_THREAD.c.last_n + bindparam("numbers"),
        opened_at=func.coalesce(_THREAD.c.opened_at, bindparam("opened", type_=UtcTime)),
    )
    .returning(_THREAD.c.last_n)
)
_ADD = Prepared(insert(_COMMENT).returning(_COMMENT.c.id))
_ADD_REVISION, _ADD_WORDS, _REMEMBER = (Prepared(insert(table)) for table in (_REVISION, _WORDS, _KEY))
_ADD_EVIDENCE = insert(Evidence)
_RECORD = Prepared(
    update(_AUTHOR)
    .where(_AUTHOR.c.id == bindparam("author"))
    .values(
        published=_AUTHOR.c.published + bindparam("more_published"),
        rejected=_AUTHOR.c.rejected + bindparam("more_rejected"),
    )
)
_COUNT_REPLY = Prepared(
    update(_COMMENT)
    .where(_COMMENT.c.id == bindparam("root"))
    .values(replies_total=_COMMENT.c.replies_total + bindparam("delta"))
)
