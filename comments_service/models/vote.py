"""A vote: one per author and comment."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, UtcTime


class Vote(Base):
    """An author's opinion of a comment: 1 or -1 (no row: none)."""

    __tablename__ = "vote"
    __table_args__ = (
        CheckConstraint("value IN (-1, 1)", name="value"),
        Index(None, "author_id"),
        Index("ix_vote_expiring_bucket", "bucket_day"),
    )

    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id", ondelete="CASCADE"), primary_key=True)
    value: Mapped[int] = mapped_column(Integer)
    bucket: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    bucket_day: Mapped[str | None] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
