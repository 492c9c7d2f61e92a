"""The hot path: answers from memory are the application's own, byte for byte, while they are true."""

from __future__ import annotations

import gzip
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from comments_service import clock, db
from comments_service.web import hot
from tests.app import Service, new_author_key

PATH = "/api/v1/sites/horizons/comments"
QUERY = "slug=tarn&sort=newest"


def test_a_page_read_twice_is_answered_from_memory(horizons: Service, asked: list[str]) -> None:
    horizons.posted("Hello")
    first, second = _read(horizons), _read(horizons)
    assert (first.data, first.headers) == (second.data, second.headers)
    assert asked == [PATH]


def test_a_new_comment_is_on_the_next_page(horizons: Service) -> None:
    horizons.posted("First")
    _read(horizons)
    horizons.posted("Second")
    assert _wait_for_fresh(horizons, "Second")


def test_every_visible_change_is_seen(horizons: Service) -> None:
    key = new_author_key()
    sent = horizons.post("Mine", author_key=key).get_json()
    comment, path = sent["comment"]["id"], f"horizons/comments/{sent['comment']['id']}"
    _read(horizons)
    horizons.post_json(f"{path}/votes", {"value": 1, "author_key": new_author_key()})
    assert _wait_for_fresh(horizons, '"score":1')
    horizons.post_json(f"{path}/revisions", {"body": "Edited", "edit_token": sent["edit_token"]})
    assert _wait_for_fresh(horizons, "Edited")
    horizons.set_policy(mode="premoderated")
    assert _wait_for_fresh(horizons, '"mode":"premoderated"')
    horizons.set_policy(votes="none")
    assert _wait_for_fresh(horizons, '"votes":"none"')
    token = horizons.add_moderator()
    decision = {"comment": comment, "revision": 2, "from": "published", "action": "spam", "reason": "spam"}
    horizons.decide(token, decision)
    assert _wait_for_fresh(horizons, '"comments":[]')


def test_a_write_to_one_thread_costs_others_nothing(horizons: Service, asked: list[str]) -> None:
    horizons.posted("Here")
    first = _read(horizons)
    horizons.posted("There", slug="elsewhere")
    asked.clear()
    assert _read(horizons).data == first.data
    assert asked == []


def test_a_pending_comment_changes_nothing_public(horizons: Service) -> None:
    horizons.posted("Here")
    before = _read(horizons)
    horizons.set_policy(words_held=["clowns"])
    after_policy = _read(horizons)
    horizons.post("You clowns")
    after = _read(horizons)
    assert before.data == after.data
    assert after.headers["ETag"] == after_policy.headers["ETag"] == before.headers["ETag"]


