"""Writing a comment or a reply by a plain form.

The form has a page of its own, which nobody may store: the pages that read are shared by caches, and
a form's token in them would be one token for everybody.

A reader here has no author key. So that a button pressed twice, or a page sent again, does not post
twice, each form that was opened counts as an author of its own, known to nobody but us.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, url_for

from ... import posting
from ...errors import CommentNotFound, NotFound, ServiceError, TooFast, Unavailable
from ...models import Site
from ...posting import Posted, Words
from ...text import bodies, names, slugs
from ...text.render import render
from .. import asking, limits, problems, submitting
from ..audience import ANYONE, open_to
from . import asked, threads

# What the second of the form's buttons sends as `act`.
PREVIEW = "preview"


def add_to(blueprint: Blueprint) -> None:
    """Register the views that post."""
    blueprint.get("/sites/<site>/thread/comment")(write)
    blueprint.post("/sites/<site>/thread/comment")(post)
    blueprint.get("/sites/<site>/thread/comment/sent")(sent)


@open_to(ANYONE)
def write(site: str) -> Response:
    """An empty form, fresh for this reader."""
    found = asked.site(site)
    query = asked.query(asked.WriteQuery)
    place = threads.place_of(found, slugs.normalise(query["slug"]))
    parent = _parent(place, query["parent"])
    return _form(place, parent, {"form": asking.signer().form_token(found.key)})


@open_to(ANYONE)
def post(site: str) -> Response:
    """Post what the form holds, or show how it would look; on any refusal the form again, with what was
    typed and why.
    """
    found = asked.site(site)
    typed = asked.form()
    slug = slugs.normalise(typed.get("slug", ""))
    try:
        form = asked.parsed(asked.CommentForm, typed)
        if form.pop("act") == PREVIEW:
            place = threads.place_of(found, slug)
            return _form(place, _parent_still_there(place, typed), typed, preview=_preview(found, form))
        posted = _post(found, form)
    except ServiceError as error:
        place = threads.place_of(found, slug)
        return _form(place, _parent_still_there(place, typed), typed, error)
    return make_response(redirect(_after(found, slug, posted), 303))


@open_to(ANYONE)
def sent(site: str) -> Response:
    """What is said when a comment waits and may not be edited."""
    found = asked.site(site)
    query = asked.query(asked.SlugQuery)
    place = threads.place_of(found, slugs.normalise(query["slug"]))
    return done(place, title="thanks", text="thanks_waits")


def done(place: threads.Place, *, title: str, text: str) -> Response:
    """A page that says that it is done; `title` and `text` are names of the languages' words."""
    return make_response(render_template("pages/done.html", place=place, title=title, text=text))


def refused(response: Response, error: ServiceError | None) -> Response:
    """The page with the status that its error has in the API."""
    if error is not None:
        answer = problems.from_error(error)
        response.status_code = answer.status_code
        if isinstance(error, TooFast | Unavailable):
            response.headers["Retry-After"] = answer.headers["Retry-After"]
    return response


def _preview(site: Site, form: dict[str, Any]) -> str:
    limits.spend("preview", site=site.key)
    return render(bodies.normalise(form["body"], longest=asking.settings().max_body)).html


def _post(site: Site, form: dict[str, Any]) -> Posted:
    reader = asking.reader(_author_of(site, form["form"]))
    words = posting.normalised(Words(**form), longest=asking.settings().max_body)
    if reader.author_key is not None:
        words = replace(words, key=words.digest().hex())
    return submitting.submit(site, reader, words)


def _author_of(site: Site, form: str) -> str | None:
    """The author that a form of ours stands for; none for a form we did not make."""
    if not form or asking.signer().form_age(form, site.key) is None:
        return None
    return urlsafe_b64encode(asking.signer().token(f"form {form}")).decode().rstrip("=")


def _after(site: Site, slug: str, posted: Posted) -> str:
    """The page to go on with: the author's own one, else the comment itself, else a word of thanks."""
    comment = posted.comment["id"]
    if posted.edit_token is not None:
        return url_for("pages.own", site=site.key, comment=comment, edit_token=posted.edit_token)
    if posted.comment["status"] == "published":
        return url_for("pages.permalink", site=site.key, comment=comment, _anchor=f"comment-{comment}")
    return url_for("pages.sent", site=site.key, slug=slug)


def _form(
    place: threads.Place,
    parent: dict[str, Any] | None,
    typed: dict[str, str],
    error: ServiceError | None = None,
    *,
    preview: str | None = None,
) -> Response:
    page = render_template(
        "pages/write.html",
        preview=preview,
        place=place,
        parent=parent,
        typed=typed,
        errors=asked.messages(error),
        longest_name=names.LONGEST,
        longest_body=asking.settings().max_body,
    )
    return refused(make_response(page), error)


def _parent(place: threads.Place, comment: int | None) -> dict[str, Any] | None:
    if comment is None:
        return None
    content = threads.one(place.site, comment)
    if content["slug"] != place.slug:
        raise CommentNotFound
    parent: dict[str, Any] = content["comment"]
    return parent


def _parent_still_there(place: threads.Place, typed: dict[str, str]) -> dict[str, Any] | None:
    """The comment replied to; once it is gone the words stay, and may be posted under no other."""
    number = typed.get("parent", "")
    if not (number.isascii() and number.isdigit() and len(number) < 20):
        return None
    try:
        return _parent(place, int(number))
    except NotFound:
        return None
