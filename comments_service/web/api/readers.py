"""What readers may do: read pages, post, edit, withdraw, vote, report."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode

from flask import Response, request

from ... import clock, db, posting, reporting, voting
from ...errors import CommentNotFound, Invalid
from ...identity import Reader
from ...models import Site
from ...models.policy import Policy
from ...posting import Posted, Words
from ...reading import finding, own, pages, statements
from ...text import bodies, slugs
from ...text.render import render
from .. import asking, limits, submitting
from ..audience import ANYONE, AUTHOR, open_to
from ..caching import Depends, public
from ..schemas import readers as shapes
from ..schemas.fields import is_storable
from .answers import may_fail
from .input import Blueprint, Parser

LONGEST_KEY = 255
FIRST_PAGE = 25
READING = ("GET", "HEAD", "OPTIONS")
PUBLISHED = "It is published."
WAITS = "It waits for a moderator; `reason` says why."

T = TypeVar("T")

blueprint = Blueprint(
    "readers", __name__, url_prefix="/api/v1/sites/<site>", description="What readers may do."
)


@blueprint.before_request
def _refuse_query() -> None:
    # What writes takes its values from the body alone.
    if request.method not in READING and request.query_string:
        Parser().parse(shapes.Nothing(), request, location="query")


@blueprint.get("/comments")
@open_to(ANYONE)
@blueprint.arguments(shapes.PageQuery, location="query")
@blueprint.response(200, shapes.Page)
def page(query: dict[str, Any], site: str) -> Response:
    """A page of a thread."""
    found = asking.site(site)
    place = pages.place(db.reading(), found.id, slugs.normalise(query.pop("slug")))
    content = pages.page(db.reading(), place, Policy.of(found), max_body=_longest(), **query)
    is_first = query["cursor"] is None and query["limit"] == FIRST_PAGE
    return _with_next(public(content.body, depends=_depends(found, content.place, is_first)), content.next)


@blueprint.get("/comments/<int:comment>")
@open_to(ANYONE)
@may_fail("comment_not_found")
@blueprint.arguments(shapes.Nothing, location="query")
@blueprint.response(200, shapes.Permalink)
def one(query: dict[str, Any], site: str, comment: int) -> Response:
    """A published comment with its root."""
    found = pages.one(db.reading(), asking.site(site).id, comment)
    return public(_found(found))


@blueprint.get("/comments/<int:comment>/replies")
@open_to(ANYONE)
@may_fail("comment_not_found")
@blueprint.arguments(shapes.RepliesQuery, location="query")
@blueprint.response(200, shapes.Replies)
def replies(query: dict[str, Any], site: str, comment: int) -> Response:
    """The next replies of a root."""
    found = asking.site(site)
    content = _found(pages.replies(db.reading(), found.id, comment, **query))
    return _with_next(public(content.body, depends=_depends(found, content.place, False)), content.next)


@blueprint.get("/counts")
@open_to(ANYONE)
@blueprint.arguments(shapes.CountsQuery, location="query")
@blueprint.response(200, shapes.Counts)
def counts(query: dict[str, Any], site: str) -> Response:
    """Published comments of several threads."""
    wanted = {sent: slugs.normalise(sent) for sent in query["slug"]}
    found = asking.site(site)
    counted = pages.counts(db.reading(), found.id, wanted.values())
    published = {one.slug: one.published for one in counted}
    body = pages.as_json({"counts": {sent: published.get(slug, 0) for sent, slug in wanted.items()}})
    return public(body, depends=_counts_depend(found, tuple(set(wanted.values())), counted))


@blueprint.post("/forms")
@open_to(ANYONE)
@may_fail("too_fast")
@blueprint.arguments(shapes.Nothing, required=False)
@blueprint.response(200, shapes.Form)
def form(sent: dict[str, Any], site: str) -> dict[str, str]:
    """A signed time, to be sent back with the comment."""
    found = asking.site_to_write(site)
    limits.spend("preview", site=site)
    return {"form": asking.signer().form_token(found.key)}


@blueprint.post("/comments")
@open_to(ANYONE)
@may_fail("parent_not_found", "closed", "not_registered", "banned", "duplicate", "too_fast", "slow")
@blueprint.arguments(shapes.CommentIn)
@blueprint.response(201, shapes.Posted, description=PUBLISHED)
@blueprint.alt_response(202, schema=shapes.Posted, description=WAITS)
def post(sent: dict[str, Any], site: str) -> tuple[Posted, int, dict[str, str]]:
    """Post a comment: 201 when it is published at once, 202 when it waits for a moderator."""
    found, reader = asking.site_to_write(site), asking.reader(sent.pop("author_key"))
    words = posting.normalised(Words(**sent | {"key": _key(sent["key"])}), longest=_longest())
    posted = submitting.submit(found, reader, words)
    is_public = posted.http_status == HTTPStatus.CREATED
    where = {"Location": f"{request.path}/{posted.comment['id']}"} if is_public else {}
    return posted, posted.http_status, where


@blueprint.post("/comments/<int:comment>/revisions")
@open_to(AUTHOR)
@may_fail(
    "comment_not_found",
    "edit_token",
    "edit_late",
    "closed",
    "not_registered",
    "banned",
    "duplicate",
    "too_fast",
    "slow",
)
@blueprint.arguments(shapes.RevisionIn)
@blueprint.response(201, shapes.Posted, description=PUBLISHED)
@blueprint.alt_response(202, schema=shapes.Posted, description=WAITS)
def revise(sent: dict[str, Any], site: str, comment: int) -> tuple[Posted, int]:
    """Edit a comment inside its window: 201 when the edit is public at once, 202 when it waits."""
    found = asking.site_to_write(site)
    limits.spend("post", site=site)
    edit = posting.prepare_edit(
        db.reading(),
        signer=asking.signer(),
        site=found,
        reader=asking.reader(None),
        comment_id=comment,
        longest=_longest(),
        **sent,
    )
    posted = db.write(edit.store)
    return posted, posted.http_status


@blueprint.post("/comments/<int:comment>/withdrawal")
@open_to(AUTHOR)
@may_fail("comment_not_found", "edit_token", "edit_late", "not_yours", "too_fast")
@blueprint.arguments(shapes.WithdrawalIn)
@blueprint.response(200, shapes.Done)
def withdraw(sent: dict[str, Any], site: str, comment: int) -> dict[str, str]:
    """The author takes a comment back."""
    found, reader = asking.site_to_write(site), asking.reader(sent["author_key"])
    limits.spend("vote", site=site, author=reader.author_key)
    db.write(
        lambda session: posting.withdraw(
            session, signer=asking.signer(), site=found, comment_id=comment, **sent
        )
    )
    return {"status": "withdrawn"}


@blueprint.post("/comments/<int:comment>/votes")
@open_to(AUTHOR)
@may_fail("comment_not_found", "own_comment", "no_votes", "only_up_votes", "too_many_votes", "too_fast")
@blueprint.arguments(shapes.VoteIn)
@blueprint.response(200, shapes.Voted)
def vote(sent: dict[str, Any], site: str, comment: int) -> voting.Voted:
    """Set one's vote on a comment."""
    found, reader = asking.site_to_write(site), asking.reader(sent["author_key"])
    limits.spend("vote", site=site, author=reader.author_key)
    return db.write(
        lambda session: voting.vote(
            session,
            signer=asking.signer(),
            site=found,
            reader=reader,
            comment_id=comment,
            value=sent["value"],
        )
    )


