"""What is stored of a person is shown to them whole, and gone from everywhere once it is erased."""

from __future__ import annotations

import logging
import logging.config
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from comments_service import banning, clock, log, privacy, purging, server
from comments_service.config import Settings
from comments_service.models import Author, Comment
from comments_service.privacy import Erased
from comments_service.reading import personal
from comments_service.reading.personal import Subject
from comments_service.web.limits import KINDS
from tests.app import Service, new_author_key
from tests.databases import rows

# Words that stand nowhere else. The search's index cuts what words have in common off their beginnings.
NAME, BODY, EDIT, HELD, NOTE = "wrenzauna", "tannenmeisa", "girlitza", "stieglitza", "kernbeissera"
COMPLAINT, SENDER, WHY, KEY = "bluthaenflinga", "gimpela", "kreuzschnabela", "birkenzeisiga"
ADDRESS, EMAIL = "203.0.113.77", "gimpela@birds.example"
# Of the person who asks, or written about what they wrote: all of it is to go.
MARKERS = (NAME, BODY, EDIT, HELD, NOTE, COMPLAINT, SENDER, WHY, KEY, ADDRESS, EMAIL)
# What visitors send beside all that, and nobody keeps even for a moment.
UNHEARD = ("ringdrossela", "wacholderdrossela", "misteldrossela")


@pytest.fixture
def limited(settings: Settings) -> Iterator[Service]:
    """A service that counts what one address and one author do."""
    limits: dict[str, Any] = {f"limit_{kind}": "1000 per hour" for kind in KINDS}
    service = Service(replace(settings, **limits))
    service.add_site(words_held=[HELD])
    yield service
    service.close()


@pytest.fixture
def logged() -> Iterator[None]:
    """The log as `serve` writes it."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logging.config.dictConfig(server.LOGGING)
    yield
    root.handlers[:] = before
    root.setLevel(level)


def send(service: Service, path: str, fields: dict[str, Any], **headers: str) -> dict[str, Any]:
    """A write from the person's address, with all that browsers say of themselves."""
    headers |= {"User-Agent": UNHEARD[0], "Referer": f"https://{UNHEARD[1]}.example/", "Cookie": UNHEARD[2]}
    answer = service.client.post(
        f"/api/v1/sites/horizons/{path}",
        json=fields,
        headers=headers,
        environ_base={"REMOTE_ADDR": ADDRESS},
    )
    assert answer.status_code < 300, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def through_every_door(service: Service, author_key: str) -> None:
    """One person does all that readers do, others and moderators answer; and much is refused."""
    token = service.add_moderator()
    bearer = {"Authorization": f"Bearer {token}"}
    other = service.posted("Something else.", author_key=new_author_key())["id"]
    mine = {"name": NAME, "author_key": author_key}
    first = send(service, "comments", {"slug": "tarn", "body": BODY, "key": KEY, **mine})
    id = first["comment"]["id"]
    held = send(service, "comments", {"slug": "tarn", "body": f"It is {HELD}", "parent": other, **mine})
    rejected = send(service, "comments", {"slug": "tarn", "body": f"{BODY} once more", **mine})
    honeypot = send(service, "comments", {"slug": "fells", "body": f"{BODY} sells", "subject": BODY, **mine})
    assert held["comment"]["status"] == honeypot["comment"]["status"] == "pending"
    edit = {"body": f"Better {EDIT}", "edit_token": first["edit_token"]}
    send(service, f"comments/{id}/revisions", edit)
    send(service, f"comments/{other}/votes", {"value": 1, "author_key": author_key})
    complaint = {"reason": "abuse", "text": COMPLAINT, "author_key": author_key}
    send(service, f"comments/{other}/reports", complaint)
    send(service, "previews", {"body": BODY})
    send(service, "mine", {"slug": "tarn", "author_key": author_key})
    notice = {"comment": id, "reason": WHY, "name": SENDER, "email": EMAIL, "good_faith": True}
    send(service, "notices", notice)
    service.post_json(f"horizons/comments/{id}/reports", {"reason": "other", "text": COMPLAINT})
    decision = {"comment": rejected["comment"]["id"], "revision": 1, "from": "published"}
    service.decide(token, decision | {"action": "reject", "reason": "other", "note": NOTE})
    service.client.get(f"/api/v1/sites/horizons/moderation/queues/pending?q={HELD}", headers=bearer)
    service.client.get(f"/api/v1/sites/horizons/moderation/comments/{id}?{BODY}", headers=bearer)
    service.set_policy(words_held=[])  # a site's own words
    # Refused at the door, or unreadable: nothing of it may reach a log.
    for path in (f"/{BODY}/{NAME}", f"/sites/{NAME}/thread", f"/moderate/enter/{BODY}"):
        service.client.get(path, query_string={"q": BODY}, environ_base={"REMOTE_ADDR": ADDRESS})
    for body in (f'{{"{BODY}": ', f'{{"body": "{BODY}", "name": "{NAME}", "author_key": "{NAME}"}}'):
        answer = service.client.post(
            "/api/v1/sites/horizons/comments", data=body, content_type="application/json"
        )
        assert answer.status_code >= 400


