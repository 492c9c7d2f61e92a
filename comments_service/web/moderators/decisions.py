"""Deciding and undoing from the page, with a form or by the script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from ... import db, moderation
from ...errors import Invalid, NotFound
from ...models import Decision, Site
from ...moderation import Item, Result
from ...reading import queues
from ..audience import MODERATOR
from ..auth import write
from . import access, acts, frame, phrases
from .access import open_to

SEE_OTHER = 303
MOST_ITEMS = 100


def add_to(blueprint: Blueprint) -> None:
    """The routes of this module."""
    blueprint.add_url_rule("/decisions", "decide", decide, methods=["POST"])
    blueprint.add_url_rule("/reversals", "reverse", reverse, methods=["POST"])


@open_to(MODERATOR)
def decide() -> Response:
    """Decide on one or several comments, each bound to the revision and status that were seen."""
    wanted = _wanted()
    moderator_id = access.person().id

    def work(session: Session) -> list[Result]:
        results: list[Result] = []
        for site, items in wanted:
            results += moderation.decide(session, site_id=site.id, moderator_id=moderator_id, items=items)
        return results

    results = write(work)
    done = [result.decision for result in results if result.decision is not None]
    late = [result.comment for result in results if result.result in ("stale", "unchanged")]
    gone = sum(result.result == "not_found" for result in results)
    return _answered(done=done, late=late, gone=gone)


@open_to(MODERATOR)
def reverse() -> Response:
    """Undo decisions, the person's own or a colleague's; each must be its comment's latest."""
    wanted = list(dict.fromkeys(_number(text) for text in request.form.getlist("decision")))
    if not 1 <= len(wanted) <= MOST_ITEMS:
        raise Invalid.field("decision", "length", "There is nothing to undo.")
    places = _sites_of(wanted)
    moderator_id = access.person().id

    def work(session: Session) -> list[int]:
        return [
            moderation.reverse(session, site_id=places[id], moderator_id=moderator_id, decision_id=id)
            for id in wanted
        ]

    return _answered(done=write(work), back=request.form.get("back", ""), show=_comment_of(wanted[0]))


def _wanted() -> list[tuple[Site, list[Item]]]:
    """What the form asks, by site. Raises Invalid, and NotFound for a site that is not the person's."""
    action, reason = _action()
    note = request.form.get("note", "").replace("\r\n", "\n")
    trust = action == "approve" and request.form.get("trust") == "yes"
    picked = [_picked(text) for text in dict.fromkeys(request.form.getlist("item"))]
    if not 1 <= len(picked) <= MOST_ITEMS:
        raise Invalid.field("item", "length", f"Tick 1 to {MOST_ITEMS} comments, then decide.")
    picked.sort(key=lambda pick: pick[0])
    return [
        (
            access.site_of(key),
            [
                Item(comment, revision, status, action, reason, note, trust)
                for _, comment, revision, status in picks
            ],
        )
        for key, picks in groupby(picked, key=lambda pick: pick[0])
    ]


def _action() -> tuple[str, str | None]:
    # The ticked rows share one form, so that a button there names action and reason together.
    both = request.form.get("decision", "")
    action, _, reason = both.partition(":") if both else (request.form.get("action", ""), "", "")
    return action, (reason or request.form.get("reason") or None) if action != "approve" else None


def _picked(text: str) -> tuple[str, int, int, str]:
    parts = text.split("/")
    if len(parts) != 4:
        raise Invalid.field("item", "invalid", "This form is not one of ours.")
    key, comment, revision, status = parts
    return key, _number(comment), _number(revision), status


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid.field("item", "invalid", "This form is not one of ours.")
    return int(text)


def _sites_of(decision_ids: Sequence[int]) -> Mapping[int, int]:
    mine = {site.id for site in access.sites()}
    rows = db.reading().execute(select(Decision.id, Decision.site_id).where(Decision.id.in_(decision_ids)))
    places = {row.id: row.site_id for row in rows if row.site_id in mine}
    if len(places) != len(decision_ids):
        raise NotFound("There is no such decision.")
    return places


def _comment_of(decision_id: int) -> int | None:
    """What was undone is shown again first."""
    return db.reading().scalar(select(Decision.comment_id).where(Decision.id == decision_id))


def _answered(
    *, done: Sequence[int], late: Sequence[int] = (), gone: int = 0, back: str = "", show: int | None = None
) -> Response:
    db.extension().session.remove()  # what was read before the change is old now
    if request.accept_mimetypes.best == "application/json":
        return jsonify(_told(done, late, gone))
    if back:
        return _see(url_for("moderators.history", comment_id=_number(back), done=_dotted(done)))
    values: dict[str, Any] = {
        **frame.came_from(),
        "comment": show,
        "done": _dotted(done) or None,
        "late": _dotted(late) or None,
        "gone": gone or None,
    }
    return _see(url_for("moderators.queue", **values))


def _told(done: Sequence[int], late: Sequence[int], gone: int) -> dict[str, Any]:
    session = db.reading()
    site_ids = [site.id for site in access.sites()]
    said = acts.told(session, site_ids, done=done, late=late, gone=gone)
    only = request.form.get("only")
    shown = [access.site_of(only).id] if only else site_ids
    comments = session.scalars(select(Decision.comment_id).where(Decision.id.in_(done)))
    return {
        "message": said.text if said else "",
        "undo": list(said.undo) if said else [],
        "late": list(late),
        "comments": list(comments),
        "counts": {name: phrases.capped(count) for name, count in queues.counts(session, shown).items()},
    }


def _dotted(ids: Sequence[int]) -> str:
    return ".".join(map(str, ids))


def _see(href: str) -> Response:
    return Response(status=SEE_OTHER, headers={"Location": href})
