"""A comment, its revisions, and the evidence that checks found in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, BigId, UtcTime

PUBLISHED = "published"
PENDING = "pending"
REJECTED = "rejected"
SPAM = "spam"
WITHDRAWN = "withdrawn"
STATUSES = (PUBLISHED, PENDING, REJECTED, SPAM, WITHDRAWN)

# Literal conditions: a planner uses a partial index only for a query that repeats them word for word.
AWAITS_DECISION = "status = 'pending' OR held_revision IS NOT NULL"
IS_REPORTED = "open_reports > 0"
IS_NEW = "status = 'published' AND NOT reviewed"
SHOWN_ROOT = "shown AND root_id IS NULL"
SHOWN_REPLY = "shown AND root_id IS NOT NULL"
# The columns by which near duplicates are found.
BANDS = ("band_1", "band_2")


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Comment(Base):
    """What a reader wrote under an article.

    status: only `published` is ever public. `revision` is the one that is, was or will be public;
    `held_revision` is a later edit of a published comment that waits for a decision.
    n: the comment's place in its thread, given at first publication and kept ever after.
    shown: published, or an ancestor of something published (then drawn as a tombstone).
    leaf: the UTF-8 JSON of what seldom changes, spliced into pages as bytes; NULL until published.
    band_1, band_2: what finds near duplicates on the site (see `text.near`), of the newest revision; NULL for
    short texts, and after 30 days.
    cluster_id: the comment that this one is a near duplicate of, directly or through others: the id of its
    cluster's first. That one, like a comment that resembles none, has NULL: a cluster is the comment with
    its id and all that carry it (`in_cluster`). The first may be gone; its number still names the cluster.
    """

    __tablename__ = "comment"
    __table_args__ = (
        CheckConstraint("status IN ('published','pending','rejected','spam','withdrawn')", name="status"),
        _partial("ix_comment_roots", "thread_id", "n", where=SHOWN_ROOT),
        _partial("ix_comment_roots_by_rank", "thread_id", "rank", "n", where=SHOWN_ROOT),
        _partial("ix_comment_replies", "root_id", "n", where=SHOWN_REPLY),
        _partial("ix_comment_awaiting", "site_id", "created_at", "id", where=AWAITS_DECISION),
        _partial("ix_comment_reported", "site_id", "open_reports", "created_at", "id", where=IS_REPORTED),
        _partial("ix_comment_published", "site_id", "created_at", "id", where="status = 'published'"),
        _partial("ix_comment_new", "site_id", "created_at", "id", where=IS_NEW),
        _partial("ix_comment_rejected", "site_id", "created_at", "id", where="status = 'rejected'"),
        _partial("ix_comment_spam", "site_id", "created_at", "id", where="status = 'spam'"),
        Index("ix_comment_thread", "thread_id", "id"),
        Index("ix_comment_parent", "parent_id"),
        Index("ix_comment_author", "author_id", "thread_id", "id"),
        _partial(
            "ix_comment_latest_of_author", "author_id", "created_at", "id", where="author_id IS NOT NULL"
        ),
        Index("ix_comment_fingerprint", "thread_id", "author_id", "fingerprint"),
        Index("ix_comment_expiring_bucket", "bucket_day"),
        *(
            _partial(f"ix_comment_{band}", "site_id", band, "id", where=f"{band} IS NOT NULL")
            for band in BANDS
        ),
        _partial("ix_comment_cluster", "site_id", "cluster_id", "id", where="cluster_id IS NOT NULL"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))
    root_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("author.id", ondelete="SET NULL"))

    name: Mapped[str] = mapped_column(String(60))
    badge: Mapped[str | None] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    held_revision: Mapped[int | None] = mapped_column(Integer)
    # A sentence for the author: why it waits. Empty when it does not.
    reason: Mapped[str | None] = mapped_column(String(500))

    n: Mapped[int | None] = mapped_column(BigInteger)
    shown: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    leaf: Mapped[bytes | None] = mapped_column(LargeBinary)
    score: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    ups: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    downs: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rank: Mapped[float] = mapped_column(Float, server_default=text("0"))
    replies_total: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    # Whether a moderator decided on it; the queue `new` holds what was published unseen.
    reviewed: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    open_reports: Mapped[int] = mapped_column(Integer, server_default=text("0"))

    fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    # The writer's address bucket, hashed with the key of that day; both vanish after 30 days.
    bucket: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    bucket_day: Mapped[str | None] = mapped_column(String(10))
    band_1: Mapped[int | None] = mapped_column(BigInteger)
    band_2: Mapped[int | None] = mapped_column(BigInteger)
    cluster_id: Mapped[int | None] = mapped_column(BigInteger)

    created_at: Mapped[datetime] = mapped_column(UtcTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcTime)

    @property
    def judged_revision(self) -> int:
        """The revision a moderator is to judge: the held one, if any."""
        return self.held_revision or self.revision

    @property
    def judged_status(self) -> str:
        """The status a moderator sees: a published comment with a held edit is pending."""
        return self.status if self.held_revision is None else PENDING

    @property
    def cluster(self) -> int:
        """The number of the cluster that this comment belongs to, or would begin."""
        return self.cluster_id or self.id


def in_cluster(cluster: int) -> ColumnElement[bool]:
    """Whether a comment belongs to this cluster of near duplicates; ask within one site."""
    return or_(Comment.id == cluster, Comment.cluster_id == cluster)


class Revision(Base):
    """One version of a comment's text; `body` is kept as sent, `html` is its safe rendering."""

    __tablename__ = "revision"

    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    body: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    # The sanitising policy that made `html`; a changed policy renders again from `body`.
    policy_version: Mapped[int] = mapped_column(Integer)
    # Random, stored beside the text: the log's hash of the text says nothing once this is erased.
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class Evidence(Base):
    """What a check found in a revision: rule, matched span, score."""

    __tablename__ = "evidence"
    __table_args__ = (Index(None, "comment_id", "revision"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))
    revision: Mapped[int] = mapped_column(Integer)
    # `check` is a word of SQL.
    check: Mapped[str] = mapped_column("check_name", String(40))
    rule: Mapped[str] = mapped_column(String(200))
    # Offsets into the revision's body, in characters; None when the whole is meant.
    start: Mapped[int | None] = mapped_column("span_start", Integer)
    end: Mapped[int | None] = mapped_column("span_end", Integer)
    score: Mapped[float | None] = mapped_column(Float)
    message: Mapped[str] = mapped_column(String(500))
