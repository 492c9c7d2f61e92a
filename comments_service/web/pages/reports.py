"""Reporting a comment by a plain form."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, url_for

from ... import db, reporting
from ...errors import ServiceError
from ...text import slugs
from .. import asking, limits
from ..audience import ANYONE, open_to
from . import asked, threads, writing

# In the order of how often they are wanted, as the widget words them.
REASONS = {
    "spam": "Spam or advertising",
    "abuse": "Abuse, hate or threats",
    "off_topic": "Off topic",
    "personal_data": "Someone’s personal data",
    "illegal": "Illegal content: breaks the law, not only our rules",
    "other": "Something else",
}


def add_to(blueprint: Blueprint) -> None:
    """Register the views that report."""
    path = "/sites/<site>/thread/comments/<int:comment>"
    blueprint.get(f"{path}/report")(complain)
    blueprint.post(f"{path}/report")(report)
    blueprint.get("/sites/<site>/thread/reported")(reported)


@open_to(ANYONE)
def complain(site: str, comment: int) -> Response:
    """The form, nothing chosen yet."""
    asked.query(asked.NoQuery)
    return _form(site, comment, {})


@open_to(ANYONE)
def report(site: str, comment: int) -> Response:
    """Send the complaint; on any refusal the form again. Raises NotFound for what is not public."""
    typed = asked.form()
    found, number = asking.site(site), asked.comment_id(comment)
    content = threads.one(found, number)
    try:
        form = asked.parsed(asked.ReportForm, typed)
        limits.spend("report", site=site)
        db.write(
            lambda session: reporting.report(
                session,
                signer=asking.signer(),
                site=found,
                reader=asking.reader(None),
                comment_id=number,
                **form,
            )
        )
    except ServiceError as error:
        return _form(site, comment, typed, error)
    return make_response(redirect(url_for("pages.reported", site=site, slug=content["slug"]), 303))


@open_to(ANYONE)
def reported(site: str) -> Response:
    """A word of thanks. It does not name the comment, which the report may have hidden."""
    query = asked.query(asked.SlugQuery)
    place = threads.place_of(asking.site(site), slugs.normalise(query["slug"]))
    return make_response(render_template("pages/reported.html", place=place))


def _form(site: str, comment: int, typed: dict[str, Any], error: ServiceError | None = None) -> Response:
    found = asking.site(site)
    content = threads.one(found, comment)
    page = render_template(
        "pages/report.html",
        place=threads.place_of(found, content["slug"]),
        comment=content["comment"],
        reasons=REASONS,
        typed=typed,
        errors=asked.messages(error),
    )
    return writing.refused(make_response(page), error)
