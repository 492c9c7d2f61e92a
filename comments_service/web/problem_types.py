"""Every problem the API answers with: its stable code, when it comes, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple


class ProblemType(NamedTuple):
    """One `type` of problem documents; its address is `/docs/problems#<code>`."""

    code: str
    status: int
    meaning: str
    remedy: str


PROBLEM_TYPES = (
    # Requests that cannot be read
    ProblemType(
        "bad_request",
        400,
        "The request could not be read: broken JSON or UTF-8, nesting beyond reason, a body cut short.",
        "Send well-formed JSON, or an urlencoded form, in UTF-8.",
    ),
    ProblemType(
        "method_not_allowed",
        405,
        "This address does not answer that method.",
        "Use one of the methods in the Allow header.",
    ),
    ProblemType(
        "length_required",
        411,
        "A request with a body came without Content-Length, such as a chunked one.",
        "Send the body with its length.",
    ),
    ProblemType("content_too_large", 413, "The request is larger than 64 kB.", "Send less at once."),
    ProblemType(
        "unsupported_media_type",
        415,
        "The body is neither JSON nor an urlencoded form.",
        "Send application/json or application/x-www-form-urlencoded.",
    ),
    ProblemType(
        "invalid",
        422,
        "Some values are out of bounds; `errors` names each field with a code and a sentence.",
        "Correct those fields; the codes are listed below.",
    ),
    # Who asks, and from where
    ProblemType(
        "unauthorised",
        401,
        "A moderators' endpoint was asked without a token, or with one that is not known.",
        "Send `Authorization: Bearer TOKEN`; `comments-service token add NAME` makes a token.",
    ),
    ProblemType(
        "role",
        403,
        "The token's person does not have the role that this needs on this site.",
        "Ask an admin; `comments-service moderator add` gives roles.",
    ),
    ProblemType(
        "origin",
        403,
        "A browser's page of an origin that the site does not list tried to write.",
        "Allow it: `comments-service site set KEY origins=ORIGIN,ORIGIN`.",
    ),
    ProblemType(
        "refused", 403, "Understood, but not allowed.", "The detail says why; trying again is of no use."
    ),
    # Posting, editing, withdrawing
    ProblemType(
        "closed", 403, "Comments on this article are closed.", "Show them, but offer no form; `mode` says so."
    ),
    ProblemType(
        "not_registered",
        403,
        "The site takes comments only under slugs that a moderator registered.",
        "Register it: PATCH /api/v1/sites/{site}/moderation/threads?slug=.",
    ),
    ProblemType(
        "banned", 403, "This author, or this address, is banned on the site.", "Write to the site's contact."
    ),
    ProblemType(
        "edit_token", 403, "The edit token is forged, or of another comment.", "Send the token as it came."
    ),
    ProblemType(
        "edit_late",
        403,
        "The time to edit this comment is over.",
        "Offer no editing after `edit_until`; withdrawing by author_key stays possible.",
    ),
    ProblemType(
        "not_yours", 403, "This comment belongs to another author.", "Send the key it was posted with."
    ),
    ProblemType(
        "duplicate",
        409,
        "The author has posted these very words in this thread.",
        "Show the comment that is there.",
    ),
    ProblemType(
        "too_fast",
        429,
        "A rate limit is used up; RateLimit and RateLimit-Policy say which.",
        "Wait for the seconds of Retry-After, then send it again.",
    ),
    ProblemType(
        "slow",
        429,
        "The thread is in slow mode, and the author's last comment is too recent.",
        "Wait for the seconds of Retry-After; `slow_seconds` of the thread says how slow.",
    ),
    # Votes
    ProblemType("own_comment", 403, "Nobody votes on a comment of their own.", "Offer no vote there."),
    ProblemType("no_votes", 403, "The site has no votes.", "Offer none; the policy's `votes` says so."),
    ProblemType("only_up_votes", 403, "The site has only votes in favour.", "Send 1 or 0."),
    ProblemType(
        "too_many_votes",
        409,
        "There were several votes on this comment from the same network.",
        "Nothing; such votes are not counted.",
    ),
    # What is not there
    ProblemType("not_found", 404, "There is nothing at this address.", "See /docs for what there is."),
    ProblemType("site_not_found", 404, "There is no such site.", "`comments-service site list` names them."),
    ProblemType(
        "comment_not_found",
        404,
        "There is no such comment, or it is not to be seen: the two look alike on purpose.",
        "Read the thread again.",
    ),
    ProblemType(
        "parent_not_found",
        404,
        "The comment to reply to is not published in this thread any more.",
        "Keep the words, and let the author post them elsewhere.",
    ),
    ProblemType("thread_not_found", 404, "There is no such thread.", "PATCH registers a slug that is new."),
    ProblemType("alias_not_found", 404, "There is no such alias.", "It may have been deleted already."),
    ProblemType("queue_not_found", 404, "There is no such queue.", "GET …/moderation/queues names them."),
    ProblemType("decision_not_found", 404, "There is no such decision on this site.", "Read the log again."),
    ProblemType("ban_not_found", 404, "There is no such ban in force.", "Read the bans again."),
    ProblemType("author_not_found", 404, "There is no such author on this site.", "Read the comment again."),
    # Moderation
    ProblemType(
        "conflict", 409, "The request is at odds with what is stored.", "Read again, then decide anew."
    ),
    ProblemType(
        "not_latest", 409, "Only the latest decision on a comment can be undone.", "Undo the later one first."
    ),
    ProblemType(
        "not_a_persons",
        409,
        "Software held this comment; that cannot be undone.",
        "Decide on the comment instead.",
    ),
    ProblemType(
        "changed_since",
        409,
        "The comment has changed since that decision: an edit, a withdrawal, reports.",
        "Read the comment again, then decide on what is there.",
    ),
    ProblemType("same_slug", 409, "The thread has this slug already.", "There is nothing to move."),
    # Ours to mend
    ProblemType(
        "internal", 500, "Something went wrong on our side; the log holds what.", "Report it, with the time."
    ),
    ProblemType(
        "unavailable",
        503,
        "The database is away, or many people are writing at once.",
        "Wait for the seconds of Retry-After, then send it again with the same key.",
    ),
)

# The `code` of each of a 422's `errors`: stable, for clients that say it in their own words.
FIELD_CODES = {
    "required": "The field is missing, empty, or nothing of it would be seen.",
    "too_long": "It is longer (or later) than allowed; the message gives the limit.",
    "length": "Too few or too many entries or characters; the message gives the limits.",
    "characters": "It contains NUL, control characters or lone surrogates.",
    "marks": "It stacks more accents on one letter than writing needs.",
    "invalid": "It is not of the kind, form or range that the field takes.",
    "unknown": "There is no such field or setting, or what it names is not known.",
    "repeated": "It came twice and may come once.",
    "word": "It contains a word that the site refuses.",
    "differs": "The key in the body and the one in the header differ.",
    "reused": "The idempotency key came with other words before.",
    "past": "The time given has gone by.",
}
