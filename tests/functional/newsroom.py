"""A newsroom with everything in its queues that a moderator meets, written straight into a database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comments_service import banning, clock, moderation, people, sites, threads
from comments_service.identity import Signer
from comments_service.models import Author, Comment, Evidence, Moderator, Notice, Report, Revision, Site
from tests.app import ORIGIN
from tests.databases import SECRET, add_comment

TIMES, GAZETTE = "times", "gazette"
NAME = "Mara Lindqvist"
ADVERT = (
    "Hello {}, I was short of money too until my {} showed me Bright-Penny Savings. Now I earn £{} every "
    "week from my own kitchen table, no skills needed. Write to penny-bright.example today."
)
GREETED = ("dear readers", "my friends", "neighbours", "all of you")
SHOWN_BY = ("cousin", "aunt", "old teacher", "sister", "barber")
WORDS = (
    "And who pays for the bollards? The same people who paid for the last ones.",
    "Half of this article is copied from the council’s own press release, word for word.",
    "If the bakery goes I shall eat my hat, and then I suppose I shall have to bake another.",
    "The ferry timetable has been wrong since June. Nobody at the port answers the telephone any more.",
    "Third season running that the under-twelves train on a car park.",
    "Bring back the number 14 bus first, then talk to me about bicycles.",
)
SEEN = (
    "I walked past it this morning and it was still raining into the crate.",
    "Buy two bollards, get the third one bent. Write to me for the price.",
    "Thank you for printing the letter in full this time.",
    "Nobody asked the school, as usual, and the school is the one with the bell.",
    "The photograph is of the wrong street, which says it all.",
    "My neighbour at number 9 has been parking there since 1988, ask him.",
)
NAMES = ("Greta Holm", "Farid Haddad", "M. Okafor", "Harbour Lass", "Jonas Weber", "Old Quayside")


class Newsroom:
    """Fills one session's database; `link` is the secret of an admin's sign-in link."""

    def __init__(self, session: Session, name: str = NAME) -> None:
        self.session = session
        self.now = clock.now()
        self.times = self._site(TIMES, "The Horizons Times")
        self.gazette = self._site(GAZETTE, "Harbour Gazette")
        people.add(session, name=name, sites=[TIMES, GAZETTE], role="admin")
        people.add(session, name="Per Aldous", sites=[TIMES], role="moderator")
        people.add_token(session, Signer(SECRET), "Per Aldous")
        people.make_link(session, Signer(SECRET), "Per Aldous")
        self.person = session.scalars(select(Moderator.id).where(Moderator.name == name)).one()
        self.link = people.make_link(session, Signer(SECRET), name)
        self.parking = self._thread(self.times, "mill-street", "Mill Street to lose 38 parking spaces")
        self.canteen = self._thread(self.times, "school-canteen", "School canteen to cook its own soup again")
        self.bus = self._thread(self.times, "number-14", "The number 14 bus comes back, on Sundays")
        self.market = self._thread(self.gazette, "noon", "Market hours to end at noon")
        threads.move(self.session, site_id=self.gazette, slug="noon", to="market-hours")
        self.hidden = self._hidden()
        self._waiting()
        self.advert = self._advert()
        self._noticed()
        self._decided()

    def _site(self, key: str, name: str) -> int:
        policy = {
            "words_held": ["clowns", "stitch-up"],
            "hide_after_reports": 3,
            "article_url": f"https://{key}.example/{{slug}}",
        }
        return sites.add(self.session, key=key, name=name, origins=[ORIGIN], policy=policy)

    def _thread(self, site_id: int, slug: str, title: str) -> int:
        return threads.patch(self.session, site_id=site_id, slug=slug, changes={"title": title}).id

    def _author(self, site_id: int, name: str, **columns: Any) -> int:
        row = Author(
            site_id=site_id,
            key_hash=name.encode(),
            name=name,
            created_at=self.now - timedelta(days=22),
            **columns,
        )
        self.session.add(row)
        self.session.flush()
        return row.id

    def _at(self, minutes: float) -> datetime:
        return self.now - timedelta(minutes=minutes)

    def _comment(self, thread: int, minutes: float, **columns: Any) -> int:
        return add_comment(self.session, thread, **{"created_at": self._at(minutes), **columns})

    def _hidden(self) -> int:
        """A reply that three readers complained of, edited once, by somebody with a past."""
        tom = self._author(self.times, "Tom Albright", published=12, rejected=1)
        for number in range(13):
            status = "rejected" if number == 8 else "published"
            past = self._comment(
                self.parking, 60 * 24 * (20 - number), name="Tom Albright", author_id=tom, status=status
            )
            self.session.get_one(Comment, past).reviewed = True
        ines = (
            "The traders’ association was asked twice for its view and sent nobody. I sat through both "
            "evenings, and so did the man from the library. " * 2
        )
        parent = self._comment(self.parking, 170, name="Ines Ferreira", body=ines.strip())
        body = (
            "That is simply not true, Ines. We wrote four pages in March and the clowns on the committee "
            "never opened the envelope. This whole consultation was a stitch-up.\n\nI have kept a shop on "
            "Mill Street for nineteen years. Take away the parking and half the street will be shut by "
            "Christmas."
        )
        first = body.replace("a stitch-up", "decided before it began")
        columns = {"parent_id": parent, "root_id": parent, "author_id": tom, "status": "pending"}
        hidden = self._comment(self.parking, 160, name="Tom Albright", body=first, revision=2, **columns)
        self.session.add(
            Revision(
                comment_id=hidden,
                revision=2,
                body=body,
                html=body,
                policy_version=1,
                salt=bytes(16),
                created_at=self._at(150),
            )
        )
        for word in ("clowns", "stitch-up"):
            start = body.index(word)
            self._evidence(
                hidden, "words", word, f"“{word}” is on the list of held words.", start, start + len(word), 2
            )
        self._report(
            hidden, 100, "abuse", "They are volunteers. Nobody pays them to sit there until ten at night."
        )
        self._report(hidden, 120, "personal_data", "Everyone here knows who the man from the library is.")
        self._report(hidden, 130, "abuse")
        return hidden

    def _waiting(self) -> None:
        for number, (name, words) in enumerate(zip(NAMES, WORDS, strict=True)):
            thread, site = (self.market, self.gazette) if number % 3 == 2 else (self.parking, self.times)
            author = self._author(site, name, published=number, rejected=number // 4)
            one = self._comment(
                thread, 90 - number, name=name, body=words, author_id=author, status="pending"
            )
            self._evidence(one, "first", "first", "The author’s first comments are read first.")
            seen = self._comment(thread, 300 + number, name=name, body=SEEN[number], author_id=author)
            if number % 2:
                self._report(seen, 40 + number, ("off_topic", "spam", "other")[number % 3])

    def _advert(self) -> int:
        """One advert in twelve variants, which software has put together; the first one's number."""
        first = 0
        for number in range(12):
            body = ADVERT.format(GREETED[number % 4], SHOWN_BY[number % 5], 500 + 13 * number)
            thread = (self.parking, self.canteen, self.bus)[number % 3]
            name = ("Penny R.", "Carla_88", "D. Summers", "Happy Hannah")[number % 4]
            one = self._comment(
                thread, 220 - number, name=name, body=body, status="pending", cluster_id=first or None
            )
            self._evidence(one, "near_duplicate", "near", "Nearly the same was posted under other articles.")
            self._evidence(one, "links", "penny-bright.example", "It links to penny-bright.example.")
            first = first or one
        return first

    def _noticed(self) -> None:
        """A published comment that somebody holds to be illegal, with their name."""
        body = "The clerk took the envelope himself. I saw it, and so did my wife."
        one = self._comment(self.parking, 55, name="Watchman", body=body)
        report = self._report(one, 30, "illegal", "It accuses me of a crime.")
        self.session.add(
            Notice(
                report_id=report,
                revision=1,
                text="It accuses me of a crime that I did not commit. I am the only clerk.",
                name="Bertram Oake",
                email="oake@fells.example",
                receipt=b"newsroom receipt",
                created_at=self._at(30),
            )
        )

    def _decided(self) -> None:
        for number in range(4):
            one = self._comment(self.parking, 400 + number, body=f"Old words {number}.", status="pending")
            action, reason = (("approve", None), ("reject", "abuse"), ("spam", "spam"), ("reject", "other"))[
                number
            ]
            item = moderation.Item(one, 1, "pending", action, reason, "As agreed." if reason else "")
            moderation.decide(self.session, site_id=self.times, moderator_id=self.person, items=[item])
        theirs = (Comment.site_id == self.times, Comment.author_id.is_not(None))
        banned = self.session.scalars(select(Comment.id).where(*theirs)).first()
        banning.ban(
            self.session,
            site_id=self.times,
            moderator_id=self.person,
            kind="author",
            reason="Adverts, after two warnings.",
            comment_id=banned,
            expires_at=self.now + timedelta(days=7),
        )

    def _evidence(
        self,
        comment: int,
        check: str,
        rule: str,
        message: str,
        start: int | None = None,
        end: int | None = None,
        revision: int = 1,
    ) -> None:
        self.session.add(
            Evidence(
                comment_id=comment,
                revision=revision,
                check=check,
                rule=rule,
                start=start,
                end=end,
                message=message,
            )
        )

    def _report(self, comment: int, minutes: float, reason: str, text: str = "") -> int:
        row = Report(comment_id=comment, revision=1, reason=reason, text=text, created_at=self._at(minutes))
        self.session.add(row)
        self.session.get_one(Comment, comment).open_reports += 1
        self.session.flush()
        return row.id


def furnished(session: Session) -> Newsroom:
    """The newsroom of an empty service."""
    return Newsroom(session)


def waiting(session: Session, site_key: str, bodies: Iterable[str]) -> list[int]:
    """Comments that wait for a decision on a site, one author for every ten."""
    site_id = session.scalars(select(Site.id).where(Site.key == site_key)).one()
    thread = threads.patch(session, site_id=site_id, slug="tarn", changes={}).id
    found, now = [], clock.now()
    for number, body in enumerate(bodies):
        columns = {"status": "pending", "created_at": now + timedelta(milliseconds=number)}
        found.append(add_comment(session, thread, body=body, name=f"Reader {number // 10}", **columns))
    return found
