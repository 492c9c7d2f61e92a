"""The nouns: what is stored, and how its parts belong together."""

from __future__ import annotations

from .author import Author
from .ban import Ban
from .comment import PENDING, PUBLISHED, REJECTED, SPAM, STATUSES, WITHDRAWN, Comment, Evidence, Revision
from .decision import Decision, DecisionNote, DecisionOrigin, LogHead
from .identity import DayKey, IdempotencyKey
from .moderator import Grant, Moderator, SignInLink, SignInSession, Token
from .notice import Notice
from .report import Report
from .search import CommentWords, ThreadWords
from .site import Site
from .source import Source
from .thread import Thread, ThreadAlias
from .vote import Vote

__all__ = [
    "PENDING",
    "PUBLISHED",
    "REJECTED",
    "SPAM",
    "STATUSES",
    "WITHDRAWN",
    "Author",
    "Ban",
    "Comment",
    "CommentWords",
    "DayKey",
    "Decision",
    "DecisionNote",
    "DecisionOrigin",
    "Evidence",
    "Grant",
    "IdempotencyKey",
    "LogHead",
    "Moderator",
    "Notice",
    "Report",
    "Revision",
    "SignInLink",
    "SignInSession",
    "Site",
    "Source",
    "Thread",
    "ThreadAlias",
    "ThreadWords",
    "Token",
    "Vote",
]
