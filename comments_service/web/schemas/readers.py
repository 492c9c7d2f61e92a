"""What readers send and get."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ...models import STATUSES
from ...models.notice import LONGEST_EMAIL
from ...models.policy import LANGUAGES, MODES, VOTES
from ...models.report import REASONS
from ...reporting import EMAIL, LONGEST_EXPLANATION
from ...text import names, slugs
from .fields import Id, Number, Schema, Text, Time

LONGEST_SLUG_SENT = 2_000
LONGEST_BODY_SENT = 64 * 1024
LONGEST_REPORT = 2_000
MOST_SLUGS = 100
SORTS = ("newest", "oldest", "best")

# What is counted and trimmed is told by `text.slugs`; these are the bounds of what that leaves.
SLUG = {"minLength": 1, "maxLength": slugs.LONGEST, "description": "The article's key."}
NAME = {"minLength": 1, "maxLength": names.LONGEST}
AUTHOR_KEY = "Made by the client and kept by it: whoever has it acts as this author."
EDIT_TOKEN = "From the answer to the post."  # noqa: S105 (where it comes from)


def _author_key(**kwargs: Any) -> Text:
    shape = {"minLength": 22, "pattern": "^[A-Za-z0-9_-]{22,64}$", "description": AUTHOR_KEY}
    return Text(longest=64, metadata=shape, **kwargs)


def _slug() -> Text:
    return Text(longest=LONGEST_SLUG_SENT, required=True, metadata=SLUG)


def _body() -> Text:
    shape = {"minLength": 1, "description": "Markdown, of at most COMMENTS_MAX_BODY characters."}
    return Text(longest=LONGEST_BODY_SENT, required=True, metadata=shape)


def _edit_token(**kwargs: Any) -> Text:
    return Text(longest=500, metadata={"description": EDIT_TOKEN}, **kwargs)


class PageQuery(Schema):
    """Which page of a thread."""

    slug = _slug()
    sort = fields.String(load_default="newest", validate=validate.OneOf(SORTS))
    cursor = Text(longest=300, load_default=None)
    limit = Number(1, 100, load_default=25)


class RepliesQuery(Schema):
    """Which of a root's replies."""

    cursor = Text(longest=300, load_default=None)
    limit = Number(1, 100, load_default=25)


class CountsQuery(Schema):
    """The slugs to count."""

    slug = fields.List(
        Text(longest=LONGEST_SLUG_SENT, metadata=SLUG),
        required=True,
        validate=validate.Length(min=1, max=MOST_SLUGS),
    )


class CommentIn(Schema):
    """A new comment."""

    slug = _slug()
    body = _body()
    name = Text(longest=1_000, required=True, metadata=NAME)
    parent = Id(load_default=None, allow_none=True)
    author_key = _author_key(load_default=None)
    form = Text(longest=500, load_default="")
    key = Text(longest=255, shortest=1, load_default=None)
    subject = Text(longest=2_000, load_default="", metadata={"description": "The honeypot; stays empty."})


class RevisionIn(Schema):
    """An edit."""

    body = _body()
    edit_token = _edit_token(required=True)


class WithdrawalIn(Schema):
    """Taking a comment back."""

    author_key = _author_key(load_default=None)
    edit_token = _edit_token(load_default=None)

    @ma.validates_schema
    def _needs_one(self, data: dict[str, object], **kwargs: object) -> None:
        if data["author_key"] is None and data["edit_token"] is None:
            raise ma.ValidationError("Missing data for required field.", "author_key")


class VoteIn(Schema):
    """A vote."""

    value = Number(-1, 1, required=True)
    author_key = _author_key(required=True)


class ReportIn(Schema):
    """A complaint."""

    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    text = Text(longest=LONGEST_REPORT, load_default="")
    author_key = _author_key(load_default=None)


class NoticeIn(Schema):
    """A notice of illegal content: why it is illegal, and who says so in good faith."""

    comment = Id(required=True)
    reason = Text(longest=LONGEST_EXPLANATION, shortest=1, required=True)
    name = Text(longest=1_000, required=True, metadata=NAME)
    email = Text(longest=LONGEST_EMAIL, required=True, metadata={"pattern": f"^{EMAIL.pattern}$"})
    good_faith = fields.Boolean(
        required=True,
        truthy={True, "true", "on", "1"},
        falsy={False, "false", "off", "0"},
        validate=validate.Equal(True, error="Say that you believe in good faith that this is true."),
    )


