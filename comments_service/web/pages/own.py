"""An author's own comment by the link they got when they posted: see it, edit it, take it back.

The link is the comment's page with the signed edit token in its query. A fragment would never reach us
without script, a path would stand in logs, which hold no query strings; a cookie we do not set. Nobody
may store the page, and no other origin is told its address.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from sqlalchemy import select

from ... import clock, db, posting
from ...errors import CommentNotFound, Refused, ServiceError
from ...models import PENDING, PUBLISHED, WITHDRAWN, Comment, Revision, Site, Thread
from ...reading import own as own_comments
from ...reading import statements
from .. import asking, limits, permalinks
from ..audience import AUTHOR, open_to
from . import asked, threads, words, writing


def add_to(blueprint: Blueprint) -> None:
    """Register the views that edit and withdraw."""
    path = "/sites/<site>/thread/comments/<int:comment>"
    blueprint.get(f"{path}/own")(own)
    blueprint.post(f"{path}/revisions")(revise)
    blueprint.post(f"{path}/withdrawal")(withdraw)


@open_to(AUTHOR)
def own(site: str, comment: int) -> Response:
    """The comment as its author sees it, with the forms to change it. Raises Refused for a bad token."""
    found = asked.site(site)
    query = asked.query(asked.TokenQuery)
    asking.signer().check_edit_token(query["edit_token"], comment)
    return _page(found, comment, query["edit_token"])


@open_to(AUTHOR)
def revise(site: str, comment: int) -> Response:
    """Store an edit; on any refusal the page again, with what was typed and why."""
    found = asked.site(site)
    typed = asked.form()
    try:
        form = asked.parsed(asked.RevisionForm, typed)
        limits.spend("post", site=site)
        edit = posting.prepare_edit(
            db.reading(),
            signer=asking.signer(),
            site=found,
            reader=asking.reader(None),
            comment_id=comment,
            longest=asking.settings().max_body,
            **form,
        )
        db.write(edit.store)
    except ServiceError as error:
        return _again(found, comment, typed, error)
    return _back(site, comment, form["edit_token"])


@open_to(AUTHOR)
def withdraw(site: str, comment: int) -> Response:
    """Take the comment back."""
    found = asked.site(site)
    form = asked.parsed(asked.TokenQuery, asked.form())
    limits.spend("vote", site=site)
    db.write(
        lambda session: posting.withdraw(
            session,
            signer=asking.signer(),
            site=found,
            comment_id=comment,
            author_key=None,
            edit_token=form["edit_token"],
        )
    )
    return _back(site, comment, form["edit_token"])


def _back(site: str, comment: int, token: str) -> Response:
    there = url_for("pages.own", site=site, comment=comment, edit_token=token)
    return make_response(redirect(there, 303))


def _again(site: Site, comment: int, typed: dict[str, str], error: ServiceError) -> Response:
    token = typed.get("edit_token", "")
    try:
        asking.signer().check_edit_token(token, comment)
    except Refused:
        # Too late to change anything, but the words are theirs.
        page = render_template(
            "pages/message.html",
            title=words.spoken().say("not_saved"),
            text=words.spoken().of_error(error),
            typed=typed.get("body", ""),
        )
        return writing.refused(make_response(page), error)
    return writing.refused(_page(site, comment, token, body=typed.get("body", ""), error=error), error)


def _page(
    site: Site, comment: int, token: str, *, body: str | None = None, error: ServiceError | None = None
) -> Response:
    stored = _stored(site, comment)
    place = threads.place_of(site, db.reading().get_one(Thread, stored.thread_id).slug)
    if stored.status == WITHDRAWN:
        return writing.done(place, title="you_withdrew", text="withdrew_more")
    shown = own_comments.own(db.reading(), comment)
    page = render_template(
        "pages/own.html",
        place=place,
        comment=shown | {"created_at": clock.rfc3339(stored.created_at)},
        is_public=stored.status == PUBLISHED,
        reason=stored.reason if shown["status"] == PENDING else None,
        statement=_statement(place, comment),
        body=_source(comment) if body is None else body,
        errors=asked.messages(error),
        token=token,
        address=permalinks.page("pages.own", site=site.key, comment=comment, edit_token=token),
        until=_until(stored, place),
        longest_body=asking.settings().max_body,
    )
    return make_response(page)


def _statement(place: threads.Place, comment: int) -> str | None:
    """Why the comment is not shown, and how to object, in sentences."""
    said = statements.of(db.reading(), place.policy, [comment]).get(comment)
    return said.text if said else None


def _stored(site: Site, comment: int) -> Comment:
    query = select(Comment).where(Comment.id == comment, Comment.site_id == site.id)
    # What this very request wrote by its other session must be seen.
    found = db.reading().scalars(query.execution_options(populate_existing=True)).first()
    if found is None:
        raise CommentNotFound
    return found


def _source(comment: int) -> str:
    query = select(Revision.body).where(Revision.comment_id == comment)
    return db.reading().scalars(query.order_by(Revision.revision.desc()).limit(1)).one()


def _until(comment: Comment, place: threads.Place) -> str:
    return clock.rfc3339(comment.created_at + timedelta(minutes=place.policy.edit_minutes))
