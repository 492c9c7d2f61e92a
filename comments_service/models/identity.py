"""What makes retries safe and addresses forgettable: idempotency keys and day keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, UtcTime


class IdempotencyKey(Base):
    """An author's name for one request; a retry finds here what the first try did."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index(None, "created_at"),)

    author_id: Mapped[int] = mapped_column(ForeignKey("author.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    payload_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"), index=True)
    http_status: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class DayKey(Base):
    """A random key of one day; once deleted, that day's address hashes say nothing."""

    __tablename__ = "day_key"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary(32))
