"""Pages, replies, permalinks and counts as readers get them, and what caches learn."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from comments_service import clock
from comments_service.web import hot
from comments_service.web.schemas import readers as shapes
from comments_service.web.schemas.fields import Time
from tests.app import ORIGIN, Service, new_author_key

MARKER = "zaunkoenig"
# Cursors of the right form with numbers that no row has.
HUGE = ("WyJuZXdlc3QiLDFlOTl9XQ", "WyJuZXdlc3QiLC0xXQ", "WyJuZXdlc3QiLDk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5XQ")


def walk(service: Service, path: str = "comments", **query: Any) -> Iterator[dict[str, Any]]:
    """The comments of all pages, following `next`."""
    cursor: str | None = ""
    while cursor is not None:
        answer = service.get(f"horizons/{path}", cursor=cursor, **query)
        assert answer.status_code == 200, answer.get_json()
        content = answer.get_json()
        assert len(content["comments"]) <= query["limit"]
        assert (content["next"] is not None) == ("Link" in answer.headers)
        yield from content["comments"]
        cursor = content["next"]


def decide(service: Service, token: str, id: int, action: str, seen: str = "published") -> None:
    reason = None if action == "approve" else "abuse"
    decision = {"comment": id, "revision": 1, "from": seen, "action": action, "reason": reason}
    (result,) = service.decide(token, decision).get_json()["results"]
    assert result["result"] == "done"


def vote(service: Service, id: int, value: int, address: str) -> None:
    answer = service.client.post(
        f"/api/v1/sites/horizons/comments/{id}/votes",
        json={"value": value, "author_key": new_author_key()},
        environ_base={"REMOTE_ADDR": address},
    )
    assert answer.status_code == 200


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL a page may be a quarter of a second old, as test_hot shows; here it is made anew."""
    monkeypatch.setattr(hot, "POSTGRES_SECONDS", 0)


@pytest.fixture
def conversation(horizons: Service) -> dict[str, list[int]]:
    """Eleven roots; the third has twelve replies, some of them to each other, the fourth six."""
    roots = [horizons.posted(f"Root {number}")["id"] for number in range(11)]
    deep, parent = [], roots[2]
    for number in range(12):
        deep.append(horizons.posted(f"Reply {number}", parent=parent)["id"])
        parent = deep[-1] if number % 3 else roots[2]
    six = [horizons.posted(f"Word {number}", parent=roots[3])["id"] for number in range(6)]
    return {"roots": roots, "deep": deep, "six": six}


def test_pages_in_order_of_time_repeat_and_miss_nothing(
    horizons: Service, conversation: dict[str, list[int]]
) -> None:
    roots = conversation["roots"]
    for limit in (1, 3, 10, 11, 100):
        for sort, wanted in (("newest", roots[::-1]), ("oldest", roots)):
            walked = [root["id"] for root in walk(horizons, slug="tarn", sort=sort, limit=limit)]
            assert walked == wanted, (limit, sort)
    unsorted = horizons.page(limit=100)
    assert unsorted == horizons.page(sort="newest", limit=100)


def test_the_best_come_first_on_every_page(horizons: Service, conversation: dict[str, list[int]]) -> None:
    roots = conversation["roots"]
    votes = {roots[4]: [1, 1, 1], roots[7]: [1, 1], roots[0]: [1], roots[9]: [1], roots[5]: [1, -1]}
    for id, values in votes.items():
        for number, value in enumerate(values):
            vote(horizons, id, value, f"192.0.2.{number}")
    vote(horizons, roots[8], -1, "192.0.2.9")
    for limit in (1, 2, 4, 100):
        walked = [root["id"] for root in walk(horizons, slug="tarn", sort="best", limit=limit)]
        assert sorted(walked) == sorted(roots)
        assert walked[:5] == [roots[4], roots[7], roots[9], roots[0], roots[5]]


def test_a_comment_that_comes_while_somebody_reads_moves_no_page(
    horizons: Service, conversation: dict[str, list[int]]
) -> None:
    pages = walk(horizons, slug="tarn", sort="newest", limit=4)
    seen = [next(pages)["id"] for _ in range(4)]
    horizons.posted("While reading")
    seen += [comment["id"] for comment in pages]
    assert seen == conversation["roots"][::-1]


