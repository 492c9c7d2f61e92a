"""An example of every shape and parameter of the description: one small thread about a tarn."""

from __future__ import annotations

from typing import Any

from ...models.policy import Policy

AUTHOR_KEY = "Zx8mW1kq0vN4yT7hR2cJ5A"
EDIT_TOKEN = "WyJlZGl0Iiw0LDE3NjM3OTU0MDBd.k3Jx0V9b2mQ4"  # noqa: S105 (of no service)
POSTED_AT, DECIDED_AT, EDIT_UNTIL = "2026-11-22T06:55:00Z", "2026-11-22T07:00:00Z", "2026-11-22T07:10:00Z"

_COMMENT = {
    "id": 1,
    "parent": None,
    "name": "Wren",
    "badge": None,
    "html": "<p>Deep.</p>",
    "created_at": POSTED_AT,
    "edited_at": None,
    "status": "published",
    "revision": 1,
    "score": 3,
}
_REPLY = {**_COMMENT, "id": 4, "parent": 1, "name": "Mo", "html": "<p>How <em>deep</em>?</p>", "score": 0}
_TOMBSTONE = {"id": 2, "parent": 1, "created_at": POSTED_AT, "removed": "author"}
_ROOT = {**_COMMENT, "replies_total": 1, "replies": [_REPLY], "replies_next": None}
_THREAD = {"slug": "tarn", "title": "The depth of the tarn", "url": "https://news.example/tarn"}
_REPORT = {
    "id": 1,
    "revision": 1,
    "reason": "personal_data",
    "text": "It names a child.",
    "created_at": POSTED_AT,
    "closed_at": None,
}
_DECISION = {
    "id": 2,
    "seq": 2,
    "revision": 1,
    "action": "reject",
    "reason": "personal_data",
    "note": "",
    "by": "Ada",
    "reverses": None,
    "before_status": "pending",
    "after_status": "rejected",
    "trusts": False,
    "created_at": DECIDED_AT,
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
_STATEMENT = {
    "decision": 2,
    "action": "reject",
    "revision": 1,
    "decided_at": DECIDED_AT,
    "decided_by": "moderator",
    "found_by": "report",
    "ground": "rules",
    "reason": "personal_data",
    "note": None,
    "facts": ["A phone number."],
    "rules_url": "https://news.example/rules",
    "contact": "forum@news.example",
    "text": "On 22 November 2026, 07:00 UTC a moderator decided that your comment is not shown.",
}
_ROW = {
    "id": 3,
    "site": "horizons",
    "thread": _THREAD,
    "parent": None,
    "name": "Wren",
    "badge": None,
    "author": {
        "id": 1,
        "published": 4,
        "rejected": 0,
        "first_seen": POSTED_AT,
        "recent": ["published", "pending"],
        "trusted": False,
    },
    "body": "Call 01539 555 0100.",
    "html": "<p>Call 01539 555 0100.</p>",
    "status": "pending",
    "revision": 1,
    "public_revision": None,
    "created_at": POSTED_AT,
    "edited_at": None,
    "score": 0,
    "reason": "It may hold personal data.",
    "cluster": 3,
    "evidence": [
        {
            "check": "personal_data",
            "rule": "phone",
            "start": 5,
            "end": 19,
            "score": None,
            "message": "A phone number.",
        }
    ],
    "reports": [_REPORT],
    "last_decision": None,
}
_NOTICE = {
    "id": 1,
    "report": 1,
    "revision": 1,
    "reason": "It names my child.",
    "name": "Mo",
    "email": "mo@fells.example",
    "created_at": POSTED_AT,
    "closed_at": None,
    "decision": None,
}
_REVISION = {"revision": 1, "body": _ROW["body"], "html": _ROW["html"], "created_at": POSTED_AT}
_BAN = {
    "id": 1,
    "kind": "author",
    "author": 1,
    "author_name": "Wren",
    "reason": "Third warning",
    "by": "Ada",
    "created_at": DECIDED_AT,
    "expires_at": None,
}
_MODERATED_THREAD = {
    **_THREAD,
    "aliases": ["lakes/tarn"],
    "mode": "first",
    "closes_at": None,
    "slow_seconds": 0,
    "count": 2,
}

PARAMETERS: dict[str, Any] = {
    "site": "horizons",
    "slug": "tarn",
    "comment": 1,
    "decision": 2,
    "ban_id": 1,
    "queue": "pending",
    "sort": "oldest",
    "limit": 10,
    "q": "deep water",
    "author": 1,
    "cluster": 1,
    "format": "jsonl",
    "from": "2026-11-01T00:00:00Z",
    "to": "2026-12-01T00:00:00Z",
    "Idempotency-Key": "7f0c",
    "If-None-Match": '"5f0e2a9b41c7d3860a1b2c3d"',
}

# What is sent by the name of its shape; what is answered, too.
SHAPES: dict[str, Any] = {
    "CommentIn": {
        "slug": "tarn",
        "name": "Mo",
        "body": "How *deep*?",
        "parent": 1,
        "author_key": AUTHOR_KEY,
    },
    "RevisionIn": {"body": "How deep is it?", "edit_token": EDIT_TOKEN},
    "WithdrawalIn": {"author_key": AUTHOR_KEY},
    "VoteIn": {"value": 1, "author_key": AUTHOR_KEY},
    "ReportIn": {"reason": "off_topic", "text": "This is about the ferry."},
    "NoticeIn": {
        "comment": 1,
        "reason": "It names my child.",
        "name": "Mo",
        "email": "mo@fells.example",
        "good_faith": True,
    },
    "PreviewIn": {"body": "**Deep** water"},
    "MineIn": {"author_key": AUTHOR_KEY, "slug": "tarn"},
    "ModerationDecisionsIn": {
        "decisions": [{"comment": 3, "revision": 1, "from": "pending", "action": "approve"}]
    },
    "ModerationBanIn": {"kind": "author", "comment": 1, "reason": "Third warning"},
    "ModerationThreadIn": {"title": "The depth of the tarn", "mode": "first"},
    "ModerationMoveIn": {"slug": "tarn", "to": "lakes/tarn"},
    "SettingsIn": {"mode": "first", "links_max": 1},
    "Page": {
        "thread": {"slug": "tarn", "count": 2, "mode": "open", "closes_at": None, "slow_seconds": 0},
        "policy": {
            "language": "en",
            "votes": "both",
            "depth_drawn": 5,
            "edit_minutes": 15,
            "rules_url": "https://news.example/rules",
            "privacy_url": "",
            "contact": "forum@news.example",
            "max_body": 10_000,
        },
        "comments": [_ROOT],
        "next": None,
    },
    "Permalink": {"slug": "tarn", "comment": _REPLY, "root": _ROOT},
    "Replies": {"comments": [_TOMBSTONE, _REPLY], "next": None},
    "Counts": {"counts": {"tarn": 2, "ferry": 0}},
    "Form": {"form": "WyJob3Jpem9ucyIsMTc2Mzc5NDUwMDAwMDAwMF0.Yb3nA9"},
    "Posted": {"comment": _REPLY, "edit_token": EDIT_TOKEN, "edit_until": EDIT_UNTIL, "reason": None},
    "Done": {"status": "withdrawn"},
    "Voted": {"comment": 1, "score": 4, "value": 1},
    "Receipt": {"receipt": "17-Xb0c9nZ4vQ"},
    "Preview": {"html": "<p><strong>Deep</strong> water</p>"},
    "Mine": {
        "comments": [
            {
                **_COMMENT,
                "id": 3,
                "status": "rejected",
                "reason": "It holds personal data.",
                "statement": _STATEMENT,
            }
        ]
    },
    "ModerationQueueCounts": {
        "queues": {"pending": 41, "reported": 6, "new": 12, "published": 1000, "rejected": 70, "spam": 195}
    },
    "ModerationQueue": {"comments": [_ROW], "next": None},
    "ModerationCard": {
        **_ROW,
        "notices": [_NOTICE],
        "revisions": [_REVISION],
        "decisions": [_DECISION],
    },
    "ModerationResults": {"results": [{"comment": 3, "result": "done", "decision": 2}]},
    "ModerationReversal": {"decision": 3},
    "ModerationLog": {"decisions": [{**_DECISION, "comment": 3}], "next": None},
    "ModerationFigures": {
        "from": "2026-11-01T00:00:00Z",
        "to": "2026-12-01T00:00:00Z",
        "by_people": 3120,
        "by_software": 1544,
        "actions": {"approve": 2210, "hold": 1544, "reject": 702, "spam": 195, "reverse": 13},
        "reasons": {"abuse": 401, "spam": 195},
        "median_seconds": 312.4,
        "p90_seconds": 4310.0,
        "notices": 12,
        "pending": 41,
        "reported": 6,
    },
    "ModerationBan": _BAN,
    "ModerationBans": {"bans": [_BAN], "next": None},
    "ModerationThread": _MODERATED_THREAD,
    "Settings": Policy(origins=("https://news.example",)).document(),
}
