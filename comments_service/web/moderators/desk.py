"""The desk: the decision log, bans and threads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for
from sqlalchemy import or_, select

from ... import banning, clock, db
from ... import threads as threads_verbs
from ...errors import Invalid, NotFound, Refused
from ...models import Decision, Site, Thread, ThreadAlias
from ...models.policy import Policy
from ...reading import cursors, decisions, log_files
from ...reading.decisions import Decided
from ..audience import ADMIN, MODERATOR
from ..auth import write
from . import access, acts, frame, phrases
from .access import open_to
from .history import HASH_DIGITS, chain

PAGE = 50
LONGEST_SEARCH = 200
MOST_DAYS = 3_650


def add_to(blueprint: Blueprint) -> None:
    """The routes of this module."""
    blueprint.add_url_rule("/log", "log", log)
    blueprint.add_url_rule("/bans", "bans", bans)
    blueprint.add_url_rule("/bans", "ban", ban, methods=["POST"])
    blueprint.add_url_rule("/bans/<int:ban_id>/lift", "lift", lift, methods=["POST"])
    blueprint.add_url_rule("/threads", "threads", threads)
    blueprint.add_url_rule("/threads", "change_thread", change_thread, methods=["POST"])
    blueprint.add_url_rule("/threads/moves", "move_thread", move_thread, methods=["POST"])
    blueprint.add_url_rule("/threads/aliases/removal", "drop_alias", drop_alias, methods=["POST"])
    blueprint.add_url_rule("/log/export", "export_log", export_log)


@open_to(MODERATOR)
def log() -> str | Response:
    """The decision log of one site, newest first, and whether its chain holds.

    `decision` is the number that an author names to object; it leads to the history of the comment.
    """
    view = frame.view(desk="log")
    site = view.site or access.first_site()
    wanted = request.args.get("decision", "").strip()
    comment_id = _decided_comment(wanted)
    if comment_id is not None:
        return _see("moderators.history", comment_id=comment_id)
    cursor = request.args.get("cursor") or None
    rows, following = decisions.logged(db.reading(), site_id=site.id, cursor=cursor, limit=PAGE)
    return frame.rendered(
        "log.html",
        view=view,
        site_name=site.name,
        site_key=site.key,
        others=access.others("moderators.log", site),
        chain=chain(db.reading(), site, check=request.args.get("check") == "1"),
        rows=[_log_row(row) for row in rows],
        wanted=wanted,
        next_href=url_for("moderators.log", site=site.key, cursor=following) if following else None,
    )


@open_to(MODERATOR)
def bans() -> str:
    """The bans in force on one site, newest first."""
    view = frame.view(desk="bans")
    site = view.site or access.first_site()
    cursor = request.args.get("cursor") or None
    found, following = banning.listed(db.reading(), site.id, cursor=cursor, limit=PAGE)
    return frame.rendered(
        "bans.html",
        view=view,
        site_name=site.name,
        site_key=site.key,
        others=access.others("moderators.bans", site),
        bans=found,
        message=MESSAGES.get(request.args.get("done", "")),
        next_href=url_for("moderators.bans", site=site.key, cursor=following) if following else None,
    )


@open_to(MODERATOR)
def ban() -> Response:
    """Ban the author or the address of a comment, for some days or until the ban is lifted.

    It leads back to the card, as a ban decides nothing about the comment.
    """
    site = access.site_of(request.form.get("site", ""))
    days = _whole(request.form.get("days", ""), "days", MOST_DAYS)
    expires_at = clock.now() + timedelta(days=days) if days else None
    comment_id = _whole(request.form.get("comment", ""), "comment", 2**62)
    moderator_id = access.person().id
    reason, kind = request.form.get("reason", ""), request.form.get("kind", "author")
    made = write(
        lambda session: (
            banning.ban(
                session,
                site_id=site.id,
                moderator_id=moderator_id,
                kind=kind,
                reason=reason,
                comment_id=comment_id,
                expires_at=expires_at,
            ).id
        )
    )
    db.extension().session.remove()  # what was read before the change is old now
    if request.accept_mimetypes.best == "application/json":
        said = acts.banned(db.reading(), [site.id], made)
        return jsonify({"message": said.text if said else ""})
    return _see("moderators.queue", **frame.came_from(), comment=comment_id, banned=made)


@open_to(MODERATOR)
def lift(ban_id: int) -> Response:
    """End a ban."""
    site = access.site_of(request.form.get("site", ""))
    write(lambda session: banning.lift(session, site_id=site.id, ban_id=ban_id))
    return _see("moderators.bans", site=site.key, done="lifted")


@open_to(MODERATOR)
def threads() -> str:
    """Threads, the newest first; `title` looks in slugs and titles."""
    view = frame.view(desk="threads")
    wanted = request.args.get("title", "").strip()[:LONGEST_SEARCH]
    rows, following = _threads(view.site_ids, wanted, request.args.get("cursor") or None)
    sites, aliases = {site.id: site for site in access.sites()}, _aliases([row.id for row in rows])
    values: dict[str, Any] = {"site": view.site.key if view.site else None, "title": wanted or None}
    return frame.rendered(
        "threads.html",
        view=view,
        title=wanted,
        rows=[_thread_row(row, sites[row.site_id], aliases[row.id]) for row in rows],
        modes=phrases.MODES,
        message=MESSAGES.get(request.args.get("done", "")),
        next_href=url_for("moderators.threads", **values, cursor=following) if following else None,
    )


@open_to(MODERATOR)
def change_thread() -> Response:
    """Set what the form names of a thread: mode, slow mode, closing time, title, address."""
    site = access.site_of(request.form.get("site", ""))
    slug = request.form.get("slug", "")
    changes = {
        name: read(request.form[name].strip()) for name, read in FIELDS.items() if name in request.form
    }

    def work(session: Any) -> None:
        # Only a thread that there is: registering new ones is for those who know their slugs.
        threads_verbs.find(session, site_id=site.id, slug=slug)
        threads_verbs.patch(session, site_id=site.id, slug=slug, changes=changes)

    write(work)
    return _see("moderators.threads", site=request.form.get("only") or None, done="saved")


@open_to(ADMIN)
def move_thread() -> Response:
    """Give a thread another slug, or join it to the thread that has it."""
    site = _own_site("Only an admin of this site may move its threads.")
    slug, to = request.form.get("slug", ""), request.form.get("to", "")
    write(lambda session: threads_verbs.move(session, site_id=site.id, slug=slug, to=to).id)
    return _see("moderators.threads", site=request.form.get("only") or None, title=to, done="moved")


@open_to(ADMIN)
def drop_alias() -> Response:
    """Let an old slug lead nowhere again."""
    site = _own_site("Only an admin of this site may drop old slugs of its threads.")
    alias, slug = request.form.get("alias", ""), request.form.get("slug", "")
    write(lambda session: threads_verbs.drop_alias(session, site_id=site.id, slug=alias))
    return _see("moderators.threads", site=request.form.get("only") or None, title=slug, done="dropped")


@open_to(MODERATOR)
def export_log() -> Response:
    """One site's decision log as a file: JSON Lines or CSV."""
    site = access.site_of(request.args.get("site", ""))
    ending = request.args.get("format", "csv")
    if ending not in log_files.FORMATS:
        raise NotFound("There is no such format.")
    site_id, rows = site.id, log_files.FORMATS[ending]
    lines = db.streamed(lambda session: rows(session, site_id))
    response = Response(lines, content_type=LOG_TYPES[ending])
    response.headers["Content-Disposition"] = f'attachment; filename="decisions-{site.key}.{ending}"'
    return response