def test_the_first_five_replies_stand_inline_and_the_rest_follow(
    horizons: Service, conversation: dict[str, list[int]]
) -> None:
    shown = {root["id"]: root for root in horizons.page()["comments"]}
    for root, replies in ((2, conversation["deep"]), (3, conversation["six"])):
        root_id = conversation["roots"][root]
        top = shown[root_id]
        assert top["replies_total"] == len(replies)
        assert [reply["id"] for reply in top["replies"]] == replies[:5]
        path = f"comments/{root_id}/replies"
        assert [reply["id"] for reply in walk(horizons, path, limit=4)] == replies
        rest = horizons.get(f"horizons/{path}", cursor=top["replies_next"], limit=100).get_json()
        assert [reply["id"] for reply in rest["comments"]] == replies[5:]
        known = {root_id}
        for reply in [*top["replies"], *rest["comments"]]:
            assert reply["parent"] in known, "a parent comes before its replies"
            known.add(reply["id"])
    assert shown[conversation["roots"][0]]["replies_next"] is None


def test_five_replies_need_no_cursor(horizons: Service) -> None:
    root = horizons.posted("Root")["id"]
    for number in range(5):
        horizons.posted(f"Reply {number}", parent=root)
    assert horizons.page()["comments"][0]["replies_next"] is None


def test_what_was_removed_above_a_reply_is_a_tombstone_that_says_by_whom(horizons: Service) -> None:
    token, key = horizons.add_moderator(), new_author_key()
    ids = {name: horizons.posted(f"{MARKER} {name}", name=MARKER, author_key=key)["id"] for name in "abcd"}
    for parent in ids.values():
        horizons.posted("A reply", parent=parent)
    decide(horizons, token, ids["a"], "reject")
    decide(horizons, token, ids["b"], "spam")
    horizons.post_json(f"horizons/comments/{ids['c']}/withdrawal", {"author_key": key})
    horizons.set_policy(hide_after_reports=1)
    horizons.post_json(f"horizons/comments/{ids['d']}/reports", {"reason": "spam"})
    answer = horizons.get("horizons/comments", slug="tarn", sort="oldest")
    page = answer.get_json()
    assert [root["removed"] for root in page["comments"]] == ["moderator", "moderator", "author", "review"]
    for root in page["comments"]:
        fields = {"id", "parent", "created_at", "removed", "replies_total", "replies", "replies_next"}
        assert set(root) == fields
    assert page["thread"]["count"] == 4
    assert MARKER not in answer.get_data(as_text=True)


def test_a_tombstone_inside_a_branch_goes_when_nothing_stands_below(horizons: Service) -> None:
    token = horizons.add_moderator()
    root = horizons.posted("Root")["id"]
    middle = horizons.posted("Middle", parent=root)["id"]
    leaf = horizons.posted("Leaf", parent=middle)["id"]
    decide(horizons, token, middle, "reject")
    (shown,) = horizons.page()["comments"]
    assert [(reply["id"], reply.get("removed")) for reply in shown["replies"]] == [
        (middle, "moderator"),
        (leaf, None),
    ]
    assert shown["replies_total"] == 1
    assert set(shown["replies"][0]) == {"id", "parent", "created_at", "removed"}
    decide(horizons, token, leaf, "reject")
    (shown,) = horizons.page()["comments"]
    assert (shown["replies"], shown["replies_total"]) == ([], 0)
    decide(horizons, token, root, "reject")
    assert horizons.page()["comments"] == []


def test_a_permalink_gives_the_comment_with_its_root(
    horizons: Service, conversation: dict[str, list[int]]
) -> None:
    root, reply = conversation["roots"][2], conversation["deep"][-1]
    found = horizons.get(f"horizons/comments/{reply}").get_json()
    on_page = next(one for one in horizons.page()["comments"] if one["id"] == root)
    assert found["slug"] == "tarn"
    assert found["comment"]["id"] == reply
    assert found["root"] == on_page
    own = horizons.get(f"horizons/comments/{root}").get_json()
    assert own["root"] == on_page
    assert own["comment"] == {name: on_page[name] for name in own["comment"]}


def test_a_permalink_to_a_tombstone_is_404_but_its_replies_stay(horizons: Service) -> None:
    token = horizons.add_moderator()
    root = horizons.posted("Root")["id"]
    reply = horizons.posted("Reply", parent=root)["id"]
    decide(horizons, token, root, "reject")
    assert horizons.get(f"horizons/comments/{root}").status_code == 404
    assert horizons.get(f"horizons/comments/{reply}").get_json()["root"]["removed"] == "moderator"
    assert horizons.get(f"horizons/comments/{reply}/replies").status_code == 404
    assert len(horizons.get(f"horizons/comments/{root}/replies").get_json()["comments"]) == 1


