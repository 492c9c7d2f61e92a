"""What moderators send and get."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from ...banning import KINDS
from ...models import STATUSES
from ...models.decision import ACTIONS, REASONS
from ...models.policy import KEYS, MODES
from ...reading.log_files import FORMATS
from ...reading.queues import LONGEST_SEARCH, QUEUES
from .fields import Id, Number, Schema, Text, Time
from .readers import LONGEST_SLUG_SENT, SLUG

LONGEST_CURSOR = 300
LONGEST_NOTE = 2_000
MOST_DECISIONS = 100


class Nothing(Schema):
    """No parameters."""


class Cursor(Schema):
    """Which part of a list."""

    cursor = Text(longest=LONGEST_CURSOR, load_default=None)
    limit = Number(1, 100, load_default=50)


class LogFormat(Schema):
    """As what the log is wanted."""

    format = fields.String(load_default="jsonl", validate=validate.OneOf(FORMATS))


class Period(Schema):
    """From when until before when; a month up to now unless they are given."""

    since = Time(load_default=None, data_key="from")
    until = Time(load_default=None, data_key="to")


class Figures(Schema):
    """What was decided in a period, and how much waits now."""

    since = Time(data_key="from")
    until = Time(data_key="to")
    by_people = fields.Integer()
    by_software = fields.Integer()
    actions = fields.Dict(keys=fields.String(), values=fields.Integer())
    reasons = fields.Dict(keys=fields.String(), values=fields.Integer())
    median_seconds = fields.Float(allow_none=True)
    p90_seconds = fields.Float(allow_none=True)
    notices = fields.Integer()
    pending = fields.Integer()
    reported = fields.Integer()


class QueueQuery(Schema):
    """Which part of a queue."""

    slug = Text(longest=LONGEST_SLUG_SENT, load_default=None, metadata=SLUG)
    author = Id(load_default=None)
    cluster = Id(load_default=None)
    q = Text(longest=LONGEST_SEARCH, load_default=None)
    cursor = Text(longest=LONGEST_CURSOR, load_default=None)
    limit = Number(1, 100, load_default=25)


class DecisionIn(Schema):
    """What a moderator decides about one comment, and what they saw."""

    comment = Id(required=True)
    revision = Number(1, 2**31 - 1, required=True)
    from_status = fields.String(required=True, data_key="from", validate=validate.OneOf(STATUSES))
    action = fields.String(required=True, validate=validate.OneOf(ACTIONS))
    reason = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(REASONS))
    note = Text(longest=LONGEST_NOTE, load_default="")
    trust = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class DecisionsIn(Schema):
    """Up to a hundred decisions."""

    decisions = fields.List(
        fields.Nested(DecisionIn), required=True, validate=validate.Length(min=1, max=MOST_DECISIONS)
    )


class BanIn(Schema):
    """Whom to ban, why, until when."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    comment = Id(load_default=None, allow_none=True, attribute="comment_id")
    author = Id(load_default=None, allow_none=True, attribute="author_id")
    reason = Text(longest=2_000, shortest=1, required=True)
    expires_at = Time(load_default=None, allow_none=True)


class SlugQuery(Schema):
    """Which thread."""

    slug = Text(longest=LONGEST_SLUG_SENT, required=True, metadata=SLUG)


class ThreadIn(Schema):
    """What to change of a thread; null for `mode` means the site's, for the others nothing."""

    mode = fields.String(allow_none=True, validate=validate.OneOf(MODES))
    closes_at = Time(allow_none=True)
    slow_seconds = Number(0, 86_400)
    title = Text(longest=500, allow_none=True)
    url = Text(longest=2_000, allow_none=True)


class MoveIn(Schema):
    """From which slug to which."""

    slug = Text(longest=LONGEST_SLUG_SENT, required=True, metadata=SLUG)
    to = Text(longest=LONGEST_SLUG_SENT, required=True, metadata=SLUG)


def _setting(name: str) -> dict[str, Any]:
    """What a key of the policy takes, as the description says it; the policy itself checks it."""
    about: dict[str, Any] = {"description": KEYS[name].why}
    if KEYS[name].type == "list":
        about["description"] += " One text holds them with commas between."
        return about | {"type": ["array", "string"], "items": {"type": "string"}}
    if KEYS[name].type == "text":
        return about | {"type": "string"}
    if "|" in KEYS[name].type:
        return about | {"type": "string", "enum": KEYS[name].type.split("|")}
    lowest, highest = KEYS[name].type.split("-")
    return about | {"type": "integer", "minimum": int(lowest), "maximum": int(highest)}


def _listed(name: str) -> dict[str, Any]:
    """How an answer differs from what is taken: lists are lists."""
    return {"type": "array", "description": KEYS[name].why} if KEYS[name].type == "list" else {}


def _setting_or_null(name: str) -> dict[str, Any]:
    about = _setting(name)
    return about | ({"enum": [*about["enum"], None]} if "enum" in about else {})


SettingsIn = Schema.from_dict(
    {name: fields.Raw(allow_none=True, metadata=_setting_or_null(name)) for name in KEYS}, name="SettingsIn"
)


class Author(Schema):
    """An author's record; `recent` are the states of the latest comments, oldest first."""

    id = fields.Integer()
    published = fields.Integer()
    rejected = fields.Integer()
    first_seen = Time()
    recent = fields.List(fields.String())
    trusted = fields.Boolean()


