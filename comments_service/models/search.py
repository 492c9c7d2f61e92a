"""The words that the search looks through: of each comment, and of each article."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, BigId


class CommentWords(Base):
    """The words (see `text.terms`) of a comment's name and judged text; erased with the text."""

    __tablename__ = "comment_words"

    comment_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    words: Mapped[str] = mapped_column(Text)


class ThreadWords(Base):
    """The words of an article: of its thread's slug and title."""

    __tablename__ = "thread_words"

    thread_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("thread.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    words: Mapped[str] = mapped_column(Text)
