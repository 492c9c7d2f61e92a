"""The formal notice that a comment is illegal, by a plain form."""

from __future__ import annotations

import re

import pytest

from tests.web.pages.conftest import Pages, visible

SAID = {
    "reason": "It names a witness, which §174 forbids.",
    "name": "Ada",
    "email": "ada@example.org",
    "good_faith": "on",
}


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """SQLite alone: tests/reading and test_writing.py ask both databases the same."""
    return sqlite_url


def test_a_notice_is_stored_and_its_receipt_shown_once(pages: Pages) -> None:
    token = pages.service.add_moderator()
    pages.service.set_policy(contact="desk@news.example")
    comment, _ = pages.posted("The witness is called …")
    report = pages.text(f"/comments/{comment}/report")
    assert f'href="/sites/horizons/thread/comments/{comment}/notice"' in report
    form = pages.text(f"/comments/{comment}/notice")
    assert "The witness is called …" in form
    assert "checked" not in form
    answer = pages.send(f"/comments/{comment}/notice", SAID)
    assert answer.status_code == 303
    shown = pages.client.get(answer.headers["Location"])
    assert shown.headers["Cache-Control"] == "no-store"
    assert re.search(r"<code>\d+-[\w-]{10,}</code>", shown.text)
    assert "write to desk@news.example." in visible(shown.text)
    moderation = f"/api/v1/sites/horizons/moderation/comments/{comment}"
    found = pages.client.get(moderation, headers={"Authorization": f"Bearer {token}"}).get_json()
    assert [one["reason"] for one in found["notices"]] == [SAID["reason"]]


def test_what_is_missing_is_said_at_its_field_and_nothing_typed_is_lost(pages: Pages) -> None:
    comment, _ = pages.posted()
    faults = {"reason": "", "name": "", "email": "nobody", "good_faith": "no"}
    for field, value in faults.items():
        answer = pages.send(f"/comments/{comment}/notice", SAID | {field: value})
        assert answer.status_code == 422
        assert f'<p class="problem" id="problem-{field}">' in answer.text
        for other, kept in SAID.items():
            if other not in (field, "good_faith"):
                assert kept in answer.text


@pytest.mark.parametrize("receipt", ["call 0800 123 456", "17-<b>", "17-short", ""])
def test_no_address_makes_the_receipts_page_say_other_things(pages: Pages, receipt: str) -> None:
    answer = pages.get("/noticed", slug="tarn", receipt=receipt)
    assert answer.status_code == 422
    assert receipt not in answer.text or not receipt
