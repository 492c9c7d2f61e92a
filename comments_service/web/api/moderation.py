"""What moderators may do: see the queues, decide, ban, and steer threads and the site."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, request

from ... import banning, clock, db, moderation, sites, threads
from ...errors import CommentNotFound
from ...models.policy import Policy
from ...moderation import Item
from ...reading import cards, decisions, figures, log_files, notices, queues
from ...text import slugs
from ..audience import ADMIN, MODERATOR, open_to
from ..auth import SAFE, moderator_of, write
from ..schemas import moderation as shapes
from .answers import may_fail
from .input import Blueprint, Parser

# What they write is named by the query; all else takes its values from path and body alone.
ABOUT_A_SLUG = ("moderation.patch_thread", "moderation.drop_alias")
USUAL_PERIOD = timedelta(days=30)
CONTENT_TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv"}
FILE = {"type": "string"}

blueprint = Blueprint(
    "moderation",
    __name__,
    url_prefix="/api/v1/sites/<site>/moderation",
    description="What moderators may do, with an API token: `Authorization: Bearer TOKEN`.",
)


@blueprint.before_request
def _admit() -> None:
    # Before anything sent is read: strangers learn nothing from how it would be judged.
    if request.method != "OPTIONS" and request.view_args is not None:
        moderator_of(request.view_args["site"])
        if request.method not in SAFE and request.endpoint not in ABOUT_A_SLUG:
            Parser().parse(shapes.Nothing(), request, location="query")


@blueprint.after_request
def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/queues")
@open_to(MODERATOR)
@blueprint.arguments(shapes.Nothing, location="query")
@blueprint.response(200, shapes.QueueCounts)
def all_queues(query: dict[str, Any], site: str) -> dict[str, Any]:
    """How many comments stand in each queue; 1000 means that many or more."""
    found, _ = moderator_of(site)
    return {"queues": queues.counts(db.reading(), [found.id])}


@blueprint.get("/queues/<queue>")
@open_to(MODERATOR)
@may_fail("queue_not_found")
@blueprint.arguments(shapes.QueueQuery, location="query")
@blueprint.response(200, shapes.Queue)
def one_queue(query: dict[str, Any], site: str, queue: str) -> queues.QueuePage:
    """A part of a queue: `pending`, `reported`, `new`, `published`, `rejected` or `spam`."""
    found, _ = moderator_of(site)
    slug = query.pop("slug")
    wanted = slugs.normalise(slug) if slug is not None else None
    return queues.page(db.reading(), [found.id], queue, slug=wanted, **query)


@blueprint.get("/comments/<int:comment>")
@open_to(MODERATOR)
@may_fail("comment_not_found")
@blueprint.arguments(shapes.Nothing, location="query")
@blueprint.response(200, shapes.Card)
def card(query: dict[str, Any], site: str, comment: int) -> dict[str, Any]:
    """Everything about one comment: revisions, reports, notices, decisions."""
    found, _ = moderator_of(site)
    whole = cards.card(db.reading(), [found.id], comment)
    if whole is None:
        raise CommentNotFound
    return vars(whole) | {"notices": notices.on(db.reading(), [comment])[comment]}


@blueprint.post("/decisions")
@open_to(MODERATOR)
@blueprint.arguments(shapes.DecisionsIn)
@blueprint.response(200, shapes.Results)
def decide(sent: dict[str, Any], site: str) -> dict[str, Any]:
    """Decide on up to a hundred comments, each bound to the revision and status that were seen."""
    found, person = moderator_of(site)
    items = [Item(**one) for one in sent["decisions"]]
    results = write(
        lambda session: moderation.decide(session, site_id=found.id, moderator_id=person.id, items=items)
    )
    return {"results": results}


@blueprint.post("/decisions/<int:decision>/reversal")
@open_to(MODERATOR)
@may_fail("decision_not_found", "not_latest", "not_a_persons", "changed_since")
@blueprint.arguments(shapes.Nothing, required=False)
@blueprint.response(200, shapes.Reversal)
def reverse(sent: dict[str, Any], site: str, decision: int) -> dict[str, int]:
    """Undo a comment's latest decision: restores exactly the state before."""
    found, person = moderator_of(site)
    reversal = write(
        lambda session: moderation.reverse(
            session, site_id=found.id, moderator_id=person.id, decision_id=decision
        )
    )
    return {"decision": reversal}


@blueprint.get("/log")
@open_to(MODERATOR)
@blueprint.arguments(shapes.Cursor, location="query")
@blueprint.response(200, shapes.Log)
def log(query: dict[str, Any], site: str) -> dict[str, Any]:
    """The decision log, newest first; `hash` chains each row to the one before."""
    found, _ = moderator_of(site)
    rows, following = decisions.logged(db.reading(), site_id=found.id, **query)
    return {"decisions": rows, "next": following}