def subject_of(
    service: Service, *authors: str, comments: tuple[int, ...] = (), notices: tuple[str, ...] = ()
) -> Subject:
    found: Subject = service.write(
        lambda session: privacy.find(
            session, service.signer, authors=authors, comments=comments, notices=notices
        )
    )
    return found


def stored(service: Service) -> str:
    """Every row of every table."""
    with service.database.writer.connect() as connection:
        return repr(rows(connection))


def files(folder: Path) -> bytes:
    """All that lies in the folder of the database and of the limits, the WAL and the index in it."""
    return b"\0".join(path.read_bytes() for path in folder.iterdir())


def test_what_is_erased_is_nowhere(
    limited: Service, logged: None, emptied_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    author_key = new_author_key()
    through_every_door(limited, author_key)
    before = stored(limited)
    there = [marker for marker in MARKERS if marker in before]
    assert there == [marker for marker in MARKERS if marker != ADDRESS], "the premise: it all got in"
    if limited.settings.is_sqlite:
        # The index takes words in by the hundred: let it have them now.
        limited.write(lambda session: session.execute(text("UPDATE search_mark SET until = 100")))
        index = text("SELECT hex(block) FROM search_comment_words_data")
        blocks = limited.write(lambda session: session.scalars(index).all())
        assert BODY.encode().hex().upper() in "".join(blocks)

    erased = privacy.erase(limited.database, subject_of(limited, author_key))
    assert erased == Erased(comments=4, votes=1, reports=1, notices=0, notes=1, banned=0)
    assert purging.purge(limited.database, clock.now()).emptied

    after = stored(limited)
    assert [marker for marker in (*MARKERS, *UNHEARD, author_key) if marker in after] == []
    on_disk = files(emptied_folder)
    if limited.settings.is_sqlite:
        assert len(on_disk) > 100_000
        # By their ends, where the index keeps a word's end alone.
        ends = {one: one.partition("@")[0][-7:].encode() for one in (*MARKERS, *UNHEARD, author_key)}
        assert [one for one, end in ends.items() if end in on_disk] == []
    assert b"windows" in on_disk, "the limits are counted there"
    said = "".join(capfd.readouterr())
    assert said.count('"route"') > 15
    assert [marker for marker in (*MARKERS, *UNHEARD, author_key) if marker in said] == []
    with limited.app.app_context():
        assert limited.write(lambda session: log.verify(session, 1)) is None
    assert [comment["html"] for comment in limited.page()["comments"]] == ["<p>Something else.</p>"]

    purging.purge(limited.database, clock.now() + timedelta(days=31))
    assert set(limited.write(lambda session: session.scalars(select(Comment.bucket)).all())) == {None}


def test_a_report_holds_what_is_stored_and_nothing_that_others_wrote(limited: Service) -> None:
    author_key = new_author_key()
    through_every_door(limited, author_key)
    subject = subject_of(limited, author_key)
    document = limited.write(lambda session: personal.report(session, subject))
    text = repr(document)
    assert [marker for marker in (NAME, BODY, EDIT, HELD, NOTE, KEY) if marker not in text] == []
    assert [marker for marker in (SENDER, WHY, EMAIL) if marker in text] == []
    (author,) = document["authors"]
    assert (author["site"], author["name"]) == ("horizons", NAME)
    by_status = sorted(comment["status"] for comment in document["comments"])
    assert by_status == ["pending", "pending", "published", "rejected"]
    first = document["comments"][0]
    assert [one["body"] for one in first["revisions"]] == [BODY, f"Better {EDIT}"]
    assert [one["reason"] for one in first["reports"]] == ["illegal", "other"]
    assert all("text" not in one for one in first["reports"])
    assert document["votes"][0]["value"] == 1
    assert document["reports"][0]["text"] == COMPLAINT
    by_number = subject_of(limited, str(author["author"]))
    assert by_number == subject


def test_who_is_banned_stays_banned_and_nameless(horizons: Service) -> None:
    author_key = new_author_key()
    horizons.posted(author_key=author_key)
    subject = subject_of(horizons, author_key)
    (author,) = subject.authors
    banned = horizons.post_json(
        "horizons/moderation/bans",
        {"kind": "author", "author": author, "reason": "Spam."},
        Authorization=f"Bearer {horizons.add_moderator()}",
    )
    assert banned.status_code == 201
    assert privacy.erase(horizons.database, subject).banned == 1
    assert horizons.write(lambda s: s.get_one(Author, author).name) == ""
    purging.purge(horizons.database, clock.now())
    assert horizons.post("Again.", author_key=author_key).status_code == 403
    horizons.write(lambda s: banning.lift(s, site_id=1, ban_id=banned.get_json()["id"]))
    purging.purge(horizons.database, clock.now())
    assert horizons.write(lambda s: s.get(Author, author)) is None


def test_a_comment_without_an_author_is_erased_by_its_number(horizons: Service) -> None:
    root = horizons.posted(f"{BODY}.")["id"]
    horizons.posted("Below.", parent=root)
    subject = subject_of(horizons, comments=(root,))
    assert privacy.erase(horizons.database, subject).comments == 1
    purging.purge(horizons.database, clock.now())
    (tombstone,) = horizons.page()["comments"]
    assert tombstone["removed"] == "author"
    assert BODY not in stored(horizons)


def test_who_sent_a_notice_is_shown_it_and_forgotten(horizons: Service) -> None:
    comment = horizons.posted()["id"]

    def notice(email: str, why: str) -> str:
        sent = {"comment": comment, "reason": why, "name": SENDER, "email": email, "good_faith": True}
        answer = horizons.post_json("horizons/notices", sent)
        receipt: str = answer.get_json()["receipt"]
        return receipt

    receipt = notice(EMAIL, WHY)
    notice("else@birds.example", "Another reason.")
    subject = subject_of(horizons, notices=(receipt,))
    assert subject == subject_of(horizons, notices=(EMAIL.upper(),))
    document = horizons.write(lambda session: personal.report(session, subject))
    (sent,) = document["notices"]
    assert (sent["comment"], sent["name"], sent["email"], sent["text"]) == (comment, SENDER, EMAIL, WHY)
    erased = privacy.erase(horizons.database, subject)
    assert erased == Erased(comments=0, votes=0, reports=0, notices=1, notes=0, banned=0)
    after = stored(horizons)
    assert [marker for marker in (SENDER, EMAIL, WHY) if marker in after] == [SENDER]
    assert "Another reason." in after, "somebody else's from the same network stays"
    assert [one["status"] for one in horizons.page()["comments"]] == ["published"]
