"""Authors whose recent comments were mostly refused."""

from __future__ import annotations

from typing import Any

from comments_service.models import Author
from tests.app import Service, new_author_key


def test_an_author_who_was_mostly_refused_is_read_first(horizons: Service) -> None:
    token, key = horizons.add_moderator(), new_author_key()
    _decided(horizons, token, key, ["reject", "approve", "spam", "reject"])
    assert horizons.posted("Three of four is not enough to tell", author_key=key)["status"] == "published"
    _decided(horizons, token, key, ["reject"])
    answer = horizons.post("Four of five were refused", author_key=key).get_json()
    assert answer["comment"]["status"] == "pending"
    assert answer["reason"] == (
        "Several of your recent comments were not published, so a moderator looks at this one first."
    )
    card = horizons.client.get(
        f"/api/v1/sites/horizons/moderation/comments/{answer['comment']['id']}",
        headers={"Authorization": f"Bearer {token}"},
    ).get_json()
    (found,) = card["evidence"]
    assert found["message"] == "Of the author's last 5 comments decided on, 4 were refused."
    assert (found["check"], found["score"]) == ("record", 0.8)
    assert horizons.posted("Somebody else", author_key=new_author_key())["status"] == "published"
    # Four of nine: they did better since.
    _decided(horizons, token, key, ["approve"] * 4)
    assert horizons.posted("Better now", author_key=key)["status"] == "published"
    _decided(horizons, token, key, ["reject", "reject"])
    assert horizons.posted("Worse again", author_key=key)["status"] == "pending"
    horizons.write(_trust)
    assert horizons.posted("Trusted", author_key=key)["status"] == "published"


def _decided(horizons: Service, token: str, key: str, actions: list[str]) -> None:
    """Comments of the author, each with a moderator's decision."""
    for number, action in enumerate(actions):
        comment = horizons.posted(f"{key[:4]} {number} {actions}", slug="past", author_key=key)
        decision: dict[str, Any] = {"comment": comment["id"], "revision": 1, "from": comment["status"]}
        reason = {} if action == "approve" else {"reason": "abuse"}
        (result,) = horizons.decide(token, decision | {"action": action} | reason).get_json()["results"]
        assert result["result"] == "done"


def _trust(session: Any) -> None:
    for author in session.query(Author):
        author.trusted_at = author.created_at
