"""The frame around every page: sites, queues with counts, desk, and who is signed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import render_template, request, url_for
from werkzeug.exceptions import BadRequest

from ... import db
from ...models import Site
from ...reading import queues
from . import access, phrases

DEFAULT_QUEUE = "pending"


@dataclass(frozen=True)
class QueueLink:
    """A queue in the rail."""

    name: str
    label: str
    href: str
    count: str
    here: bool
    work: bool


@dataclass(frozen=True)
class DeskLink:
    """A page of the desk in the rail."""

    label: str
    href: str
    here: bool


@dataclass(frozen=True)
class SiteLink:
    """One of the person's sites in the switcher."""

    key: str
    name: str
    letter: str
    href: str
    here: bool


@dataclass
class View:
    """What `page.html` draws around the main part, and what the queue needs to come back to."""

    person: str
    site: Site | None
    site_ids: list[int]
    counts: dict[str, int]
    queue: str | None
    q: str
    sites: list[SiteLink]
    queues: list[QueueLink]
    desk: list[DeskLink]
    author: int | None = None
    cluster: int | None = None  # whose near duplicates alone are shown
    singly: int | None = None  # the cluster that is taken apart
    problems: list[str] = field(default_factory=list)
    next_href: str | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether less is shown than the whole queue."""
        return bool(self.q or self.author or self.cluster)

    @property
    def label(self) -> str:
        """The queue's name."""
        return phrases.QUEUES[self.queue or DEFAULT_QUEUE]

    @property
    def order(self) -> str:
        """How the queue is ordered."""
        return phrases.ORDERS[self.queue or DEFAULT_QUEUE]

    @property
    def count(self) -> str:
        """The queue's count, as in the rail."""
        return phrases.capped(self.counts[self.queue or DEFAULT_QUEUE])

    @property
    def shown_count(self) -> str:
        """The count beside the heading, where nothing is a zero."""
        return "0" if self.count == "–" else self.count

    @property
    def scope(self) -> str:
        """What is looked at."""
        if self.site is not None:
            return self.site.name
        return "All my sites" if len(self.sites) != 1 else self.sites[0].name

    @property
    def scope_note(self) -> str:
        """The small line below the scope."""
        if self.site is not None or len(self.sites) == 1:
            return "Moderation"
        return ", ".join(access.short_name(site.name) for site in self.sites)

    @property
    def seal(self) -> str:
        """The sign of the scope: a site's letter, or how many sites there are."""
        if self.site is not None:
            return access.letter(self.site.name)
        return str(len(self.sites)) if len(self.sites) != 1 else self.sites[0].letter

    @property
    def all_sites_href(self) -> str:
        """The same page over all sites."""
        return _here(site=None)

    @property
    def without_search_href(self) -> str:
        """The whole queue."""
        return queue_href(self, q=None, author=None, cluster=None, singly=None)


def view(*, queue: str | None = None, desk: str | None = None, counted: bool = True) -> View:
    """The frame for this request; a card alone needs no counts.

    Raises NotFound for a site that is not among the person's.
    """
    key = request.args.get("site") or None
    site = access.site_of(key) if key else None
    shown = [site] if site else access.sites()
    site_ids = [one.id for one in shown]
    counts = dict(queues.counts(db.reading(), site_ids)) if counted else dict.fromkeys(phrases.QUEUES, 0)
    return View(
        person=access.person().name,
        site=site,
        site_ids=site_ids,
        counts=counts,
        queue=queue,
        q=request.args.get("q", "").strip()[: queues.LONGEST_SEARCH],
        author=_number(request.args.get("author", "")),
        cluster=_number(request.args.get("cluster", "")),
        singly=_number(request.args.get("singly", "")),
        sites=[
            SiteLink(one.key, one.name, access.letter(one.name), _here(site=one.key), one is site)
            for one in access.sites()
        ],
        queues=[_queue_link(name, key, counts[name], here=name == queue) for name in phrases.QUEUES],
        desk=_desk(key, desk),
    )


def chosen_queue() -> str:
    """The queue that the request names; raises 400 for one that there is not."""
    name = request.values.get("queue") or DEFAULT_QUEUE
    if name not in phrases.QUEUES:
        raise BadRequest("There is no such queue.")
    return name


def queue_href(view: View, **changes: Any) -> str:
    """The queue page as it is now, with changes."""
    values = {
        "queue": view.queue,
        "site": view.site.key if view.site else None,
        "q": view.q or None,
        "author": view.author,
        "cluster": view.cluster,
        "singly": view.singly,
        **changes,
    }
    return url_for("moderators.queue", **values)


def came_from() -> dict[str, Any]:
    """What chooses the queue page on which the form stood."""
    return {
        "queue": chosen_queue(),
        "site": request.form.get("only") or None,
        "q": request.form.get("q") or None,
        "author": request.form.get("author") or None,
        "cluster": request.form.get("cluster") or None,
        "singly": request.form.get("singly") or None,
    }


def rendered(template: str, **values: Any) -> str:
    """A page of ours."""
    return render_template(f"moderators/{template}", **values)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _queue_link(name: str, site: str | None, count: int, *, here: bool) -> QueueLink:
    href = url_for("moderators.queue", queue=name, site=site)
    work = name in ("reported", "pending") and count > 0
    return QueueLink(name, phrases.QUEUES[name], href, phrases.capped(count), here, work)


def _desk(site: str | None, here: str | None) -> list[DeskLink]:
    places = {"log": "Decision log", "figures": "Figures", "threads": "Threads", "bans": "Bans"}
    if access.administered():
        places |= {"settings": "Settings", "people": "People"}
    return [
        DeskLink(label, url_for(f"moderators.{name}", site=site), name == here)
        for name, label in places.items()
    ]


def _here(**changes: str | None) -> str:
    """This very page for another site; only what chooses a list goes along."""
    endpoint = request.endpoint or "moderators.queue"
    if endpoint not in LISTS:
        endpoint = "moderators.queue"
    kept = {name: request.args[name] for name in ("queue", "q") if request.args.get(name)}
    values: dict[str, Any] = {**kept, **changes}
    return url_for(endpoint, **values)


LISTS = (
    "moderators.queue",
    "moderators.log",
    "moderators.figures",
    "moderators.threads",
    "moderators.bans",
    "moderators.settings",
)
