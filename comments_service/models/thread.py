"""A thread: the comments of one article, and the old slugs that lead to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, BigId, UtcTime


class Thread(Base):
    """The comments of one article: (site, slug).

    `version` is the cache key of every page of the thread; 0 while nothing public ever happened.
    `last_n` is the place given to the newest published comment; `count` the published ones.
    """

    __tablename__ = "thread"
    __table_args__ = (UniqueConstraint("site_id", "slug"), Index(None, "site_id", "created_at", "id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(512))
    title: Mapped[str | None] = mapped_column(String(500))
    url: Mapped[str | None] = mapped_column(String(2000))
    # None: as the site's policy says.
    mode: Mapped[str | None] = mapped_column(String(16))
    closes_at: Mapped[datetime | None] = mapped_column(UtcTime)
    slow_seconds: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    last_n: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    # First publication (or registration by PATCH); `close_after_days` counts from here, so that a
    # pending comment on a new slug leaves no public trace.
    opened_at: Mapped[datetime | None] = mapped_column(UtcTime)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class ThreadAlias(Base):
    """An old slug of a thread that was renamed or merged."""

    __tablename__ = "thread_alias"
    __table_args__ = (UniqueConstraint("site_id", "slug"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(512))
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
