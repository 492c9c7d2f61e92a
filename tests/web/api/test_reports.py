"""Reports: distinct readers count, enough of them hide a comment, a moderator's decision closes them."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from comments_service.web import hot
from tests.app import Service, new_author_key
from tests.databases import rows


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL a page may be a quarter of a second old, as test_hot shows; here it is made anew."""
    monkeypatch.setattr(hot, "POSTGRES_SECONDS", 0)


@pytest.fixture
def token(horizons: Service) -> str:
    return horizons.add_moderator()


def report(
    service: Service, comment: int, number: int = 1, reason: str = "abuse", **fields: Any
) -> TestResponse:
    """A report from the address of that number."""
    return service.client.post(
        f"/api/v1/sites/horizons/comments/{comment}/reports",
        json={"reason": reason, **fields},
        environ_base={"REMOTE_ADDR": f"192.0.2.{number}"},
    )


def decide(service: Service, token: str, comment: int, action: str, seen: str = "published") -> None:
    reason = None if action == "approve" else "abuse"
    decision = {"comment": comment, "revision": 1, "from": seen, "action": action, "reason": reason}
    (result,) = service.decide(token, decision).get_json()["results"]
    assert result["result"] == "done"


def reported(service: Service, token: str) -> dict[int, list[dict[str, Any]]]:
    """The open reports of each comment in the moderators' queue."""
    answer = service.client.get(
        "/api/v1/sites/horizons/moderation/queues/reported", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200
    return {row["id"]: row["reports"] for row in answer.get_json()["comments"]}


def evidence(service: Service, token: str, comment: int) -> list[tuple[str, str, float]]:
    """Check, rule and score of what speaks against the comment, as moderators see it."""
    path = f"/api/v1/sites/horizons/moderation/comments/{comment}"
    card = service.client.get(path, headers={"Authorization": f"Bearer {token}"}).get_json()
    return [(found["check"], found["rule"], found["score"]) for found in card["evidence"]]


def is_public(service: Service, comment: int) -> bool:
    return service.get(f"horizons/comments/{comment}").status_code == 200


def test_a_report_reaches_the_moderators_with_its_words(horizons: Service, token: str) -> None:
    comment = horizons.posted()["id"]
    answer = report(horizons, comment, reason="other", text="Look <here>", author_key=new_author_key())
    assert (answer.status_code, answer.get_json()) == (201, {"status": "reported"})
    ((seen,),) = reported(horizons, token).values()
    assert (seen["reason"], seen["text"], seen["revision"]) == ("other", "Look <here>", 1)
    assert is_public(horizons, comment)
    assert "Look" not in horizons.get("horizons/comments", slug="tarn").get_data(as_text=True)


def test_one_network_counts_once_whatever_keys_it_sends(horizons: Service, token: str) -> None:
    comment = horizons.posted()["id"]
    for _ in range(3):
        assert report(horizons, comment, author_key=new_author_key()).status_code == 201
    assert len(reported(horizons, token)[comment]) == 1
    report(horizons, comment, 2)
    assert len(reported(horizons, token)[comment]) == 2
    other = horizons.posted("Another")["id"]
    report(horizons, other)
    assert len(reported(horizons, token)[other]) == 1


def test_the_most_reported_come_first(horizons: Service, token: str) -> None:
    ids = [horizons.posted(f"Number {number}")["id"] for number in range(3)]
    for number, times in enumerate((1, 3, 2)):
        for address in range(times):
            report(horizons, ids[number], address)
    assert list(reported(horizons, token)) == [ids[1], ids[2], ids[0]]


def test_reports_alone_hide_nothing_unless_the_site_says_so(horizons: Service) -> None:
    comment = horizons.posted()["id"]
    for number in range(10):
        report(horizons, comment, number)
    assert is_public(horizons, comment)


def test_enough_distinct_reports_hide_a_comment_until_it_is_decided(horizons: Service, token: str) -> None:
    horizons.set_policy(hide_after_reports=3)
    key = new_author_key()
    comment = horizons.posted(author_key=key)["id"]
    for number in (1, 1, 2, 2, 1):
        report(horizons, comment, number)
    assert is_public(horizons, comment)
    report(horizons, comment, 3)
    assert not is_public(horizons, comment)
    assert horizons.page()["comments"] == []
    assert report(horizons, comment, 4).status_code == 404
    (mine,) = horizons.post_json("horizons/mine", {"author_key": key, "slug": "tarn"}).get_json()["comments"]
    assert (mine["status"], mine["id"]) == ("pending", comment)
    assert mine["reason"]
    assert evidence(horizons, token, comment) == [("reports", "hide_after_reports", 3)]
    decide(horizons, token, comment, "approve", seen="pending")
    assert is_public(horizons, comment)
    assert reported(horizons, token) == {}


@pytest.mark.parametrize("action", ["approve", "reject", "spam"])
def test_a_decision_closes_the_reports(horizons: Service, token: str, action: str) -> None:
    comment = horizons.posted()["id"]
    report(horizons, comment, 1)
    report(horizons, comment, 2)
    decide(horizons, token, comment, action)
    assert reported(horizons, token) == {}


def test_what_a_moderator_approved_gathers_no_new_reports_but_illegal_ones(
    horizons: Service, token: str
) -> None:
    horizons.set_policy(hide_after_reports=2)
    comment = horizons.posted()["id"]
    report(horizons, comment, 1)
    decide(horizons, token, comment, "approve")
    for number in range(6):
        assert report(horizons, comment, number).status_code == 201
        report(horizons, comment, number, "spam")
    assert reported(horizons, token) == {}
    with horizons.database.writer.connect() as connection:
        assert len(rows(connection)["report"]) == 6, "one of each network"
    assert is_public(horizons, comment)
    report(horizons, comment, 1, "illegal")
    assert [one["reason"] for one in reported(horizons, token)[comment]] == ["illegal"]
    assert is_public(horizons, comment)
    report(horizons, comment, 2, "illegal")
    assert not is_public(horizons, comment)


def test_a_new_revision_may_be_reported_again(horizons: Service, token: str) -> None:
    sent = horizons.post(author_key=new_author_key()).get_json()
    comment = sent["comment"]["id"]
    decide(horizons, token, comment, "approve")
    edit = {"body": "Worse", "edit_token": sent["edit_token"]}
    assert horizons.post_json(f"horizons/comments/{comment}/revisions", edit).status_code == 201
    report(horizons, comment)
    assert [one["revision"] for one in reported(horizons, token)[comment]] == [2]


def test_only_known_reasons_count(horizons: Service, token: str) -> None:
    comment = horizons.posted()["id"]
    for bad in ("", "SPAM", "misinformation", "x"):
        answer = report(horizons, comment, reason=bad)
        assert answer.get_json()["errors"][0]["field"] == "reason"
    assert reported(horizons, token) == {}
    for number, good in enumerate(("spam", "abuse", "illegal", "off_topic", "personal_data", "other")):
        assert report(horizons, comment, number, good).status_code == 201
    assert len(reported(horizons, token)[comment]) == 6