def test_counts_take_slugs_as_they_were_sent_aliases_and_repeats(horizons: Service) -> None:
    horizons.posted("One")
    horizons.posted("Two")
    headers = {"Authorization": f"Bearer {horizons.add_moderator(role='admin')}"}
    move = {"slug": "tarn", "to": "hills/tarn"}
    moved = horizons.client.post(
        "/api/v1/sites/horizons/moderation/threads/moves", json=move, headers=headers
    )
    assert moved.status_code == 200
    slugs = ["tarn", "hills/tarn", "/hills/tarn/", "tarn", "Tarn", "nowhere", "cafe\u0301"]
    counted = horizons.get("horizons/counts", slug=slugs).get_json()["counts"]
    wanted = {"tarn": 2, "hills/tarn": 2, "/hills/tarn/": 2, "Tarn": 0, "nowhere": 0, "cafe\u0301": 0}
    assert counted == wanted
    assert horizons.page("tarn") == horizons.page("hills/tarn")
    assert horizons.page("tarn")["thread"]["slug"] == "hills/tarn"


def test_an_unknown_slug_answers_byte_for_byte_like_a_thread_without_comments(horizons: Service) -> None:
    horizons.set_policy(mode="first", close_after_days=30)
    unknown = horizons.get("horizons/comments", slug="tarn")
    horizons.post("Waits", author_key=new_author_key())
    empty = horizons.get("horizons/comments", slug="tarn")
    assert (unknown.data, dict(unknown.headers)) == (empty.data, dict(empty.headers))
    assert unknown.get_json() == {
        "thread": {"slug": "tarn", "count": 0, "mode": "first", "closes_at": None, "slow_seconds": 0},
        "policy": {
            "language": "en",
            "votes": "both",
            "depth_drawn": 5,
            "edit_minutes": 15,
            "rules_url": "",
            "privacy_url": "",
            "contact": "",
            "max_body": 10_000,
        },
        "comments": [],
        "next": None,
    }


def test_a_reader_who_has_the_page_already_is_told_so(horizons: Service) -> None:
    root = horizons.posted("Root")["id"]
    horizons.posted("Another")
    paths = ("comments?slug=tarn&limit=1", "counts?slug=tarn", f"comments/{root}", f"comments/{root}/replies")
    for path in paths:
        path = f"/api/v1/sites/horizons/{path}"
        first = horizons.client.get(path)
        tag = first.headers["ETag"]
        assert re.fullmatch(r'"[^"]+"', tag), "a strong tag"
        assert first.headers["Cache-Control"] == "public, max-age=0, s-maxage=1"
        assert first.headers["Vary"] == "Accept-Encoding"
        assert "Set-Cookie" not in first.headers
        for asked in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = horizons.client.get(path, headers={"If-None-Match": asked, "Origin": ORIGIN})
            assert (again.status_code, again.data) == (304, b""), asked
            for name in ("ETag", "Cache-Control", "Vary", "Access-Control-Allow-Origin"):
                assert again.headers[name] == first.headers[name]
        other = horizons.client.get(path, headers={"If-None-Match": '"other"'})
        assert (other.status_code, other.data) == (200, first.data)
    vote(horizons, root, 1, "192.0.2.1")
    page = f"/api/v1/sites/horizons/comments/{root}"
    assert horizons.client.get(page, headers={"If-None-Match": tag}).status_code == 200


def test_every_visible_change_changes_the_tag(horizons: Service) -> None:
    token, key = horizons.add_moderator(), new_author_key()
    tags = []

    def note() -> None:
        tags.append(horizons.get("horizons/comments", slug="tarn").headers["ETag"])

    note()
    sent = horizons.post("Root", author_key=key).get_json()
    note()
    path = f"horizons/comments/{sent['comment']['id']}"
    vote(horizons, sent["comment"]["id"], 1, "192.0.2.1")
    note()
    horizons.post_json(f"{path}/revisions", {"body": "Better", "edit_token": sent["edit_token"]})
    note()
    horizons.posted("Reply", parent=sent["comment"]["id"])
    note()
    horizons.set_policy(mode="closed")
    note()
    horizons.post_json(f"{path}/withdrawal", {"author_key": key})
    note()
    assert len(set(tags)) == len(tags)
    assert token


