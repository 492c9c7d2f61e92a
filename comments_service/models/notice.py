"""A notice: somebody's formal word, with their name, that a comment is illegal."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, BigId, UtcTime

LONGEST_NAME = 60
LONGEST_EMAIL = 254  # no address that mail can reach is longer
# What is left of a notice that was forgotten.
NOTHING_SAID = {"text": "", "name": "", "email": ""}


class Notice(Base):
    """Why a comment is held to be illegal, and who says so; answered when its report is.

    Several notices from one address bucket share that bucket's open report. Name, e-mail and text are
    emptied by the purge when their time is over; the row stays, so that a receipt can be matched.
    """

    __tablename__ = "notice"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id", ondelete="CASCADE"), index=True)
    revision: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    email: Mapped[str] = mapped_column(String(LONGEST_EMAIL))
    # The hash of what was shown once to whoever sent it.
    receipt: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
