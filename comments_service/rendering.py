"""Rendering again, from their source, the comments that another sanitising policy rendered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, select, tuple_, update
from sqlalchemy.orm import Session

from . import publishing
from .db import Database
from .models import Comment, Revision
from .text.render import POLICY_VERSION, render

# Of the longest texts this many take some seconds to render, which holds no turn, and some milliseconds to
# store, which does.
BATCH = 100
# The texts of so many comments are counted in one transaction; on SQLite it holds the write turn for
# some milliseconds.
STRIDE = 10_000

Progress = Callable[[int], None]


class Text(NamedTuple):
    """A revision as it was read."""

    comment_id: int
    revision: int
    body: str
    html: str


class Rendering(NamedTuple):
    """What a revision's source gives now; `changed`: other HTML than before."""

    comment_id: int
    revision: int
    html: str
    changed: bool


@dataclass(frozen=True)
class Done:
    """How many texts were rendered, and how many of them look different now."""

    rendered: int = 0
    changed: int = 0


def waiting(database: Database) -> int:
    """How many texts another policy has rendered. Raises Unavailable."""
    newest = database.write(lambda session: session.scalar(select(func.max(Comment.id)))) or 0
    return sum(database.write(partial(_count, after=after)) for after in range(0, newest, STRIDE))


def render_again(database: Database, progress: Progress) -> Done:
    """Render all that another policy has rendered; each batch is stored at once, so a break does no harm.

    Revisions that are not public are rendered too: moderators may publish them. `progress` is told how
    many more are done. Threads get a new version where a public comment's HTML changed, and only there.
    Raises Unavailable.
    """
    done, after = Done(), (0, 0)
    while texts := database.write(partial(_next, after=after)):
        made = [_rendering(text) for text in texts]
        database.write(partial(_store, made=made))
        done = Done(done.rendered + len(made), done.changed + sum(one.changed for one in made))
        after = made[-1][:2]
        progress(len(made))
    return done


def _count(session: Session, *, after: int) -> int:
    these = and_(Revision.comment_id > after, Revision.comment_id <= after + STRIDE)
    query = select(func.count()).select_from(Revision).where(these, _is_of_another_policy())
    return session.scalar(query) or 0


def _is_of_another_policy() -> ColumnElement[bool]:
    # An erased text has nothing to render.
    return and_(Revision.policy_version != POLICY_VERSION, Revision.body != "")


def _next(session: Session, *, after: tuple[int, int]) -> list[Text]:
    place = tuple_(Revision.comment_id, Revision.revision)
    query = (
        select(Revision.comment_id, Revision.revision, Revision.body, Revision.html)
        .where(_is_of_another_policy(), place > after)
        .order_by(Revision.comment_id, Revision.revision)
        .limit(BATCH)
    )
    return [Text(*row) for row in session.execute(query)]


def _rendering(text: Text) -> Rendering:
    html = render(text.body).html
    return Rendering(text.comment_id, text.revision, html, html != text.html)


def _store(session: Session, *, made: Sequence[Rendering]) -> None:
    # Before the revisions: threads and comments are locked in it, in the order that everybody keeps.
    publishing.redraw(session, {(one.comment_id, one.revision): one.html for one in made if one.changed})
    for one in made:
        is_this = and_(Revision.comment_id == one.comment_id, Revision.revision == one.revision)
        # It may have been erased since it was read.
        statement = update(Revision).where(is_this, _is_of_another_policy())
        session.execute(statement.values(html=one.html, policy_version=POLICY_VERSION))
