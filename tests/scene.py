"""A site with a thread and a moderator, for tests of what moderators do below the web."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comments_service import clock, moderation, people, publishing
from comments_service.db import Database
from comments_service.models import PENDING, PUBLISHED, Comment, Report, Revision
from comments_service.moderation import Item, Result
from comments_service.publishing import Because, State
from comments_service.text.render import POLICY_VERSION
from tests.databases import NOON, add_comment, add_site, add_thread

T = TypeVar("T")


@dataclass
class Scene:
    """What a test does in one line each; every act is a transaction of its own."""

    database: Database
    site: int
    thread: int
    ada: int

    @classmethod
    def on(cls, database: Database) -> Scene:
        def work(session: Session) -> Scene:
            site = add_site(session)
            thread = add_thread(session, site)
            ada = people.add(session, name="Ada", sites=["horizons"], role="moderator")
            return cls(database, site, thread, ada)

        return database.write(work)

    def do(self, work: Callable[[Session], T]) -> T:
        return self.database.write(work)

    def post(self, status: str = PUBLISHED, *, parent: int | None = None, **columns: Any) -> int:
        """A comment that software published or held."""

        def work(session: Session) -> int:
            above = session.get_one(Comment, parent) if parent is not None else None
            root = (above.root_id or above.id) if above is not None else None
            values = {"thread_id": self.thread, **columns}
            id = add_comment(session, status=PENDING, parent_id=parent, root_id=root, **values)
            comment = session.get_one(Comment, id)
            because = None if status == PUBLISHED else Because("hold")
            publishing.change(session, comment, State(status, 1), because)
            return id

        return self.do(work)

    def edit(self, comment_id: int, body: str = "Better.", *, held: bool = False) -> None:
        """A new revision, published at once or held beside the public one."""

        def work(session: Session) -> None:
            comment = publishing.lock(session, self.site, comment_id)
            assert comment is not None
            newest = select(func.max(Revision.revision)).where(Revision.comment_id == comment_id)
            revision = session.scalars(newest).one() + 1
            session.add(_revision(comment_id, revision, body))
            session.flush()
            state = State(comment.status, comment.revision, revision) if held else State(PUBLISHED, revision)
            because = Because("hold", revision=revision) if held else None
            publishing.change(session, comment, state, because)

        self.do(work)

    def report(self, comment_id: int, reason: str = "abuse") -> int:
        def work(session: Session) -> int:
            comment = session.get_one(Comment, comment_id)
            comment.open_reports += 1
            report = Report(
                comment_id=comment_id, revision=comment.revision, reason=reason, text="", created_at=NOON
            )
            session.add(report)
            session.flush()
            return report.id

        return self.do(work)

    def comment(self, comment_id: int) -> dict[str, Any]:
        """The comment's columns, and what its leaf says."""

        def work(session: Session) -> dict[str, Any]:
            row = session.get_one(Comment, comment_id)
            columns = {column.key: getattr(row, column.key) for column in Comment.__table__.columns}
            html = json.loads(b"{" + row.leaf + b"}")["html"] if row.leaf else None
            return {**columns, "html": html}

        return self.do(work)

    def item(self, comment_id: int, action: str = "approve", **changes: Any) -> Item:
        """A decision on the comment as it is now."""

        def work(session: Session) -> tuple[int, str]:
            row = session.get_one(Comment, comment_id)
            return row.judged_revision, row.judged_status

        revision, status = self.do(work)
        reason = None if action == "approve" else "abuse"
        seen = {"revision": revision, "from_status": status, "action": action, "reason": reason, **changes}
        return Item(comment_id, **seen)

    def decide(self, *items: Item, site: int | None = None) -> list[Result]:
        return self.do(
            lambda session: moderation.decide(
                session, site_id=site or self.site, moderator_id=self.ada, items=items
            )
        )

    def decided(self, comment_id: int, action: str = "approve", **changes: Any) -> int:
        """The id of a decision that must be done."""
        (result,) = self.decide(self.item(comment_id, action, **changes))
        assert result.result == "done"
        assert result.decision is not None
        return result.decision

    def reverse(self, decision_id: int, site: int | None = None) -> int:
        return self.do(
            lambda session: moderation.reverse(
                session, site_id=site or self.site, moderator_id=self.ada, decision_id=decision_id
            )
        )


def _revision(comment_id: int, revision: int, body: str) -> Revision:
    return Revision(
        comment_id=comment_id,
        revision=revision,
        body=body,
        html=f"<p>{body}</p>",
        policy_version=POLICY_VERSION,
        salt=bytes(16),
        created_at=clock.now(),
    )