def test_the_next_page_is_linked_at_the_public_address(horizons: Service) -> None:
    slug = "a b&c=d/é"
    for number in range(3):
        horizons.posted(f"Root {number}", slug=slug)
    answer = horizons.get("horizons/comments", slug=slug, limit=2, sort="oldest")
    link = re.fullmatch(r'<([^<>"\s]+)>; rel="next"', answer.headers["Link"])
    assert link
    assert link[1].startswith(f"{horizons.settings.public_url}/api/v1/sites/horizons/comments?")
    rest = horizons.client.get(link[1].removeprefix(horizons.settings.public_url)).get_json()
    assert [comment["html"] for comment in rest["comments"]] == ["<p>Root 2</p>"]
    spoofed = horizons.client.get(
        "/api/v1/sites/horizons/comments",
        query_string={"slug": slug, "limit": 2, "sort": "oldest"},
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"},
    )
    assert spoofed.headers["Link"] == answer.headers["Link"]


def test_pages_are_what_the_documented_shapes_say(
    horizons: Service, conversation: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    token, key = horizons.add_moderator(), new_author_key()
    decide(horizons, token, conversation["roots"][2], "reject")
    decide(horizons, token, conversation["deep"][1], "spam")
    sent = horizons.post(
        '<b>"Quotes"</b> & \\ \u2028 \U0001f426', name="Ö \u200d“x”", author_key=key
    ).get_json()
    edited = {"body": "Better", "edit_token": sent["edit_token"]}
    horizons.post_json(f"horizons/comments/{sent['comment']['id']}/revisions", edited)
    horizons.set_policy(close_after_days=1)
    root = conversation["roots"][3]
    for path, query, shape in (
        ("comments", {"slug": "tarn", "limit": 3}, shapes.Page),
        ("comments", {"slug": "tarn", "limit": 100, "sort": "best"}, shapes.Page),
        ("comments", {"slug": "nowhere"}, shapes.Page),
        (f"comments/{root}/replies", {"limit": 2}, shapes.Replies),
        (f"comments/{conversation['deep'][3]}", {}, shapes.Permalink),
        ("counts", {"slug": ["tarn", "nowhere"]}, shapes.Counts),
    ):
        answer = horizons.get(f"horizons/{path}", **query)
        content = answer.get_json()
        assert shape().dump(with_times(content)) == content
        # An unknown member would be dropped by the dump, a missing one would be added by nobody: load looks.
        assert not set(content) - set(shape().fields)
        compact = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        assert answer.get_data(as_text=True) == compact
    shown = horizons.page()["comments"][0]
    assert set(shown) == set(shapes.Root().fields) - {"removed"}


def test_cursors_of_others_are_refused(horizons: Service, conversation: dict[str, list[int]]) -> None:
    cursors = {sort: horizons.page(sort=sort, limit=1)["next"] for sort in ("newest", "oldest", "best")}
    replies = horizons.page(sort="oldest")["comments"][2]["replies_next"]
    for sort, good in cursors.items():
        path = {"slug": "tarn", "sort": sort}
        assert horizons.get("horizons/comments", **path, cursor=good).status_code == 200
        others = [replies, *(cursor for of, cursor in cursors.items() if of != sort)]
        for bad in (*others, *malformed(good), *HUGE, *(good + end for end in ("%", "\0", " "))):
            answer = horizons.get("horizons/comments", **path, cursor=bad)
            assert answer.status_code == 422, (sort, bad)
            assert answer.get_json()["errors"][0]["field"] == "cursor"
        for bad in (good, *malformed(good)):
            answer = horizons.get(f"horizons/comments/{conversation['roots'][2]}/replies", cursor=bad)
            assert answer.status_code == 422, (sort, bad)


def malformed(good: str) -> tuple[str, ...]:
    return ("x", good[:-2], good + "AAAA", good.swapcase(), "e30", "W10", "\u00e9", "=", " ", "bnVsbA")


def test_a_thread_closes_by_the_clock_and_its_page_says_so(
    horizons: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    horizons.posted("In time")
    horizons.set_policy(close_after_days=1)
    before = horizons.get("horizons/comments", slug="tarn")
    assert before.get_json()["thread"]["mode"] == "open"
    assert before.get_json()["thread"]["closes_at"].endswith("Z")
    later = clock.now() + timedelta(days=1, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    monkeypatch.setattr(hot, "time", later.timestamp)
    after = horizons.get("horizons/comments", slug="tarn")
    assert after.get_json()["thread"]["mode"] == "closed"
    assert after.headers["ETag"] != before.headers["ETag"]
    assert horizons.post("Late").status_code == 403


HIDERS: dict[str, Callable[[Service, str, dict[str, Any], str], None]] = {
    "rejected": lambda s, token, sent, key: decide(s, token, sent["comment"]["id"], "reject"),
    "spam": lambda s, token, sent, key: decide(s, token, sent["comment"]["id"], "spam"),
    "withdrawn": lambda s, token, sent, key: withdraw(s, sent["comment"]["id"], key),
    "pending": lambda s, token, sent, key: report(s, sent["comment"]["id"]),
}


@pytest.mark.parametrize("state", [*HIDERS, "held", "held edit"])
def test_what_is_not_published_stands_in_no_public_answer(horizons: Service, state: str) -> None:
    token, key = horizons.add_moderator(), new_author_key()
    horizons.set_policy(words_held=["clowns"], hide_after_reports=1)
    parent = horizons.posted("Parent")["id"]
    body = f"{MARKER} clowns" if state == "held" else MARKER if state in HIDERS else "Harmless"
    name = "Wren" if state == "held edit" else MARKER
    sent = horizons.post(body, name=name, parent=parent, author_key=key, slug="tarn").get_json()
    id = sent["comment"]["id"]
    if state in HIDERS:
        assert MARKER in text_of_public_answers(horizons, parent, id), "the premise"
        horizons.posted("Below", parent=id)
        HIDERS[state](horizons, token, sent, key)
    elif state == "held edit":
        edit = {"body": f"{MARKER} clowns", "edit_token": sent["edit_token"]}
        assert horizons.post_json(f"horizons/comments/{id}/revisions", edit).status_code == 202
    assert MARKER not in text_of_public_answers(horizons, parent, id)


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("state", HIDERS)
def test_nobody_acts_on_what_is_not_published_any_more(horizons: Service, state: str) -> None:
    token, key = horizons.add_moderator(), new_author_key()
    horizons.set_policy(hide_after_reports=1)
    sent = horizons.post(MARKER, author_key=key).get_json()
    id = sent["comment"]["id"]
    acts: dict[str, dict[str, Any]] = {
        f"comments/{id}/votes": {"value": 1, "author_key": new_author_key()},
        f"comments/{id}/reports": {"reason": "abuse"},
        "comments": {"slug": "tarn", "name": "Mo", "body": "A reply.", "parent": id},
        "notices": {"comment": id, "reason": "r", "name": "n", "email": "a@b.example", "good_faith": True},
    }
    first = next(iter(acts))
    assert horizons.post_json(f"horizons/{first}", acts[first]).status_code == 200, "the premise"
    HIDERS[state](horizons, token, sent, key)
    for path, fields in acts.items():
        assert horizons.post_json(f"horizons/{path}", fields).status_code == 404, path


def withdraw(service: Service, id: int, key: str) -> None:
    answer = service.post_json(f"horizons/comments/{id}/withdrawal", {"author_key": key})
    assert answer.status_code == 200


def report(service: Service, id: int) -> None:
    assert service.post_json(f"horizons/comments/{id}/reports", {"reason": "abuse"}).status_code == 201


def text_of_public_answers(service: Service, *ids: int) -> str:
    """Everything that anybody may read without a token, with all headers."""
    site = "/api/v1/sites/horizons"
    paths = [f"{site}/comments?slug=tarn&sort={sort}" for sort in ("newest", "oldest", "best")]
    paths += [f"{site}/counts?slug=tarn", "/openapi.json", "/healthz", "/sites/horizons/feed.atom"]
    paths += [f"/sites/horizons/{kind}?slug=tarn" for kind in ("thread", "fragment", "feed.atom")]
    paths += [f"{site}/comments/{id}{end}" for id in ids for end in ("", "/replies")]
    paths += [
        f"/sites/horizons/thread/comments/{id}{end}" for id in ids for end in ("", "/report", "/notice")
    ]
    answers = [service.client.get(path) for path in paths]
    stranger = {"author_key": new_author_key(), "slug": "tarn"}
    answers.append(service.post_json("horizons/mine", stranger))
    assert all(answer.status_code < 500 for answer in answers)
    return "".join(f"{answer.headers}{answer.get_data(as_text=True)}" for answer in answers)


def with_times(value: Any) -> Any:
    """The content with its times as the service has them, so that the shapes can write them again."""
    if isinstance(value, list):
        return [with_times(one) for one in value]
    if isinstance(value, dict):
        times = ("created_at", "edited_at", "closes_at")
        return {
            name: Time().deserialize(one) if name in times and one else with_times(one)
            for name, one in value.items()
        }
    return value
