"""Figures of a period: how much was decided, why, by whom or what, and how long readers waited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, request, url_for
from werkzeug.exceptions import BadRequest

from ... import clock, db
from ...models.decision import DISCARD, HOLD, REVERSE
from ...reading import figures as reading
from ..audience import MODERATOR
from . import access, frame, phrases
from .access import open_to

PERIODS = {"1": "A day", "7": "A week", "30": "30 days", "365": "A year"}
DEFAULT_PERIOD = "7"
ACTIONS = {**phrases.PAST, HOLD: "Held", DISCARD: "Discarded as spam", REVERSE: "Undone"}


@dataclass(frozen=True)
class Bar:
    """One count with its share of the largest, in percent."""

    label: str
    count: int
    share: int


def add_to(blueprint: Blueprint) -> None:
    """The routes of this module."""
    blueprint.add_url_rule("/figures", "figures", figures)


@open_to(MODERATOR)
def figures() -> str:
    """What was decided on one site in the last days."""
    view = frame.view(desk="figures")
    site = view.site or access.first_site()
    days = request.args.get("days") or DEFAULT_PERIOD
    if days not in PERIODS:
        raise BadRequest("There is no such period.")
    now = clock.now()
    found = reading.of(db.reading(), site.id, now - timedelta(days=int(days)), now)
    return frame.rendered(
        "figures.html",
        view=view,
        site_name=site.name,
        site_key=site.key,
        others=access.others("moderators.figures", site),
        periods=[
            {
                "label": label,
                "href": url_for("moderators.figures", site=site.key, days=key),
                "here": key == days,
            }
            for key, label in PERIODS.items()
        ],
        figures=found,
        decided=found.by_people + found.by_software,
        median=phrases.lasting(found.median_seconds),
        ninetieth=phrases.lasting(found.p90_seconds),
        actions=_bars(found.actions, ACTIONS),
        reasons=_bars(found.reasons, phrases.REASONS),
    )


def _bars(counts: Mapping[str, int], labels: Mapping[str, Any]) -> list[Bar]:
    most = max(counts.values(), default=1)
    return [
        Bar(str(labels.get(word, word)), count, max(1, round(100 * count / most)))
        for word, count in counts.items()
    ]
