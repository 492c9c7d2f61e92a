"""A decision: one row of the append-only, hash-chained log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, BigId, UtcTime

ACTIONS = ("approve", "reject", "spam")
# What software or a reversal adds to the log beside people's actions.
HOLD, DISCARD, REVERSE = "hold", "discard", "reverse"
REASONS = (
    "abuse",
    "spam",
    "off_topic",
    "illegal",
    "personal_data",
    "impersonation",
    "misinformation",
    "duplicate",
    "other",
)
REASONS_WITH_NOTE = ("illegal", "other")


class Decision(Base):
    """An act of a moderator (or of software, then `moderator_id` is NULL) on one revision.

    seq counts from 1 within the site; `hash` is sha256(previous hash + canonical row), see `log`.
    The columns `before_*` are the comment's state before, which a reversal restores exactly.
    """

    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("site_id", "seq"),
        Index(None, "comment_id", "seq"),
        Index(None, "site_id", "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    seq: Mapped[int] = mapped_column(BigInteger)
    # No foreign key: the log outlives what it speaks of.
    comment_id: Mapped[int] = mapped_column(BigInteger)
    revision: Mapped[int] = mapped_column(Integer)
    action: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(20))
    moderator_id: Mapped[int | None] = mapped_column(ForeignKey("moderator.id"))
    reverses: Mapped[int | None] = mapped_column(BigInteger)
    before_status: Mapped[str] = mapped_column(String(16))
    before_revision: Mapped[int] = mapped_column(Integer)
    before_held_revision: Mapped[int | None] = mapped_column(Integer)
    after_status: Mapped[str] = mapped_column(String(16))
    # Whether it also says that the author's first comments need no look any more.
    trusts: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)
    text_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    note_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class DecisionOrigin(Base):
    """The numbers under which an imported decision was chained where it was made; its hash holds them."""

    __tablename__ = "decision_origin"

    decision_id: Mapped[int] = mapped_column(
        ForeignKey("decision.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    site: Mapped[int] = mapped_column(BigInteger)
    comment: Mapped[int] = mapped_column(BigInteger)
    moderator: Mapped[int | None] = mapped_column(BigInteger)
    reverses: Mapped[int | None] = mapped_column(BigInteger)


class DecisionNote(Base):
    """A moderator's free words; outside the chain, which holds only their salted hash."""

    __tablename__ = "decision_note"

    decision_id: Mapped[int] = mapped_column(
        ForeignKey("decision.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    note: Mapped[str] = mapped_column(Text)
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))


class LogHead(Base):
    """The end of a site's log; its row is the lock under which the log grows."""

    __tablename__ = "log_head"

    site_id: Mapped[int] = mapped_column(
        ForeignKey("site.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    count: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
