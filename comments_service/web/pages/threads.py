"""Reading a thread: its pages, one conversation, the rest of a conversation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template
from sqlalchemy import select

from ... import db
from ...errors import CommentNotFound
from ...models import Comment, Site, Thread
from ...models.policy import Policy
from ...reading import finding, pages
from ...text import slugs
from .. import asking, caching
from ..audience import ANYONE, open_to
from ..schemas.readers import SORTS
from . import asked, tree

ROOTS = 25
REPLIES = 50
CONTENT_TYPE = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Place:
    """What every page says of its thread."""

    site: Site
    policy: Policy
    slug: str
    title: str
    article: str | None
    mode: str

    @property
    def takes_comments(self) -> bool:
        """Whether to offer a form."""
        return self.mode != "closed"

    @property
    def is_read_first(self) -> bool:
        """Whether a moderator reads every comment before it appears."""
        return self.mode == "premoderated"


def add_to(blueprint: Blueprint) -> None:
    """Register the views that read."""
    blueprint.get("/sites/<site>/thread")(thread)
    blueprint.get("/sites/<site>/thread/comments/<int:comment>")(permalink)
    blueprint.get("/sites/<site>/thread/comments/<int:comment>/replies")(replies)


@open_to(ANYONE)
def thread(site: str) -> Response:
    """A page of a thread. It carries no form: a form's token in it would be cached and shared."""
    found = asked.site(site)
    query = asked.query(asked.ThreadQuery)
    place = place_of(found, slugs.normalise(query["slug"]))
    content = pages.page(
        db.reading(),
        pages.place(db.reading(), found.id, place.slug),
        place.policy,
        max_body=asking.settings().max_body,
        sort=query["sort"],
        cursor=query["cursor"],
        limit=ROOTS,
    )
    page = json.loads(content.body)
    return _public(
        "pages/thread.html",
        place=place,
        count=page["thread"]["count"],
        nodes=[_conversation(root, place) for root in page["comments"]],
        sort=query["sort"],
        sorts=SORTS if place.policy.votes != "none" else SORTS[:2],
        cursor=query["cursor"],
        next=content.next,
    )


@open_to(ANYONE)
def permalink(site: str, comment: int) -> Response:
    """One comment where it was said: its root, the first replies, and itself."""
    found = asked.site(site)
    asked.query(asked.NoQuery)
    content = one(found, comment)
    root = content["root"]
    node = _conversation(root, place := place_of(found, content["slug"]))
    drawn = {root["id"], *(reply["id"] for reply in root["replies"])}
    apart = [] if comment in drawn else tree.rest([content["comment"]], deepest=place.policy.depth_drawn)
    return _public("pages/conversation.html", place=place, node=node, apart=apart, chosen=comment)


@open_to(ANYONE)
def replies(site: str, comment: int) -> Response:
    """The next replies of a root."""
    found = asked.site(site)
    query = asked.query(asked.CursorQuery)
    content = pages.replies(db.reading(), found.id, comment, cursor=query["cursor"], limit=REPLIES)
    if content is None:
        raise CommentNotFound
    place = place_of(found, _slug_of(comment))
    nodes = tree.rest(json.loads(content.body)["comments"], deepest=place.policy.depth_drawn)
    return _public("pages/replies.html", place=place, root=comment, nodes=nodes, next=content.next)


def place_of(site: Site, slug: str) -> Place:
    """What is known of a slug's thread, which need not exist yet."""
    policy, found = Policy.of(site), finding.thread(db.reading(), site.id, slug)
    if found is None:
        return Place(site, policy, slug, slug, policy.article(None, slug), policy.mode)
    mode = policy.mode_of(found.mode, found.closes_at, found.opened_at)
    article = policy.article(found.url, found.slug)
    return Place(site, policy, found.slug, found.title or found.slug, article, mode)


def one(site: Site, comment: int) -> dict[str, Any]:
    """A published comment with its root and its thread's slug; raises NotFound."""
    content = pages.one(db.reading(), site.id, comment)
    if content is None:
        raise CommentNotFound
    found: dict[str, Any] = json.loads(content)
    return found


def _conversation(root: tree.Comment, place: Place) -> tree.Node:
    return tree.conversation(root, deepest=place.policy.depth_drawn)


def _slug_of(comment: int) -> str:
    query = select(Thread.slug).join(Comment, Comment.thread_id == Thread.id).where(Comment.id == comment)
    return db.reading().scalars(query).one()


def _public(template: str, **values: Any) -> Response:
    return caching.public(render_template(template, **values).encode(), content_type=CONTENT_TYPE)