LOG_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


def _closing(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        message = "Give day and hour, such as 2026-12-24T18:00."
        raise Invalid.field("closes_at", "invalid", message) from error


FIELDS: dict[str, Callable[[str], Any]] = {
    "mode": lambda text: text or None,
    "slow_seconds": lambda text: _whole(text or "0", "slow_seconds", threads_verbs.SLOWEST_SECONDS),
    "closes_at": _closing,
    "title": lambda text: text or None,
    "url": lambda text: text or None,
}
MESSAGES = {
    "moved": "The thread is moved. The slug it had leads to it.",
    "dropped": "The old slug is dropped. It leads nowhere now.",
    "lifted": "The ban is lifted.",
    "saved": "The thread is changed.",
}


def _own_site(otherwise: str) -> Site:
    """The site that the form names; raises Refused unless the person is its admin."""
    site = access.site_of(request.form.get("site", ""))
    if site not in access.administered():
        raise Refused(otherwise)
    return site


def _decided_comment(number: str) -> int | None:
    """The comment that a decision on one of the person's sites was on."""
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    mine = [site.id for site in access.sites()]
    query = select(Decision.comment_id).where(Decision.id == int(number), Decision.site_id.in_(mine))
    return db.reading().scalar(query)


def _log_row(row: Decided) -> dict[str, Any]:
    grounds = phrases.grounds(row.reason) if row.action == "reject" else ""
    if row.reverses is not None:
        grounds = f"a decision: {phrases.STATUSES[row.after_status].lower()} again"
    return {
        "created_at": row.created_at,
        "who": row.by,
        "verb": phrases.PAST[row.action],
        "rest": grounds,
        "note": row.note,
        "comment_id": row.comment,
        "href": url_for("moderators.history", comment_id=row.comment),
        "seq": row.seq,
        "hash": row.hash[:HASH_DIGITS],
    }


def _threads(site_ids: list[int], wanted: str, cursor: str | None) -> tuple[list[Thread], str | None]:
    query = select(Thread).where(Thread.site_id.in_(site_ids))
    if wanted:
        query = query.where(
            or_(
                Thread.slug.icontains(wanted, autoescape=True),
                Thread.title.icontains(wanted, autoescape=True),
            )
        )
    if cursor:
        query = query.where(Thread.id < cursors.places(cursor, "threads", 1)[0])
    rows = list(db.reading().scalars(query.order_by(Thread.id.desc()).limit(PAGE + 1)))
    more = len(rows) > PAGE
    return rows[:PAGE], cursors.make("threads", rows[PAGE - 1].id) if more else None


def _aliases(thread_ids: Collection[int]) -> Mapping[int, list[str]]:
    """The slugs that threads had before."""
    query = select(ThreadAlias.thread_id, ThreadAlias.slug).where(ThreadAlias.thread_id.in_(thread_ids))
    found: dict[int, list[str]] = defaultdict(list)
    for thread_id, slug in db.reading().execute(query.order_by(ThreadAlias.id)):
        found[thread_id].append(slug)
    return found


def _thread_row(row: Thread, site: Site, aliases: list[str]) -> dict[str, Any]:
    policy = Policy.of(site)
    return {
        "heading": row.title or row.slug,
        "title": row.title or "",
        "url": row.url or "",
        "article_url": policy.article(row.url, row.slug),
        "slug": row.slug,
        "site_key": site.key,
        "site_name": site.name,
        "site_mode": policy.mode,
        "mode": row.mode,
        "slow_seconds": row.slow_seconds,
        "closes_at": row.closes_at,
        "closes_field": f"{row.closes_at:%Y-%m-%dT%H:%M}" if row.closes_at else "",
        "mode_now": policy.mode_of(row.mode, row.closes_at, row.opened_at),
        "count": row.count,
        "aliases": aliases,
        "is_ours": site in access.administered(),
    }


def _whole(text: str, field: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) <= most):
        raise Invalid.field(field, "invalid", f"{field.replace('_', ' ').capitalize()}: give 0 to {most}.")
    return int(text)


def _see(endpoint: str, **values: Any) -> Response:
    return Response(status=303, headers={"Location": url_for(endpoint, **values)})
