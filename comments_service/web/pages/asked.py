"""What a page was asked: its query, its form, and whether the form is ours."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import request
from marshmallow import fields, validate
from werkzeug.exceptions import UnsupportedMediaType

from ...errors import FieldError, Invalid, Refused, ServiceError
from ...models import Site
from ...models.policy import Policy
from ...models.report import REASONS
from .. import asking
from ..api.input import FORM_TYPE, Parser
from ..schemas.fields import Id, Schema, Text
from ..schemas.readers import LONGEST_BODY_SENT, LONGEST_REPORT, LONGEST_SLUG_SENT, SORTS
from . import words

LONGEST_CURSOR = 300
LONGEST_TOKEN = 500
RECEIPT = r"[0-9]{1,19}-[A-Za-z0-9_-]{10,80}\Z"


class ThreadQuery(Schema):
    """Which page of a thread."""

    slug = Text(longest=LONGEST_SLUG_SENT, required=True)
    sort = fields.String(load_default="newest", validate=validate.OneOf(SORTS))
    cursor = Text(longest=LONGEST_CURSOR, load_default=None)


class FragmentQuery(Schema):
    """Which thread, and how its styles come along."""

    slug = Text(longest=LONGEST_SLUG_SENT, required=True)
    styles = fields.String(load_default="inline", validate=validate.OneOf(("inline", "link", "none")))


class CursorQuery(Schema):
    """Which of a root's replies."""

    cursor = Text(longest=LONGEST_CURSOR, load_default=None)


class WriteQuery(Schema):
    """Where a comment is to stand."""

    slug = Text(longest=LONGEST_SLUG_SENT, required=True)
    parent = Id(load_default=None, allow_none=True)


class SlugQuery(Schema):
    """Which thread to go back to."""

    slug = Text(longest=LONGEST_SLUG_SENT, required=True)


class TokenQuery(Schema):
    """The author's token for one comment."""

    edit_token = Text(longest=LONGEST_TOKEN, required=True)


class ReceiptQuery(SlugQuery):
    """The receipt of a notice: its form is checked, so that no address makes this page say other things."""

    receipt = Text(longest=100, required=True, validate=validate.Regexp(RECEIPT))


class NoQuery(Schema):
    """No parameters at all."""


class CommentForm(Schema):
    """A new comment; what is empty is the verb's to judge, so that the message stands at its field."""

    slug = Text(longest=LONGEST_SLUG_SENT, required=True)
    body = Text(longest=LONGEST_BODY_SENT, load_default="")
    name = Text(longest=1_000, load_default="")
    parent = Id(load_default=None, allow_none=True)
    form = Text(longest=LONGEST_TOKEN, load_default="")
    subject = Text(longest=2_000, load_default="")
    act = Text(longest=20, load_default="")


class RevisionForm(Schema):
    """An edit."""

    body = Text(longest=LONGEST_BODY_SENT, load_default="")
    edit_token = Text(longest=LONGEST_TOKEN, required=True)


class ReportForm(Schema):
    """A complaint."""

    reason = fields.String(
        required=True,
        validate=validate.OneOf(REASONS, error="Please choose one."),
        error_messages={"required": "Please choose one."},
    )
    text = Text(longest=LONGEST_REPORT, load_default="")


def _confirmed() -> fields.Boolean:
    message = "Please confirm this."
    return fields.Boolean(
        required=True, truthy={"on"}, falsy=set(), error_messages={"required": message, "invalid": message}
    )


class NoticeForm(Schema):
    """A notice of illegal content; what is empty is the verb's to judge."""

    reason = Text(longest=LONGEST_BODY_SENT, load_default="")
    name = Text(longest=1_000, load_default="")
    email = Text(longest=1_000, load_default="")
    good_faith = _confirmed()


def site(key: str) -> Site:
    """The site of the route, whose language is spoken from now on; raises NotFound."""
    found = asking.site(key)
    words.speak(Policy.of(found).language)
    return found


def query(schema: type[Schema]) -> dict[str, Any]:
    """The query as the schema reads it. Raises Invalid; BadRequest for broken UTF-8."""
    found: dict[str, Any] = Parser().parse(schema(), request, location="query")
    return found


def form() -> dict[str, str]:
    """The fields of our own form, as they were typed.

    Raises Refused for a form that did not come from one of our pages: a reader writes here without
    any key of their own, so nothing but the Origin tells their wish from that of a page elsewhere.
    All browsers send it with a form's POST; whoever has none uses the API.
    """
    ours = asking.settings().origin
    if request.headers.get("Origin") != ours:
        raise Refused(f"This form did not come from {ours}.", code="origin")
    if request.mimetype != FORM_TYPE:
        raise UnsupportedMediaType
    query(NoQuery)
    typed: dict[str, str] = Parser().load_json(request, NoQuery())
    return typed


def parsed(schema: type[Schema], typed: dict[str, str]) -> dict[str, Any]:
    """The form as the schema reads it. Raises Invalid."""
    reader = schema()
    try:
        found: dict[str, Any] = reader.load(typed)
    except ma.ValidationError as error:
        located = ma.ValidationError({"json": error.normalized_messages()})
        Parser().handle_error(located, request, reader, error_status_code=None, error_headers=None)
    return found


def messages(error: ServiceError | None) -> dict[str, str]:
    """What to say, by the field it stands at; "" for the form as a whole."""
    if error is None:
        return {}
    if not isinstance(error, Invalid):
        return {"": words.spoken().of_error(error)}
    found: dict[str, str] = {}
    for one in error.errors or (FieldError("", error.code, error.message),):
        found.setdefault(one.field, words.spoken().of_field(one))
    return found
