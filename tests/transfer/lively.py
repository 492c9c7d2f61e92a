"""A lively site: every kind of record in every state, made by the verbs that make them for readers."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from comments_service import banning, clock, publishing, purging, reporting, threads, voting
from comments_service.cli.commands import snapshot
from comments_service.db import Database
from comments_service.identity import Reader, Signer
from comments_service.models import Comment, Evidence, Notice, Report, Site
from comments_service.publishing import State
from comments_service.transfer import exporting, importing
from comments_service.transfer.checking import Checked, check
from comments_service.transfer.importing import Added
from tests.databases import SECRET, add_author, add_thread
from tests.scene import Scene

LONGEST = 10_000
STATUSES = ("published", "published", "published", "pending", "spam")
BODIES = (
    "Lovely.",
    "Well said.",
    "Ünïcode ✓ “quoted”\u2028with an odd end of a line \N{PARTY POPPER}",
)


def silent(sentence: str) -> None:
    return None


def lively(database: Database, *, seed: int = 1, comments: int = 36) -> Scene:
    """A site `horizons` after a random history; the same for the same seed, but for times and salts."""
    chance, scene = random.Random(seed), Scene.on(database)
    authors = [scene.do(partial(_author, site_id=scene.site, name=f"{n:032}")) for n in range(6)]
    second = scene.do(lambda session: add_thread(session, scene.site, "fells/weather"))
    published: dict[int, list[int]] = {scene.thread: [], second: []}
    for _ in range(comments):
        thread = chance.choice(list(published))
        parent = chance.choice([None, *published[thread]])
        status, body = chance.choice(STATUSES), chance.choice(BODIES)
        columns = {"thread_id": thread, "body": body, "author_id": chance.choice([None, *authors])}
        made = scene.post(status, parent=parent, **columns)
        if status == "published":
            published[thread].append(made)
        else:
            scene.do(partial(_hold, comment_id=made))
    everything = published[scene.thread] + published[second]
    for one in chance.sample(everything, 8):
        scene.edit(one, "Better.", held=chance.random() < 0.5)
    for one in chance.sample(everything, 8):
        _talk_about(scene, one, chance)
    _notice(scene)
    _moderate(scene, chance, everything)
    _rearrange(scene, authors)
    return scene


def exported(database: Database, key: str = "horizons") -> bytes:
    """The site as `export` writes it."""
    file = io.BytesIO()
    written(database, file, key)
    return file.getvalue()


def written(database: Database, file: BinaryIO, key: str = "horizons") -> None:
    """Have `export` write the site into a file."""
    with snapshot(database) as session:
        site = session.scalars(select(Site).where(Site.key == key)).one()
        exporting.export(session, site, file, silent)


@contextmanager
def checked(content: bytes) -> Iterator[Checked]:
    file = check(io.BytesIO(content), longest=LONGEST, tell=silent)
    try:
        yield file
    finally:
        file.close()


def imported(database: Database, content: bytes, key: str = "horizons") -> Added:
    """What an import adds to a site that is there."""
    with checked(content) as file:
        return importing.store(database, file, key, silent)


def _author(session: Session, site_id: int, name: str) -> int:
    return add_author(session, site_id, name)


def _hold(session: Session, comment_id: int) -> None:
    found: dict[str, Any] = {"check": "words", "rule": "casino", "start": 0, "end": 6, "score": 0.1}
    session.add(Evidence(comment_id=comment_id, revision=1, message="A word that this site holds.", **found))


def _talk_about(scene: Scene, comment_id: int, chance: random.Random) -> None:
    """Votes and reports by readers from different places."""
    signer = Signer(SECRET)

    def work(session: Session) -> None:
        site = session.get_one(Site, scene.site)
        for number in chance.sample(range(20), 3):
            reader = Reader(author_key=f"reader-number-{number:022}", bucket=f"192.0.2.{number}")
            value = chance.choice((1, 1, -1))
            voting.vote(session, signer=signer, site=site, reader=reader, comment_id=comment_id, value=value)
            if number % 2:
                reporting.report(
                    session,
                    signer=signer,
                    site=site,
                    reader=reader,
                    comment_id=comment_id,
                    reason="abuse",
                    text="Nonsense, “really”.",
                )

    scene.do(work)


def _notice(scene: Scene) -> None:
    def work(session: Session) -> None:
        for number, report in enumerate(session.scalars(select(Report.id).order_by(Report.id).limit(2))):
            for word in ("Illegal.", "Still so."):
                receipt = f"{number}{word}".ljust(32).encode()
                words = {"text": word, "name": "Robin", "email": "robin@example.org", "receipt": receipt}
                session.add(Notice(report_id=report, revision=1, created_at=clock.now(), **words))

    scene.do(work)


def _moderate(scene: Scene, chance: random.Random, published: list[int]) -> None:
    for number, one in enumerate(chance.sample(published, 9)):
        decision = scene.decided(one, ("approve", "reject", "spam")[number % 3], note="Ünusual.")
        if number % 4 == 3:
            scene.reverse(decision)
    waiting = scene.do(
        lambda session: session.scalars(select(Comment.id).where(Comment.status == "pending")).all()
    )
    for one in chance.sample(waiting, 3):
        scene.decided(one)
    for one in chance.sample(published, 3):
        scene.do(partial(_withdraw, site_id=scene.site, comment_id=one))
    purging.purge(scene.database, clock.now() + timedelta(hours=1))
    scene.do(lambda session: _withdraw(session, scene.site, published[0]))


def _withdraw(session: Session, site_id: int, comment_id: int) -> None:
    comment = publishing.lock(session, site_id, comment_id)
    assert comment is not None
    if comment.status != "withdrawn":
        comment.withdrawn_at = clock.now()
        publishing.change(session, comment, State("withdrawn", comment.revision))


def _rearrange(scene: Scene, authors: list[int]) -> None:
    """Renamed threads, a registered one, bans in force and lifted."""

    def work(session: Session) -> None:
        threads.move(session, site_id=scene.site, slug="tarn", to="fells/tarn")
        changes = {"mode": "first", "title": "News of the day", "url": "https://news.example/day"}
        threads.patch(session, site_id=scene.site, slug="registered", changes=changes)
        first, second = (
            banning.ban(
                session,
                site_id=scene.site,
                moderator_id=scene.ada,
                kind="author",
                reason="Spam.",
                author_id=author,
                expires_at=clock.now() + timedelta(days=9),
            )
            for author in authors[:2]
        )
        assert first.id != second.id
        banning.lift(session, site_id=scene.site, ban_id=first.id)

    scene.do(work)
