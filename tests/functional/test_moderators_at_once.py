"""Several moderators at once, before the real service with two workers, on SQLite and on PostgreSQL."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from comments_service import log, people, sites
from comments_service.identity import Signer
from comments_service.models import PENDING, Comment, Decision
from comments_service.models.decision import REVERSE
from comments_service.moderation import TARGET
from tests.app import ORIGIN, Live
from tests.databases import SECRET, add_comment, add_thread, migrate, open_database

FEW, MANY = 200, 2_000
BATCH = 50
# Each a moderator, and what they do with every comment.
ACTIONS = {"Ada": "approve", "Bea": "reject", "Cyd": "approve", "Dan": "spam"}
AT_MOST_SECONDS = 1.0
# So long, and from whichever worker, nothing must be seen that is over.
STILL_SECONDS = 0.3
SEED = 5
API = "/api/v1/sites/horizons"
WATCHED = "Seen by everybody."
# What is done to one comment, one after the other, and whether readers see it then.
STEPS = (("approve", True), ("reject", False), (REVERSE, True), ("spam", False), (REVERSE, True))


class Office:
    """A running service, its database, and a token for each moderator."""

    def __init__(self, live: Live, url: str) -> None:
        self.live, self.url = live, url
        with open_database(url) as database:
            self.site, self.tokens = database.write(self._fill)

    @staticmethod
    def _fill(session: Session) -> tuple[int, dict[str, str]]:
        site = sites.add(session, key="horizons", name="Horizons", origins=[ORIGIN])
        for name in ACTIONS:
            people.add(session, name=name, sites=["horizons"], role="moderator")
        return site, {name: str(people.add_token(session, Signer(SECRET), name)) for name in ACTIONS}

    def hold(self, bodies: Iterable[str], slug: str) -> list[int]:
        """The ids of comments that wait."""

        def work(session: Session) -> list[int]:
            thread = add_thread(session, self.site, slug)
            return [add_comment(session, thread, body=body, status=PENDING) for body in bodies]

        with open_database(self.url) as database:
            return database.write(work)

    def decide(self, name: str, comments: list[int], *, action: str, seen: str = PENDING) -> dict[int, str]:
        """What became of each."""
        asked = [
            {"comment": id, "revision": 1, "from": seen, "action": action, "reason": "abuse"}
            for id in comments
        ]
        answer = self.ask(name, "decisions", {"decisions": asked})
        return {one["comment"]: one["result"] for one in answer["results"]}

    def decide_on(self, name: str, comment: int, act: str) -> None:
        """Approve, reject or spam as the card says that it stands, or reverse what was decided last."""
        card = self.ask(name, f"comments/{comment}")
        if act == REVERSE:
            self.ask(name, f"decisions/{card['decisions'][-1]['id']}/reversal", {})
        else:
            assert self.decide(name, [comment], action=act, seen=card["status"]) == {comment: "done"}

    def ask(self, name: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What the moderators' API answers."""
        headers = {"Authorization": f"Bearer {self.tokens[name]}"}
        status, _, answer = self.live.request(f"{API}/moderation/{path}", body, **headers)
        assert status == 200, answer
        return answer


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def office(
    request: pytest.FixtureRequest, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    if request.param == "sqlite":
        shutil.copy(migrated_file, folder / "comments.db")
        url = f"sqlite:///{folder / 'comments.db'}"
    else:
        server = request.getfixturevalue("postgres")
        url = server.database(server.template("migrated", migrate))
    live = Live(folder, url)
    made = Office(live, url)
    live.start()
    yield made
    live.stop()


def test_four_moderators_never_decide_twice(office: Office, request: pytest.FixtureRequest) -> None:
    is_long = request.config.getoption("--faults") == "long"
    comments = office.hold((f"Number {number}." for number in range(MANY if is_long else FEW)), "busy")

    together = threading.Barrier(len(ACTIONS))

    def decide(name: str, batch: list[int]) -> dict[int, str]:
        together.wait(60)  # none is done before the others begin
        return office.decide(name, batch, action=ACTIONS[name])

    def work(name: str) -> list[tuple[int, str]]:
        order = comments[:]
        random.Random(f"{SEED} {name}").shuffle(order)
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        return [pair for batch in batches for pair in decide(name, batch).items()]

    with ThreadPoolExecutor(len(ACTIONS)) as moderators:
        results = dict(zip(ACTIONS, moderators.map(work, ACTIONS), strict=True))
    won = {id: name for name, pairs in results.items() for id, result in pairs if result == "done"}
    outcomes = Counter(result for pairs in results.values() for _, result in pairs)
    assert sorted(won) == comments
    assert outcomes["done"] == len(comments)
    assert outcomes.keys() <= {"done", "stale", "unchanged"}
    assert len(set(won.values())) > 1, "the premise: they met"
    with open_database(office.url) as database, Session(database.writer) as session:
        logged = session.execute(
            select(Decision.comment_id, Decision.action).where(Decision.comment_id.in_(comments))
        ).all()
        decided = {(id, ACTIONS[name]) for id, name in won.items()}
        assert sorted((id, action) for id, action in logged) == sorted(decided)
        statuses = session.execute(select(Comment.id, Comment.status).where(Comment.id.in_(comments)))
        now = {(id, TARGET[action]) for id, action in decided}
        assert {(id, status) for id, status in statuses} == now
        assert log.verify(session, office.site) is None


def test_a_decision_is_seen_everywhere_within_a_second(
    office: Office, figures: Callable[[str], None]
) -> None:
    (comment,) = office.hold([WATCHED], "watched")
    longest = 0.0
    for _ in range(4):  # into the caches of both workers, where each step leaves what it saw
        everywhere(office, comment)
    for act, is_public in STEPS:
        office.decide_on("Ada", comment, act)
        decided = late = time.monotonic()
        while (asked := time.monotonic()) < late + STILL_SECONDS:
            told = everywhere(office, comment)
            if told != dict.fromkeys(told, is_public):
                late = asked
                assert late < decided + AT_MOST_SECONDS, told
        longest = max(longest, late - decided)
    figures(f"decisions were seen everywhere after at most {longest * 1000:.0f} ms")


def everywhere(office: Office, comment: int) -> dict[str, bool]:
    """Whether it is there."""
    live = office.live
    page = live.api("horizons/comments", slug="watched")["comments"]
    pages = ("thread?slug=watched", "fragment?slug=watched", "feed.atom?slug=watched", "feed.atom")
    return {
        "page": comment in [one["id"] for one in page if not one.get("removed")],
        "counts": live.api("horizons/counts", slug="watched")["counts"]["watched"] == 1,
        "permalink": live.request(f"{API}/comments/{comment}")[0] == 200,
        "page of one comment": live.request(f"/sites/horizons/thread/comments/{comment}")[0] == 200,
        **{path: WATCHED in str(live.request(f"/sites/horizons/{path}")[2]) for path in pages},
    }