class Parent(Schema):
    """What a reply answers."""

    id = fields.Integer()
    name = fields.String()
    status = fields.String()
    body = fields.String()
    created_at = Time()


class Evidence(Schema):
    """What a check found; `start` and `end` count characters of the body."""

    check = fields.String()
    rule = fields.String()
    start = fields.Integer(allow_none=True)
    end = fields.Integer(allow_none=True)
    score = fields.Float(allow_none=True)
    message = fields.String()


class Report(Schema):
    """A reader's complaint."""

    id = fields.Integer()
    revision = fields.Integer()
    reason = fields.String()
    text = fields.String()
    created_at = Time()
    closed_at = Time(allow_none=True)


class Decision(Schema):
    """A row of the decision log."""

    id = fields.Integer()
    seq = fields.Integer()
    revision = fields.Integer()
    action = fields.String()
    reason = fields.String(allow_none=True)
    note = fields.String()
    by = fields.String()
    reverses = fields.Integer(allow_none=True)
    before_status = fields.String()
    after_status = fields.String()
    trusts = fields.Boolean()
    created_at = Time()
    hash = fields.String()


class ThreadName(Schema):
    """Which article."""

    slug = fields.String()
    title = fields.String(allow_none=True)
    url = fields.String(allow_none=True)


class QueueComment(Schema):
    """A comment with all that a decision needs."""

    id = fields.Integer()
    site = fields.String(attribute="site_key")
    thread = fields.Function(lambda row: ThreadName().dump(row), metadata={"type": "object"})
    parent = fields.Nested(Parent, allow_none=True)
    name = fields.String()
    badge = fields.String(allow_none=True)
    author = fields.Nested(Author, allow_none=True)
    body = fields.String()
    html = fields.String()
    status = fields.String(validate=validate.OneOf(STATUSES))
    revision = fields.Integer()
    public_revision = fields.Integer(allow_none=True)
    created_at = Time()
    edited_at = Time(allow_none=True)
    score = fields.Integer()
    reason = fields.String(allow_none=True)
    cluster = fields.Integer()
    evidence = fields.List(fields.Nested(Evidence))
    reports = fields.List(fields.Nested(Report))
    last_decision = fields.Nested(Decision, allow_none=True)


class Revision(Schema):
    """One version of a text."""

    revision = fields.Integer()
    body = fields.String()
    html = fields.String()
    created_at = Time()


class Notice(Schema):
    """Somebody's word, with their name, that a comment is illegal; empty once it was erased."""

    id = fields.Integer()
    report = fields.Integer()
    revision = fields.Integer()
    reason = fields.String(attribute="text")
    name = fields.String()
    email = fields.String()
    created_at = Time()
    closed_at = Time(allow_none=True)
    decision = fields.Integer(allow_none=True)


class Card(QueueComment):
    """Everything about one comment; here `reports` are all, the closed ones too."""

    reports = fields.List(fields.Nested(Report), attribute="all_reports")
    notices = fields.List(fields.Nested(Notice))
    revisions = fields.List(fields.Nested(Revision))
    decisions = fields.List(fields.Nested(Decision))


class QueueCounts(Schema):
    """How many comments stand in each queue; 1000 means that many or more."""

    queues = fields.Dict(keys=fields.String(validate=validate.OneOf(QUEUES)), values=fields.Integer())


class Queue(Schema):
    """A part of a queue."""

    comments = fields.List(fields.Nested(QueueComment), attribute="rows")
    next = fields.String(allow_none=True)


class Result(Schema):
    """What became of one decision."""

    comment = fields.Integer()
    result = fields.String(validate=validate.OneOf(("done", "unchanged", "stale", "not_found")))
    decision = fields.Integer(allow_none=True)


class Results(Schema):
    """What became of the decisions, in the order they were sent."""

    results = fields.List(fields.Nested(Result))


class Reversal(Schema):
    """The row that a reversal added to the log."""

    decision = fields.Integer()


class LogRow(Decision):
    """A row of the decision log and the comment it speaks of."""

    comment = fields.Integer()


class Log(Schema):
    """A part of the decision log."""

    decisions = fields.List(fields.Nested(LogRow))
    next = fields.String(allow_none=True)


class Ban(Schema):
    """A ban in force."""

    id = fields.Integer()
    kind = fields.String(validate=validate.OneOf(KINDS))
    author = fields.Integer(attribute="author_id", allow_none=True)
    author_name = fields.String(allow_none=True)
    reason = fields.String()
    by = fields.String()
    created_at = Time()
    expires_at = Time(allow_none=True)


class Bans(Schema):
    """A part of the bans in force."""

    bans = fields.List(fields.Nested(Ban))
    next = fields.String(allow_none=True)


class Thread(Schema):
    """A thread as moderators see it; `mode` null means the site's."""

    slug = fields.String()
    aliases = fields.List(fields.String())
    title = fields.String(allow_none=True)
    url = fields.String(allow_none=True)
    mode = fields.String(allow_none=True, validate=validate.OneOf(MODES))
    closes_at = Time(allow_none=True)
    slow_seconds = fields.Integer()
    count = fields.Integer()


# As `Policy.document` gives them: texts, numbers and lists of texts.
Settings = Schema.from_dict(
    {name: fields.Raw(metadata=_setting(name) | _listed(name)) for name in KEYS}, name="Settings"
)
