"""What can be done with the result of an operation: the `links` of the description."""

from __future__ import annotations

from typing import Any

SITE = "$request.path.site"
POSTED = "$response.body#/comment/id"
EDIT_TOKEN = "$response.body#/edit_token"  # noqa: S105 (where it stands, not what it is)
ON_POSTED = {"site": SITE, "comment": POSTED}
FIRST_ROOT = "$response.body#/comments/0/id"


def _link(operation: str, description: str, **more: Any) -> dict[str, Any]:
    return {"operationId": operation, "description": description, "parameters": {"site": SITE}, **more}


_AUTHORS = {
    "edit": _link(
        "readers_revise",
        "Edit it until `edit_until`.",
        parameters=ON_POSTED,
        requestBody={"body": "How deep is it?", "edit_token": EDIT_TOKEN},
    ),
    "withdraw": _link(
        "readers_withdraw",
        "Take it back, by the edit token or by the author key.",
        parameters=ON_POSTED,
        requestBody={"edit_token": EDIT_TOKEN},
    ),
}
_MODERATORS = {
    "moderate": _link("moderation_card", "Everything about it, for moderators.", parameters=ON_POSTED),
    "ban": _link(
        "moderation_ban",
        "Ban the address it came from.",
        requestBody={"kind": "address", "comment": POSTED, "reason": "Third warning"},
    ),
}

# By operation and status.
LINKS: dict[tuple[str, str], dict[str, Any]] = {
    ("readers_post", "201"): {
        "read": _link("readers_one", "Read it with its root.", parameters=ON_POSTED),
        "replies": _link("readers_replies", "Read what is replied.", parameters=ON_POSTED),
        "vote": _link("readers_vote", "Vote on it, as somebody else.", parameters=ON_POSTED),
        "report": _link("readers_report", "Complain about it.", parameters=ON_POSTED),
        **_AUTHORS,
        **_MODERATORS,
        "decide": _link(
            "moderation_decide",
            "Reject it, for moderators.",
            requestBody={
                "decisions": [
                    {
                        "comment": POSTED,
                        "revision": "$response.body#/comment/revision",
                        "from": "$response.body#/comment/status",
                        "action": "reject",
                        "reason": "off_topic",
                    }
                ]
            },
        ),
    },
    ("readers_post", "202"): _AUTHORS | _MODERATORS,
    ("readers_revise", "201"): _AUTHORS | _MODERATORS,
    ("readers_revise", "202"): _AUTHORS | _MODERATORS,
    ("readers_page", "200"): {
        "next": _link(
            "readers_page",
            "The next page.",
            parameters={
                "site": SITE,
                "slug": "$request.query.slug",
                "sort": "$request.query.sort",
                "cursor": "$response.body#/next",
            },
        ),
        "unchanged": _link(
            "readers_page",
            "The same again: 304 until something changes.",
            parameters={
                "site": SITE,
                "slug": "$request.query.slug",
                "If-None-Match": "$response.header.ETag",
            },
        ),
        "first": _link(
            "readers_one", "The first root alone.", parameters={"site": SITE, "comment": FIRST_ROOT}
        ),
        "replies": _link(
            "readers_replies",
            "More replies of the first root.",
            parameters={
                "site": SITE,
                "comment": FIRST_ROOT,
                "cursor": "$response.body#/comments/0/replies_next",
            },
        ),
    },
    ("moderation_one_queue", "200"): {
        "card": _link(
            "moderation_card",
            "Everything about the first of them.",
            parameters={"site": SITE, "comment": FIRST_ROOT},
        ),
    },
    ("moderation_decide", "200"): {
        "reverse": _link(
            "moderation_reverse",
            "Undo the first of them.",
            parameters={"site": SITE, "decision": "$response.body#/results/0/decision"},
        ),
    },
    ("moderation_ban", "201"): {
        "lift": _link(
            "moderation_lift", "End it.", parameters={"site": SITE, "ban_id": "$response.body#/id"}
        ),
    },
    ("moderation_patch_thread", "200"): {
        "read": _link(
            "moderation_thread",
            "Read it again.",
            parameters={"site": SITE, "slug": "$response.body#/slug"},
        ),
        "comments": _link(
            "readers_page",
            "Read it as readers do.",
            parameters={"site": SITE, "slug": "$response.body#/slug"},
        ),
    },
    ("moderation_move", "200"): {
        "read": _link(
            "moderation_thread",
            "Read it under its new slug.",
            parameters={"site": SITE, "slug": "$response.body#/slug"},
        ),
        "drop": _link(
            "moderation_drop_alias",
            "Let the old slug lead nowhere.",
            parameters={"site": SITE, "slug": "$response.body#/aliases/0"},
        ),
    },
}
