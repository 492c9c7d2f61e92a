"""Reporting a comment by a plain form, and the formal notice that it is illegal."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, url_for

from ... import db, reporting
from ...errors import ServiceError
from ...models import Site
from ...text import slugs
from .. import asking, limits
from ..audience import ANYONE, open_to
from . import asked, threads, writing

# In the order of how often they are wanted, as the widget shows them.
REASONS = ("spam", "abuse", "off_topic", "personal_data", "illegal", "other")


def add_to(blueprint: Blueprint) -> None:
    """Register the views that report."""
    path = "/sites/<site>/thread/comments/<int:comment>"
    blueprint.get(f"{path}/report")(complain)
    blueprint.post(f"{path}/report")(report)
    blueprint.get("/sites/<site>/thread/reported")(reported)
    blueprint.get(f"{path}/notice")(notify)
    blueprint.post(f"{path}/notice")(notice)
    blueprint.get("/sites/<site>/thread/noticed")(noticed)


@open_to(ANYONE)
def complain(site: str, comment: int) -> Response:
    """The form, nothing chosen yet."""
    found = asked.site(site)
    asked.query(asked.NoQuery)
    return _form("pages/report.html", found, comment, {})


@open_to(ANYONE)
def report(site: str, comment: int) -> Response:
    """Send the complaint; on any refusal the form again. Raises NotFound for what is not public."""
    found = asked.site(site)
    typed = asked.form()
    content = threads.one(found, comment)
    try:
        form = asked.parsed(asked.ReportForm, typed)
        limits.spend("report", site=site)
        db.write(
            lambda session: reporting.report(
                session,
                signer=asking.signer(),
                site=found,
                reader=asking.reader(None),
                comment_id=comment,
                **form,
            )
        )
    except ServiceError as error:
        return _form("pages/report.html", found, comment, typed, error)
    return make_response(redirect(url_for("pages.reported", site=site, slug=content["slug"]), 303))


@open_to(ANYONE)
def reported(site: str) -> Response:
    """A word of thanks. It does not name the comment, which the report may have hidden."""
    found = asked.site(site)
    query = asked.query(asked.SlugQuery)
    place = threads.place_of(found, slugs.normalise(query["slug"]))
    return writing.done(place, title="thanks", text="thanks_report")


@open_to(ANYONE)
def notify(site: str, comment: int) -> Response:
    """The form of a notice, empty."""
    found = asked.site(site)
    asked.query(asked.NoQuery)
    return _form("pages/notice.html", found, comment, {})


@open_to(ANYONE)
def notice(site: str, comment: int) -> Response:
    """Send the notice; on any refusal the form again. Raises NotFound for what is not public."""
    found = asked.site(site)
    typed = asked.form()
    content = threads.one(found, comment)
    try:
        form = asked.parsed(asked.NoticeForm, typed)
        said = reporting.explained(form["reason"], form["name"], form["email"])
        limits.spend("report", site=site)
        receipt = db.write(
            lambda session: reporting.notice(
                session,
                signer=asking.signer(),
                site=found,
                reader=asking.reader(None),
                comment_id=comment,
                said=said,
            )
        )
    except ServiceError as error:
        return _form("pages/notice.html", found, comment, typed, error)
    there = url_for("pages.noticed", site=site, slug=content["slug"], receipt=receipt)
    return make_response(redirect(there, 303))


@open_to(ANYONE)
def noticed(site: str) -> Response:
    """The receipt, from an address that nobody stores: a page sent again would send the notice again."""
    found = asked.site(site)
    query = asked.query(asked.ReceiptQuery)
    place = threads.place_of(found, slugs.normalise(query["slug"]))
    return make_response(render_template("pages/noticed.html", place=place, receipt=query["receipt"]))


def _form(
    template: str, site: Site, comment: int, typed: dict[str, Any], error: ServiceError | None = None
) -> Response:
    content = threads.one(site, comment)
    page = render_template(
        template,
        place=threads.place_of(site, content["slug"]),
        comment=content["comment"],
        reasons=REASONS,
        typed=typed,
        errors=asked.messages(error),
    )
    return writing.refused(make_response(page), error)
