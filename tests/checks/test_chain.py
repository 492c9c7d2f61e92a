"""The chain: what each check finds has a rule, a place and a reason; a check that fails publishes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from sqlalchemy.orm import Session

from comments_service import checks
from comments_service.checks import CHAIN, Draft, Found, Verdict
from comments_service.checks.draft import hold

from .labels import DOCS

NO_SESSION = cast(Session, None)
DETAILS = "Ring 07700 900461, or write to anna at example dot org: DE89 3704 0044 0532 0130 00."

HELD = [
    ("honeypot", {"subject": "I fill in everything"}, []),
    ("form_time", {"form_age": 0.3}, []),
    ("form_time", {"form_token": "hold"}, []),
    ("form_time", {"form_token": "hold", "form_age": 90_000.0}, []),
    ("names", {"name_reserved": ["Editor"], "name": "Edit0r"}, []),
    ("words", {"words_held": ["clown"], "body": "You сl\u200b0wn!"}, ["сl\u200b0wn"]),
    ("words", {"words_held": ["clown"], "body": "You cl**own**", "shown": "You clown"}, []),
    (
        "links",
        {"links_max": 0, "body": "https://x.example/", "links": ("https://x.example/",)},
        ["x.example"],
    ),
    (
        "personal_data",
        {"body": DETAILS},
        ["07700 900461", "anna at example dot org", "DE89 3704 0044 0532 0130 00"],
    ),
    ("personal_data", {"body": "0770**0900461**", "shown": "07700900461"}, []),
    ("personal_data", {"name": "07700 900461"}, []),
    ("first", {"mode": "first"}, []),
    ("mode", {"mode": "premoderated"}, []),
]


def _name(check: Any) -> str:
    return str(check.__module__.rpartition(".")[2])


@pytest.mark.parametrize(("check", "values", "marked"), HELD)
def test_a_hold_says_why_to_its_author_and_where_to_a_moderator(
    draft: Callable[..., Draft], check: str, values: dict[str, Any], marked: list[str]
) -> None:
    made = draft(**values)
    verdict = checks.judge(NO_SESSION, made)
    assert verdict.action == "hold"
    assert verdict.reason.endswith(".")
    assert {found.check for found in verdict.evidence} == {check}
    assert all(found.rule and found.message.endswith(".") for found in verdict.evidence)
    spans = [(found.start, found.end) for found in verdict.evidence if found.start is not None]
    assert [made.body[start:end] for start, end in spans] == marked


def test_a_usual_comment_is_published(draft: Callable[..., Draft]) -> None:
    assert checks.judge(NO_SESSION, draft(form_age=20.0)) == Verdict()


def test_links_to_allowed_domains_do_not_count(draft: Callable[..., Draft]) -> None:
    policy = {"links_max": 1, "links_allowed": ["x.example"]}
    free = ("https://x.example/", "https://news.x.example/a", "https://other.example/")
    assert checks.judge(NO_SESSION, draft(**policy, links=free)) == Verdict()
    counted = ("https://notx.example/", "https://x.example.other.example/")
    assert checks.judge(NO_SESSION, draft(**policy, links=counted)).action == "hold"


def test_every_check_is_documented_in_the_order_in_which_they_look() -> None:
    table = DOCS.read_text("utf-8").partition("\n\n| check |")[2].partition("\n\n")[0]
    rows = [row.split("|")[1].strip() for row in table.splitlines()[2:]]
    assert rows == [_name(check) for check in CHAIN]


@pytest.mark.parametrize("check", CHAIN, ids=_name)
def test_a_check_that_fails_holds_and_never_publishes(
    check: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(checks, "CHAIN", (check,))
    verdict = checks.judge(NO_SESSION, cast(Draft, None))
    assert (verdict.action, verdict.reason) == ("hold", checks.UNCHECKED)
    (found,) = verdict.evidence
    assert (found.check, found.rule) == (_name(check), "failed")
    assert f"the check {found.check} failed" in caplog.text


def test_holds_add_up_and_a_discard_keeps_the_reason_of_a_hold() -> None:
    held = hold("Words are read first.", Found("words", "clown", "Held."))
    again = hold("A first comment.", Found("first", "first", "First."))
    discarded = Verdict(
        "discard", "Much like another.", (Found("near", "condemned", "Condemned."),), cluster=7
    )
    both = held.joined(again)
    assert (both.action, both.reason, len(both.evidence)) == ("hold", "Words are read first.", 2)
    three = both.joined(discarded).joined(again)
    assert (three.action, three.reason, three.cluster) == ("discard", "Words are read first.", 7)
    assert len(three.evidence) == 4
    assert discarded.joined(held).reason == "Much like another."