@blueprint.post("/comments/<int:comment>/reports")
@open_to(ANYONE)
@may_fail("comment_not_found", "too_fast")
@blueprint.arguments(shapes.ReportIn)
@blueprint.response(201, shapes.Done)
def report(sent: dict[str, Any], site: str, comment: int) -> dict[str, str]:
    """Complain about a comment."""
    found, reader = asking.site_to_write(site), asking.reader(sent.pop("author_key"))
    limits.spend("report", site=site, author=reader.author_key)
    db.write(
        lambda session: reporting.report(
            session, signer=asking.signer(), site=found, reader=reader, comment_id=comment, **sent
        )
    )
    return {"status": "reported"}


@blueprint.post("/notices")
@open_to(ANYONE)
@may_fail("comment_not_found", "too_fast")
@blueprint.arguments(shapes.NoticeIn)
@blueprint.response(202, shapes.Receipt)
def notice(sent: dict[str, Any], site: str) -> dict[str, str]:
    """Say, with one's name and in good faith, that a comment is illegal."""
    found = asking.site_to_write(site)
    said = reporting.explained(sent["reason"], sent["name"], sent["email"])
    limits.spend("report", site=site)
    receipt = db.write(
        lambda session: reporting.notice(
            session,
            signer=asking.signer(),
            site=found,
            reader=asking.reader(None),
            comment_id=sent["comment"],
            said=said,
        )
    )
    return {"receipt": receipt}


