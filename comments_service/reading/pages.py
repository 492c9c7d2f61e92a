"""Pages of a thread, joined from leaves as bytes: no ORM objects, no OFFSET, no COUNT, no recursion."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Row, TextClause, bindparam, select, text
from sqlalchemy.orm import Session

from .. import clock
from ..models import Comment, Thread
from ..models.comment import SHOWN_REPLY, SHOWN_ROOT
from ..models.policy import Policy
from . import cursors, finding

Sort = Literal["newest", "oldest", "best"]
FIRST_REPLIES = 5
# A tombstone says who removed what stood there.
REMOVED = {"rejected": "moderator", "spam": "moderator", "withdrawn": "author", "pending": "review"}
# The rank is kept to six decimals; cursors carry whole numbers.
RANK_UNITS = 1_000_000

_COLUMNS = "id, parent_id, root_id, n, rank, status, leaf, score, replies_total, created_at"
_OF_COMMENT = ", ".join(f"comment.{column}" for column in _COLUMNS.split(", "))
_ORDER = {"newest": "n DESC", "oldest": "n", "best": "rank DESC, n DESC"}
_AFTER = {"newest": "AND n < :n", "oldest": "AND n > :n", "best": "AND (rank, n) < (:rank, :n)"}


class Place(NamedTuple):
    """What a page needs of a thread; id 0 for a slug nobody wrote under."""

    id: int
    slug: str
    published: int
    mode: str | None
    closes_at: datetime | None
    slow_seconds: int
    opened_at: datetime | None
    version: int


@dataclass(frozen=True)
class Page:
    """A page's JSON, the cursor of the next one, and the thread it was made from."""

    body: bytes
    next: str | None
    place: Place


def place(session: Session, site_id: int, slug: str) -> Place:
    """The thread of a slug or alias; one that looks empty when there is none."""
    thread = finding.thread(session, site_id, slug)
    if thread is None:
        return Place(0, slug, 0, None, None, 0, None, 0)
    return of_thread(thread)


def of_thread(thread: Thread) -> Place:
    """What a page needs of a thread."""
    return Place(
        thread.id,
        thread.slug,
        thread.count,
        thread.mode,
        thread.closes_at,
        thread.slow_seconds,
        thread.opened_at,
        thread.version,
    )


def page(
    session: Session,
    place: Place,
    policy: Policy,
    *,
    max_body: int,
    sort: Sort,
    cursor: str | None,
    limit: int,
) -> Page:
    """One page of roots with the first replies of each. Raises Invalid for a cursor that is not ours.

    `max_body` is how many characters a comment may have, which whoever draws the page has to know.
    """
    after = _after(cursor, sort)
    roots = session.execute(_roots(sort, after), {"thread": place.id, "limit": limit + 1, **after}).all()
    following = _cursor(roots[limit - 1], sort) if len(roots) > limit else None
    roots = roots[:limit]
    replies = _first_replies(session, [root.id for root in roots if root.replies_total])
    body = b'{"thread":%b,"policy":%b,"comments":[%b],"next":%b}' % (
        _thread(place, policy),
        as_json(policy.for_readers() | {"max_body": max_body}),
        b",".join(_root(root, replies.get(root.id, [])) for root in roots),
        as_json(following),
    )
    return Page(body, following, place)


def replies(session: Session, site_id: int, root_id: int, *, cursor: str | None, limit: int) -> Page | None:
    """The next replies of a root, or None when the site shows no such root."""
    place = _place_of_root(session, site_id, root_id)
    if place is None:
        return None
    (n,) = cursors.places(cursor, "replies", 1) if cursor else (0,)
    rows = session.execute(_REPLIES, {"root": root_id, "n": n, "limit": limit + 1}).all()
    following = cursors.make("replies", rows[limit - 1].n) if len(rows) > limit else None
    comments = b",".join(_comment(row) for row in rows[:limit])
    return Page(b'{"comments":[%b],"next":%b}' % (comments, as_json(following)), following, place)


def one(session: Session, site_id: int, comment_id: int) -> bytes | None:
    """A published comment with its root, for permalinks; None when it is not to be seen."""
    row = session.execute(_ONE, {"id": comment_id, "site": site_id}).first()
    if row is None or row.status != "published":
        return None
    root = row if row.root_id is None else session.execute(_ONE, {"id": row.root_id, "site": site_id}).one()
    slug = session.execute(
        select(Thread.slug).join(Comment, Comment.thread_id == Thread.id).where(Comment.id == comment_id)
    ).scalar_one()
    first = _first_replies(session, [root.id]).get(root.id, [])
    return b'{"slug":%b,"comment":%b,"root":%b}' % (as_json(slug), _comment(row), _root(root, first))


class Counted(NamedTuple):
    """A slug that leads to a thread, with the thread's published comments and its version."""

    slug: str
    published: int
    version: int


def counts(session: Session, site_id: int, slugs: Iterable[str]) -> list[Counted]:
    """Those of the slugs that lead to a thread, aliases included, in one query."""
    rows = session.execute(_COUNTS, {"site": site_id, "slugs": list(dict.fromkeys(slugs))})
    return [Counted(*row) for row in rows]


