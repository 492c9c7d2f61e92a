"""A ban: an author or an address bucket that may not write, for a while."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, BigId, UtcTime


class Ban(Base):
    """Who, why, by whom, until when. An address ban ends with its day key, after 30 days."""

    __tablename__ = "ban"
    __table_args__ = (
        CheckConstraint("(author_id IS NULL) <> (bucket IS NULL)", name="one_target"),
        Index(None, "site_id", "author_id"),
        Index(None, "site_id", "bucket_day"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("author.id", ondelete="CASCADE"), index=True)
    bucket: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    bucket_day: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(2000))
    moderator_id: Mapped[int | None] = mapped_column(ForeignKey("moderator.id"))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcTime)