class PreviewIn(Schema):
    """A text to show as it would appear."""

    body = _body()


class MineIn(Schema):
    """Whose comments, of which thread."""

    author_key = _author_key(required=True)
    slug = _slug()


class Nothing(Schema):
    """No parameters at all."""


class Thread(Schema):
    """A thread as readers see it."""

    slug = fields.String()
    count = fields.Integer()
    mode = fields.String(validate=validate.OneOf(MODES))
    closes_at = Time(allow_none=True)
    slow_seconds = fields.Integer()


class ReadersPolicy(Schema):
    """What whoever draws a thread must know of its site's policy; texts that the site has not are empty."""

    language = fields.String(validate=validate.OneOf(LANGUAGES))
    votes = fields.String(validate=validate.OneOf(VOTES))
    depth_drawn = fields.Integer()
    edit_minutes = fields.Integer()
    rules_url = fields.String()
    privacy_url = fields.String()
    contact = fields.String()
    max_body = fields.Integer()


class Comment(Schema):
    """A comment."""

    id = fields.Integer()
    parent = fields.Integer(allow_none=True)
    name = fields.String()
    badge = fields.String(allow_none=True)
    html = fields.String()
    created_at = Time()
    edited_at = Time(allow_none=True)
    status = fields.String(validate=validate.OneOf(STATUSES))
    revision = fields.Integer()
    score = fields.Integer()


class ThreadComment(Comment):
    """A comment in a page, or (with `removed`, without text) a tombstone."""

    removed = fields.String(validate=validate.OneOf(("moderator", "author", "review")))


class Root(ThreadComment):
    """A comment without parent, with its first replies."""

    replies_total = fields.Integer()
    replies = fields.List(fields.Nested(ThreadComment))
    replies_next = fields.String(allow_none=True)


class Page(Schema):
    """A page of a thread."""

    thread = fields.Nested(Thread)
    policy = fields.Nested(ReadersPolicy)
    comments = fields.List(fields.Nested(Root))
    next = fields.String(allow_none=True)


class Replies(Schema):
    """A page of a root's replies."""

    comments = fields.List(fields.Nested(ThreadComment))
    next = fields.String(allow_none=True)


class Permalink(Schema):
    """A comment with its root and its thread's slug."""

    slug = fields.String()
    comment = fields.Nested(ThreadComment)
    root = fields.Nested(Root)


class Counts(Schema):
    """Published comments by slug."""

    counts = fields.Dict(keys=fields.String(), values=fields.Integer())


class Posted(Schema):
    """What the writer of a comment learns."""

    comment = fields.Nested(Comment)
    edit_token = fields.String(allow_none=True)
    edit_until = Time(allow_none=True)
    reason = fields.String(allow_none=True)


class Voted(Schema):
    """The score after a vote, and the vote."""

    comment = fields.Integer()
    score = fields.Integer()
    value = fields.Integer()


class Receipt(Schema):
    """Shown once to whoever sent a notice."""

    receipt = fields.String()


class Form(Schema):
    """A form's signed time."""

    form = fields.String()


class Preview(Schema):
    """A rendering."""

    html = fields.String()


class Statement(Schema):
    """Why a comment, or an edit of it, is not shown and how to object; `text` says it in sentences."""

    decision = fields.Integer()
    action = fields.String(validate=validate.OneOf(("hold", "reject", "spam")))
    revision = fields.Integer()
    decided_at = Time()
    decided_by = fields.String(validate=validate.OneOf(("software", "moderator")))
    found_by = fields.String(validate=validate.OneOf(("notice", "report", "software", "moderator")))
    ground = fields.String(validate=validate.OneOf(("rules", "law")))
    reason = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    facts = fields.List(fields.String())
    rules_url = fields.String(allow_none=True)
    contact = fields.String(allow_none=True)
    text = fields.String()


class OwnComment(Comment):
    """An author's own comment that is not published, or whose newest edit is not, and why."""

    reason = fields.String(allow_none=True)
    statement = fields.Nested(Statement, allow_none=True)


class Mine(Schema):
    """An author's own comments of a thread that are not published, or whose newest edit is not."""

    comments = fields.List(fields.Nested(OwnComment))


class Done(Schema):
    """An act that leaves nothing to say but its result."""

    status = fields.String()