@blueprint.post("/previews")
@open_to(ANYONE)
@may_fail("too_fast")
@blueprint.arguments(shapes.PreviewIn)
@blueprint.response(200, shapes.Preview)
def preview(sent: dict[str, Any], site: str) -> dict[str, str]:
    """A text as it would appear."""
    asking.site_to_write(site)
    limits.spend("preview", site=site)
    return {"html": render(bodies.normalise(sent["body"], longest=_longest())).html}


@blueprint.post("/mine")
@open_to(AUTHOR)
@may_fail("too_fast")
@blueprint.arguments(shapes.MineIn)
@blueprint.response(200, shapes.Mine)
def mine(sent: dict[str, Any], site: str) -> dict[str, Any]:
    """The author's own comments of a thread that are not published, or whose newest edit is not, and why."""
    found, reader = asking.site_to_write(site), asking.reader(sent["author_key"])
    limits.spend("preview", site=site, author=reader.author_key)
    return {"comments": _unpublished(found, reader, slugs.normalise(sent["slug"]))}


def _unpublished(site: Site, reader: Reader, slug: str) -> list[dict[str, Any]]:
    assert reader.author_key is not None
    author = finding.author_id(db.reading(), site.id, asking.signer().author(site.id, reader.author_key))
    thread = finding.thread(db.reading(), site.id, slug)
    if author is None or thread is None:
        return []
    comments = own.unpublished(db.reading(), thread_id=thread.id, author_id=author)
    said = statements.of(db.reading(), Policy.of(site), [comment["id"] for comment in comments])
    return [comment | {"statement": said.get(comment["id"])} for comment in comments]


def _key(in_body: str | None) -> str | None:
    in_header = request.headers.get("Idempotency-Key")
    if in_header is not None and not 1 <= len(in_header) <= LONGEST_KEY:
        raise Invalid.field("Idempotency-Key", "too_long", "An idempotency key has 1 to 255 characters.")
    if in_header is not None and not is_storable(in_header):
        raise Invalid.field(
            "Idempotency-Key", "characters", "This contains characters that cannot be stored."
        )
    if None not in (in_header, in_body) and in_header != in_body:
        raise Invalid.field("key", "differs", "key and Idempotency-Key differ; send one of them.")
    return in_body if in_body is not None else in_header


def _longest() -> int:
    return asking.settings().max_body


def _found(content: T | None) -> T:
    if content is None:
        raise CommentNotFound
    return content


def _depends(site: Site, place: pages.Place, is_first: bool) -> Depends | None:
    """What a page of a thread was made from; None while nothing public ever happened in it."""
    if place.version == 0:
        return None
    closing = Policy.of(site).closing_time(place.closes_at, place.opened_at)
    return Depends(
        site_id=site.id,
        slugs=(place.slug,),
        versions=frozenset({("", site.version), (place.slug, place.version)}),
        expires=closing.timestamp() if closing is not None and closing > clock.now() else None,
        canonical=is_first and request.query_string.decode() in _spellings(place.slug),
    )


def _counts_depend(site: Site, asked: tuple[str, ...], counted: Sequence[pages.Counted]) -> Depends | None:
    """What counts were made from; None when no slug leads anywhere."""
    if not counted:
        return None
    versions = {("", site.version), *((one.slug, one.version) for one in counted)}
    return Depends(site_id=site.id, slugs=asked, versions=frozenset(versions))


def _spellings(slug: str) -> tuple[str, ...]:
    """The queries that the widget asks with, as a browser spells them."""
    bare = "slug=" + quote_plus(slug, safe="*").replace("~", "%7E")
    return (bare, *(f"{bare}&sort={sort}" for sort in shapes.SORTS))


def _with_next(response: Response, cursor: str | None) -> Response:
    if cursor is not None:
        query = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
        address = f"{asking.settings().public_url}{request.path}?{urlencode([*query, ('cursor', cursor)])}"
        response.headers["Link"] = f'<{address}>; rel="next"'
    return response
