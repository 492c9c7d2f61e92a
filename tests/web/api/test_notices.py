"""Notices of illegal content: anybody may send one, it reports the comment, and a decision answers it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from comments_service import clock, purging
from comments_service.models import Notice
from tests.app import ORIGIN, Service, new_author_key
from tests.web.api.test_reports import decide, report, reported

SAID = {"reason": "It names my child.", "name": " Mo  B ", "email": "mo@fells.example", "good_faith": True}


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """SQLite alone: what is asked of the database here is little and plain."""
    return sqlite_url


@pytest.fixture
def token(horizons: Service) -> str:
    return horizons.add_moderator()


def send(service: Service, comment: int, number: int = 1, /, **changes: Any) -> TestResponse:
    """A notice from the address of that number."""
    said = {**SAID, "comment": comment, **changes}
    return service.client.post(
        "/api/v1/sites/horizons/notices",
        json={name: value for name, value in said.items() if value is not None},
        environ_base={"REMOTE_ADDR": f"192.0.2.{number}"},
    )


def notices(service: Service, token: str, comment: int) -> list[dict[str, Any]]:
    """What a moderator reads on the comment's card."""
    path = f"/api/v1/sites/horizons/moderation/comments/{comment}"
    found = service.client.get(path, headers={"Authorization": f"Bearer {token}"}).get_json()["notices"]
    return [one for one in found if isinstance(one, dict)]


def test_a_notice_is_stored_reported_and_answered(horizons: Service, token: str) -> None:
    comment = horizons.posted()["id"]
    sent = send(horizons, comment)
    assert sent.status_code == 202
    assert re.fullmatch(r"1-[A-Za-z0-9_-]{43}", sent.get_json()["receipt"])
    assert [one["reason"] for one in reported(horizons, token)[comment]] == ["illegal"]
    (notice,) = notices(horizons, token, comment)
    assert (notice["reason"], notice["name"], notice["email"]) == (SAID["reason"], "Mo B", SAID["email"])
    assert (notice["closed_at"], notice["decision"]) == (None, None)

    decide(horizons, token, comment, "approve")
    (notice,) = notices(horizons, token, comment)
    assert notice["closed_at"] is not None
    path = f"/api/v1/sites/horizons/moderation/decisions/{notice['decision']}/reversal"
    horizons.client.post(path, headers={"Authorization": f"Bearer {token}"})
    assert notices(horizons, token, comment)[0]["decision"] is None

    everything = (
        horizons.get("horizons/comments", slug="tarn").text
        + horizons.get(f"horizons/comments/{comment}").text
    )
    assert "fells.example" not in everything


def test_a_receipt_is_kept_as_a_hash(horizons: Service) -> None:
    receipt = send(horizons, horizons.posted()["id"]).get_json()["receipt"]
    stored = horizons.write(lambda session: session.scalars(select(Notice.receipt)).one())
    assert stored == horizons.signer.token(receipt.split("-", 1)[1])
    assert receipt.encode() not in horizons.database.settings.database_path.read_bytes()


def test_a_notice_brings_back_what_was_approved(horizons: Service, token: str) -> None:
    comment = horizons.posted()["id"]
    decide(horizons, token, comment, "approve")
    assert reported(horizons, token) == {}
    send(horizons, comment)
    assert list(reported(horizons, token)) == [comment]


def test_one_network_counts_as_one_report_however_many_notices(horizons: Service, token: str) -> None:
    horizons.set_policy(hide_after_reports=2)
    comment = horizons.posted()["id"]
    report(horizons, comment, 1, "spam")
    for _ in range(2):
        assert send(horizons, comment, 1).status_code == 202
    assert [one["reason"] for one in reported(horizons, token)[comment]] == ["illegal"]
    assert len(notices(horizons, token, comment)) == 2
    assert horizons.get(f"horizons/comments/{comment}").status_code == 200
    send(horizons, comment, 2)
    assert horizons.get(f"horizons/comments/{comment}").status_code == 404


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"comment": "x"}, "comment", "invalid"),
    ({"comment": None}, "comment", "required"),
    ({"reason": None}, "reason", "required"),
    ({"reason": " \n"}, "reason", "required"),
    ({"reason": "x" * 2001}, "reason", "too_long"),
    ({"name": None}, "name", "required"),
    ({"name": " "}, "name", "required"),
    ({"name": "x" * 61}, "name", "too_long"),
    ({"email": None}, "email", "required"),
    ({"email": "mo"}, "email", "invalid"),
    ({"email": "mo@fells example"}, "email", "invalid"),
    ({"email": f"{'x' * 250}@x.example"}, "email", "too_long"),
    ({"good_faith": None}, "good_faith", "required"),
    ({"good_faith": False}, "good_faith", "invalid"),
    ({"good_faith": "perhaps"}, "good_faith", "invalid"),
    ({"author_key": "k" * 22}, "author_key", "unknown"),
]


def test_a_bad_notice_is_refused_by_field(horizons: Service, token: str) -> None:
    comment = horizons.posted()["id"]
    for change, field, code in BAD:
        answer = send(horizons, comment, **change)
        assert answer.status_code == 422, change
        assert [(e["field"], e["code"]) for e in answer.get_json()["errors"]] == [(field, code)], change
    assert reported(horizons, token) == {}


def test_only_what_is_public_can_be_noticed(horizons: Service) -> None:
    horizons.set_policy(mode="premoderated")
    waiting = horizons.posted(author_key=new_author_key())["id"]
    unknown, hidden = send(horizons, 10**9), send(horizons, waiting)
    assert (unknown.status_code, hidden.status_code) == (404, 404)
    assert unknown.get_json() == hidden.get_json()


def test_a_form_will_do_and_a_foreign_page_will_not(horizons: Service) -> None:
    form = {**SAID, "comment": horizons.posted()["id"], "good_faith": "on"}
    for origin, status in ((ORIGIN, 202), ("https://elsewhere.example", 403), ("null", 403)):
        sent = horizons.client.post("/api/v1/sites/horizons/notices", data=form, headers={"Origin": origin})
        assert sent.status_code == status


def test_who_sent_a_notice_is_forgotten_half_a_year_after_the_answer(
    horizons: Service, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, waiting = horizons.posted("One.")["id"], horizons.posted("Two.")["id"]
    for comment in (answered, waiting):
        send(horizons, comment)
    decide(horizons, token, answered, "approve")

    def said_after(days: int) -> list[str]:
        purging.purge(horizons.database, clock.now() + timedelta(days=days))
        return [notices(horizons, token, comment)[0]["email"] for comment in (answered, waiting)]

    assert said_after(182) == [SAID["email"]] * 2
    assert said_after(184) == ["", SAID["email"]]
    (erased,) = notices(horizons, token, answered)
    assert (erased["name"], erased["reason"]) == ("", "")