@blueprint.get("/log/export")
@open_to(MODERATOR)
@blueprint.arguments(shapes.LogFormat, location="query")
@blueprint.response(200, FILE, content_type="application/x-ndjson")
def log_export(query: dict[str, Any], site: str) -> Response:
    """The whole log as a file, oldest first: JSON Lines (`jsonl`), or CSV for a spreadsheet (`csv`)."""
    found, _ = moderator_of(site)
    form = query["format"]
    site_id, rows = found.id, log_files.FORMATS[form]
    lines = db.streamed(lambda session: rows(session, site_id))
    response = Response(lines, content_type=f"{CONTENT_TYPES[form]}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.key}-log.{form}"'
    return response


@blueprint.get("/figures")
@open_to(MODERATOR)
@blueprint.arguments(shapes.Period, location="query")
@blueprint.response(200, shapes.Figures)
def period(query: dict[str, Any], site: str) -> figures.Figures:
    """What was decided in a period, why, and how long it had waited; and how much waits now."""
    found, _ = moderator_of(site)
    until = query["until"] or clock.now()
    since = query["since"] or max(until, clock.EPOCH + USUAL_PERIOD) - USUAL_PERIOD
    return figures.of(db.reading(), found.id, since, until)


@blueprint.get("/bans")
@open_to(MODERATOR)
@blueprint.arguments(shapes.Cursor, location="query")
@blueprint.response(200, shapes.Bans)
def bans(query: dict[str, Any], site: str) -> dict[str, Any]:
    """The bans in force, newest first."""
    found, _ = moderator_of(site)
    rows, following = banning.listed(db.reading(), found.id, **query)
    return {"bans": rows, "next": following}


@blueprint.post("/bans")
@open_to(MODERATOR)
@may_fail("comment_not_found", "author_not_found")
@blueprint.arguments(shapes.BanIn)
@blueprint.response(201, shapes.Ban)
def ban(sent: dict[str, Any], site: str) -> banning.Ban:
    """Ban an author, or the address a comment came from (for 30 days at most)."""
    found, person = moderator_of(site)
    return write(lambda session: banning.ban(session, site_id=found.id, moderator_id=person.id, **sent))


@blueprint.delete("/bans/<int:ban_id>")
@open_to(MODERATOR)
@may_fail("ban_not_found")
@blueprint.response(204)
def lift(site: str, ban_id: int) -> None:
    """End a ban."""
    found, _ = moderator_of(site)
    write(lambda session: banning.lift(session, site_id=found.id, ban_id=ban_id))


@blueprint.get("/threads")
@open_to(MODERATOR)
@may_fail("thread_not_found")
@blueprint.arguments(shapes.SlugQuery, location="query")
@blueprint.response(200, shapes.Thread)
def thread(query: dict[str, Any], site: str) -> threads.Thread:
    """A thread, by slug or alias."""
    found, _ = moderator_of(site)
    return threads.find(db.reading(), site_id=found.id, **query)


@blueprint.patch("/threads")
@open_to(MODERATOR)
@blueprint.arguments(shapes.SlugQuery, location="query")
@blueprint.arguments(shapes.ThreadIn)
@blueprint.response(200, shapes.Thread)
def patch_thread(query: dict[str, Any], sent: dict[str, Any], site: str) -> threads.Thread:
    """Change a thread; a slug that is new is registered."""
    found, _ = moderator_of(site)
    return write(lambda session: threads.patch(session, site_id=found.id, changes=sent, **query))


@blueprint.post("/threads/moves")
@open_to(ADMIN)
@may_fail("thread_not_found", "same_slug")
@blueprint.arguments(shapes.MoveIn)
@blueprint.response(200, shapes.Thread)
def move(sent: dict[str, Any], site: str) -> threads.Thread:
    """Rename a thread, or merge it into another; the old slug stays as an alias. Needs an admin."""
    found, _ = moderator_of(site)
    return write(lambda session: threads.move(session, site_id=found.id, **sent))


@blueprint.delete("/threads/aliases")
@open_to(ADMIN)
@may_fail("alias_not_found")
@blueprint.arguments(shapes.SlugQuery, location="query")
@blueprint.response(204)
def drop_alias(query: dict[str, Any], site: str) -> None:
    """Let an old slug lead nowhere again. Needs an admin."""
    found, _ = moderator_of(site)
    write(lambda session: threads.drop_alias(session, site_id=found.id, **query))


@blueprint.get("/settings")
@open_to(ADMIN)
@blueprint.arguments(shapes.Nothing, location="query")
@blueprint.response(200, shapes.Settings)
def settings(query: dict[str, Any], site: str) -> dict[str, Any]:
    """The site's policy. Needs an admin."""
    found, _ = moderator_of(site)
    return Policy.of(found).document()


@blueprint.patch("/settings")
@open_to(ADMIN)
@blueprint.arguments(shapes.SettingsIn)
@blueprint.response(200, shapes.Settings)
def patch_settings(sent: dict[str, Any], site: str) -> dict[str, Any]:
    """Change the site's policy; null sets a key back to its default. Needs an admin."""
    found, _ = moderator_of(site)
    return write(lambda session: sites.set_policy(session, found.key, sent)).document()
