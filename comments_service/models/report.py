"""A report: a reader's complaint about a comment."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, BigId, UtcTime

REASONS = ("spam", "abuse", "illegal", "off_topic", "personal_data", "other")


class Report(Base):
    """A complaint about one revision of a comment; open until a decision answers it."""

    __tablename__ = "report"
    __table_args__ = (
        Index(None, "comment_id", "id"),
        Index("ix_report_expiring_bucket", "bucket_day"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))
    revision: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("author.id", ondelete="SET NULL"), index=True)
    bucket: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    bucket_day: Mapped[str | None] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    # The decision that answered it; reversing that decision opens the report again.
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), index=True)