def as_json(value: Any) -> bytes:
    """Compact UTF-8 JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _statement(sql: str) -> TextClause:
    typed = select(Comment.created_at).selected_columns[0]
    return text(sql).columns(created_at=typed.type)  # type: ignore[return-value]


def _roots(sort: Sort, after: Mapping[str, Any]) -> TextClause:
    return _ROOTS[sort, bool(after)]


def _after(cursor: str | None, sort: Sort) -> dict[str, Any]:
    if not cursor:
        return {}
    if sort == "best":
        rank, n = cursors.places(cursor, sort, 2)
        return {"rank": rank / RANK_UNITS, "n": n}
    (n,) = cursors.places(cursor, sort, 1)
    return {"n": n}


def _cursor(row: Row[Any], sort: Sort) -> str:
    if sort == "best":
        return cursors.make(sort, round(row.rank * RANK_UNITS), row.n)
    return cursors.make(sort, row.n)


def _first_replies(session: Session, root_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    if not root_ids:
        return {}
    if session.get_bind().dialect.name == "postgresql":
        rows = session.execute(_LATERAL_REPLIES, {"roots": list(root_ids)})
    else:
        rows = session.execute(_LISTED_REPLIES, {"roots": json.dumps(list(root_ids))})
    by_root: dict[int, list[Row[Any]]] = {}
    for row in sorted(rows, key=lambda row: row.n):
        by_root.setdefault(row.root_id, []).append(row)
    return by_root


def _place_of_root(session: Session, site_id: int, root_id: int) -> Place | None:
    query = select(Thread).join(Comment, Comment.thread_id == Thread.id)
    root = (Comment.id == root_id, Comment.site_id == site_id, Comment.shown, Comment.root_id.is_(None))
    found = session.scalars(query.where(*root)).first()
    return None if found is None else of_thread(found)


def _thread(place: Place, policy: Policy) -> bytes:
    closes_at = policy.closing_time(place.closes_at, place.opened_at)
    return as_json(
        {
            "slug": place.slug,
            "count": place.published,
            "mode": policy.mode_of(place.mode, place.closes_at, place.opened_at),
            "closes_at": clock.rfc3339(closes_at) if closes_at else None,
            "slow_seconds": place.slow_seconds,
        }
    )


def _root(row: Row[Any], replies: Sequence[Row[Any]]) -> bytes:
    more = cursors.make("replies", replies[FIRST_REPLIES - 1].n) if len(replies) > FIRST_REPLIES else None
    return b'%b,"replies_total":%d,"replies":[%b],"replies_next":%b}' % (
        _comment(row)[:-1],
        row.replies_total,
        b",".join(_comment(reply) for reply in replies[:FIRST_REPLIES]),
        as_json(more),
    )


def _comment(row: Row[Any]) -> bytes:
    parent = b"%d" % row.parent_id if row.parent_id is not None else b"null"
    if row.status == "published":
        return b'{"id":%d,"parent":%b,%b,"score":%d}' % (row.id, parent, row.leaf, row.score)
    return b'{"id":%d,"parent":%b,"created_at":"%b","removed":"%b"}' % (
        row.id,
        parent,
        clock.rfc3339(row.created_at).encode(),
        REMOVED[row.status].encode(),
    )


def _root_statements() -> Iterable[tuple[tuple[Sort, bool], TextClause]]:
    sorts: tuple[Sort, ...] = ("newest", "oldest", "best")
    for sort in sorts:
        for continued in (False, True):
            after = _AFTER[sort] if continued else ""
            yield (
                (sort, continued),
                _statement(
                    f"SELECT {_COLUMNS} FROM comment WHERE thread_id = :thread AND {SHOWN_ROOT} {after} "
                    f"ORDER BY {_ORDER[sort]} LIMIT :limit"
                ),
            )


_ROOTS = dict(_root_statements())
_REPLIES = _statement(
    f"SELECT {_COLUMNS} FROM comment WHERE root_id = :root AND {SHOWN_REPLY} AND n > :n "
    "ORDER BY n LIMIT :limit"
)
_LATERAL_REPLIES = _statement(
    f"SELECT r.* FROM unnest(CAST(:roots AS bigint[])) AS root(id), LATERAL (SELECT {_COLUMNS} FROM comment "
    f"WHERE root_id = root.id AND {SHOWN_REPLY} ORDER BY n LIMIT {FIRST_REPLIES + 1}) AS r"
)
# SQLite knows no LATERAL. One statement for any number of roots: each connection keeps those it has seen.
_LISTED_REPLIES = _statement(
    f"SELECT {_OF_COMMENT} FROM json_each(:roots) AS listed CROSS JOIN comment "
    f"WHERE comment.id IN (SELECT id FROM comment WHERE root_id = listed.value AND {SHOWN_REPLY} "
    f"ORDER BY n LIMIT {FIRST_REPLIES + 1})"
)
_ONE = _statement(f"SELECT {_COLUMNS} FROM comment WHERE id = :id AND site_id = :site AND shown")
_COUNTS = text(
    "SELECT slug, count, version FROM thread WHERE site_id = :site AND slug IN :slugs UNION ALL "
    "SELECT a.slug, t.count, t.version FROM thread_alias a JOIN thread t ON t.id = a.thread_id "
    "WHERE a.site_id = :site AND a.slug IN :slugs"
).bindparams(bindparam("slugs", expanding=True))