def test_each_form_has_its_tag_and_answers_304(horizons: Service) -> None:
    for number in range(5):
        horizons.posted(f"Comment {number}")
    plain, packed = _read(horizons), _read(horizons, {"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert plain.headers["ETag"] != packed.headers["ETag"]
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        tag = _read(horizons, headers).headers["ETag"]
        for asking in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            answer = _read(horizons, {**headers, "If-None-Match": asking})
            assert (answer.status_code, answer.data) == (304, b"")
            assert answer.headers["ETag"] == tag
            assert answer.headers["Vary"] == "Accept-Encoding"
    assert _read(horizons, {"If-None-Match": '"other"'}).status_code == 200
    assert "Content-Encoding" not in _read(horizons, {"Accept-Encoding": "gzip;q=0"}).headers


def test_head_has_the_headers_of_get(horizons: Service) -> None:
    horizons.posted("Hello")
    for _ in range(2):
        got = _read(horizons)
        head = horizons.client.head(f"{PATH}?{QUERY}")
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers == got.headers
    assert horizons.client.head(f"{PATH}?slug=%00").data == b""


def test_unknown_slugs_and_odd_spellings_evict_nothing(horizons: Service, asked: list[str]) -> None:
    horizons.posted("Hello")
    _read(horizons)
    for number in range(50):
        horizons.client.get(f"{PATH}?slug=unknown-{number}")
        horizons.client.get(f"{PATH}?slug=tarn&limit={number + 1}")
    shelf = _hot(horizons)._first
    assert len(shelf._entries) == 1


def test_a_shelf_drops_what_was_not_used_for_longest(horizons: Service) -> None:
    horizons.posted("Hello")
    _read(horizons)
    (entry,) = _hot(horizons)._first._entries.values()
    shelf = hot.Shelf(3 * entry.size)
    for key in "abc":
        shelf.put(key, entry)
    assert shelf.get("a") is entry
    shelf.put("d", entry)
    assert [key for key in "abcd" if shelf.get(key)] == ["a", "c", "d"]


def test_what_is_hot_outlives_any_number_of_addresses_asked_for_once(horizons: Service) -> None:
    horizons.posted("Hello")
    _read(horizons)
    (kept,) = _hot(horizons)._first._entries.values()
    shelf = hot.Shelf(3 * kept.size)
    shelf.put("hot", hot.Entry(QUERY, kept.outgoing, kept.depends))
    for number in range(100):
        assert shelf.get("hot") is not None
        shelf.put(f"variant {number}", hot.Entry(QUERY, kept.outgoing, kept.depends))
    assert shelf._bytes <= shelf._most


def test_counts_are_answered_from_memory_until_one_changes(horizons: Service, asked: list[str]) -> None:
    horizons.posted("Hello")
    path = "/api/v1/sites/horizons/counts?slug=tarn&slug=beck&slug=Tarn"
    expected = {"counts": {"tarn": 1, "beck": 0, "Tarn": 0}}
    assert [horizons.client.get(path).get_json() for _ in range(3)] == [expected] * 3
    assert len(asked) == 1
    if horizons.settings.is_sqlite:
        horizons.posted("Hello", slug="beck")
        assert horizons.client.get(path).get_json() == {"counts": {"tarn": 1, "beck": 1, "Tarn": 0}}


def test_counts_of_unknown_slugs_alone_are_not_kept(horizons: Service) -> None:
    for number in range(20):
        horizons.client.get(f"/api/v1/sites/horizons/counts?slug=unknown-{number}")
    assert not _hot(horizons)._rest._entries


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # PostgreSQL's entries expire by time
def test_a_hot_page_that_changed_is_made_anew_by_one_of_those_who_ask(
    horizons: Service, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hot, "REFRESH_SECONDS", 60)  # whoever waits longer makes it as well
    horizons.posted("Hello")
    _read(horizons)
    stale = _hot(horizons)._kept(f"{PATH}?{QUERY}")
    assert stale is not None
    asked.clear()
    horizons.posted("Again")
    stale.refreshing.acquire()
    with ThreadPoolExecutor(4) as pool:
        answers = [
            pool.submit(lambda: horizons.app.test_client().get(f"{PATH}?{QUERY}").data) for _ in range(4)
        ]
        stale.refreshing.release()
        assert len({answer.result() for answer in answers}) == 1
    assert asked == [PATH]


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_while_nobody_writes_the_database_is_not_asked(
    horizons: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hot, "COUNTER_SECONDS", 3_600)
    horizons.posted("Hello")
    first = [_read(horizons) for _ in range(3)][-1]
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(hot.SQLiteVersions, "_ask", _must_not_be_asked)
        assert _read(horizons).data == first.data
    horizons.posted("A second")
    assert b"A second" in _read(horizons).data


def test_a_write_that_was_not_counted_is_seen_a_moment_later(
    horizons: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a process dies between its commit and the end of its turn."""
    horizons.posted("Hello")
    [_read(horizons) for _ in range(2)]
    monkeypatch.setattr(db, "_raise_counter", lambda file: None)
    horizons.posted("A second")
    later = time.monotonic() + hot.COUNTER_SECONDS
    monkeypatch.setattr(hot, "monotonic", lambda: later)
    assert b"A second" in _read(horizons).data


def _must_not_be_asked(*_: Any) -> Any:
    raise AssertionError("the database was asked")


def test_a_page_expires_when_its_thread_closes(horizons: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    horizons.posted("Hello")
    horizons.set_policy(close_after_days=1)
    assert b'"mode":"open"' in _read(horizons).data
    real = clock.now
    monkeypatch.setattr(hot, "time", lambda: real().timestamp() + 90_000)
    monkeypatch.setattr(
        clock, "now", lambda: real().fromtimestamp(real().timestamp() + 90_000, real().tzinfo)
    )
    assert b'"mode":"closed"' in _read(horizons).data


def test_memory_and_application_agree_whatever_happens_between(horizons: Service) -> None:
    front = _hot(horizons)
    never = hot.Hot(front.app, horizons.signer, lambda entry: False)
    plain, token, random = Client(never, Response), horizons.add_moderator(), Random(20261122)
    known: list[dict[str, Any]] = []
    addresses = [f"{PATH}?slug={slug}&sort={sort}" for slug in "ab" for sort in ("newest", "oldest", "best")]
    for _ in range(40):
        _happen(random, horizons, known, token)
        if (
            not horizons.settings.is_sqlite
        ):  # its entries may be a quarter of a second behind: let that be over
            front._first._entries.clear()
        for address in addresses:
            headers = random.choice(({}, {"Accept-Encoding": "gzip"}))
            made = plain.get(address, headers=headers)
            for _ in range(2):  # from the application, or from memory if it is still true; then from memory
                kept = horizons.client.get(address, headers=headers)
                assert (kept.status_code, kept.data) == (made.status_code, made.data)
                assert kept.headers == made.headers


def _happen(random: Random, service: Service, known: list[dict[str, Any]], token: str) -> None:
    """One write: a post, a reply, a vote, a decision or a change of policy."""
    act = random.choice(("post", "post", "reply", "vote", "decide", "policy"))
    if act == "post" or not known:
        known.append(
            service.posted(f"Thought {random.random()}", slug=random.choice("ab")) | {"was": "published"}
        )
        return
    comment = random.choice(known)
    if act == "reply":
        slug = "a" if any(c["id"] == comment["id"] for c in service.page("a", limit=100)["comments"]) else "b"
        service.post(f"Reply {random.random()}", slug=slug, parent=comment["id"])
    elif act == "vote":
        vote = {"value": random.choice((1, -1)), "author_key": new_author_key()}
        service.post_json(f"horizons/comments/{comment['id']}/votes", vote)
    elif act == "decide":
        action = "reject" if comment["was"] == "published" else "approve"
        reason = {"reason": "abuse"} if action == "reject" else {}
        seen = {"comment": comment["id"], "revision": 1, "from": comment["was"]}
        assert service.decide(token, {**seen, "action": action, **reason}).status_code == 200
        comment["was"] = "rejected" if action == "reject" else "published"
    else:
        service.set_policy(close_after_days=random.choice((0, 7)))


def _read(service: Service, headers: dict[str, str] | None = None) -> Any:
    return service.client.get(f"{PATH}?{QUERY}", headers=headers or {})


def _wait_for_fresh(service: Service, marker: str) -> bool:
    """On SQLite the very next answer has it; on PostgreSQL one within the entry's quarter of a second."""
    if not service.settings.is_sqlite:
        _hot(service)._first._entries[f"{PATH}?{QUERY}"].made -= hot.POSTGRES_SECONDS
    return marker in _read(service).get_data(as_text=True)


def _hot(service: Service) -> hot.Hot:
    assert isinstance(service.app.wsgi_app, hot.Hot)
    return service.app.wsgi_app


@pytest.fixture
def asked(horizons: Service, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that reached the application behind the hot path; no entry expires by time meanwhile."""
    monkeypatch.setattr(hot, "POSTGRES_SECONDS", 3_600)
    front = _hot(horizons)
    behind, paths = front.app, list[str]()

    def noting(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "GET":
            paths.append(environ["PATH_INFO"])
        return behind(environ, start_response)

    front.app = noting
    return paths
