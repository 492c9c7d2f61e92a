"""Near duplicates: one advert in many clothes is one cluster, and a condemned cluster is not heard again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from comments_service import clock
from comments_service.models import Comment, Decision, Evidence
from comments_service.models.comment import BANDS, in_cluster
from tests.app import Service, new_author_key

from .labels import LABELLED

ADVERT = LABELLED["adverts"][0]["variants"]
HONEST = LABELLED["different"]


def test_variants_of_an_advert_are_held_as_one_cluster(horizons: Service) -> None:
    first = _post(horizons, ADVERT[0])
    assert first["status"] == "published"
    for number, advert in enumerate(ADVERT[-5:]):
        assert _post(horizons, advert, slug=f"article-{number}")["status"] == "pending"
    for number, honest in enumerate(HONEST[:3]):
        assert _post(horizons, honest, slug=f"article-{number}")["status"] == "published"
    assert _cluster(horizons, first["id"]) == 6


def test_evidence_names_the_comment_that_it_resembles(horizons: Service) -> None:
    first = _post(horizons, ADVERT[0])
    answer = horizons.post(ADVERT[4], slug="other", author_key=new_author_key())
    assert answer.status_code == 202
    assert answer.get_json()["reason"] == "It is much like another comment, so a moderator looks at it first."
    assert _evidence(horizons, answer.get_json()["comment"]["id"]) == [
        {
            "rule": f"cluster {first['id']}",
            "message": f"It is nearly the same text as comment {first['id']} (100% alike).",
            "score": 1.0,
        }
    ]


def test_what_a_moderator_condemned_is_discarded_for_a_day(horizons: Service) -> None:
    token = horizons.add_moderator()
    first, second = _post(horizons, ADVERT[0]), _post(horizons, ADVERT[1])
    held = horizons.post(ADVERT[2], author_key=new_author_key()).get_json()
    _decide(horizons, token, second, "spam")
    answer = horizons.post(ADVERT[3], author_key=new_author_key())
    assert answer.status_code == 202
    discarded = answer.get_json()
    assert _status(horizons, discarded) == "spam"
    assert discarded["comment"] | {"id": 0} == held["comment"] | _differences(discarded) | {"id": 0}
    assert discarded["reason"] == held["reason"]
    # A moderator who approves one of them thinks otherwise, so people look again.
    _decide(horizons, token, {**held["comment"], "status": "pending"}, "approve")
    assert _status(horizons, {"comment": _post(horizons, ADVERT[5])}) == "pending"
    _decide(horizons, token, {**held["comment"], "status": "published"}, "reject")
    assert _status(horizons, {"comment": _post(horizons, ADVERT[6])}) == "spam"
    horizons.write(
        lambda session: session.execute(update(Decision).values(created_at=clock.now() - timedelta(hours=25)))
    )
    assert _status(horizons, {"comment": _post(horizons, ADVERT[7])}) == "pending"
    assert _cluster(horizons, first["id"]) == 7


def test_who_takes_a_comment_back_may_say_it_again(horizons: Service) -> None:
    author = new_author_key()
    comment = horizons.posted(HONEST[0], author_key=author)
    horizons.post_json(f"horizons/comments/{comment['id']}/withdrawal", {"author_key": author})
    assert _post(horizons, HONEST[0], slug="other")["status"] == "published"


def test_an_edit_is_looked_up_anew_and_does_not_resemble_itself(horizons: Service) -> None:
    first = _post(horizons, ADVERT[0])
    answer = horizons.post(HONEST[0], author_key=new_author_key()).get_json()
    path, token = f"horizons/comments/{answer['comment']['id']}/revisions", answer["edit_token"]
    edited = horizons.post_json(path, {"body": HONEST[0] + " Thank you.", "edit_token": token})
    assert edited.get_json()["comment"]["status"] == "published"
    edited = horizons.post_json(path, {"body": ADVERT[9], "edit_token": token})
    assert edited.get_json()["comment"]["status"] == "pending"
    assert _cluster(horizons, first["id"]) == 2


@pytest.mark.parametrize("body", ["Well said!", f"> {ADVERT[0]}\n\nWho falls for that?"])
def test_short_texts_have_no_bands_and_quotes_do_not_count(horizons: Service, body: str) -> None:
    _post(horizons, ADVERT[0])
    for slug in ("one", "two"):
        comment = _post(horizons, body, slug=slug)
        assert comment["status"] == "published"
    columns = select(*(getattr(Comment, band) for band in BANDS)).where(Comment.id == comment["id"])
    assert horizons.write(lambda session: set(session.execute(columns).one())) == {None}


def _post(horizons: Service, body: str, **fields: Any) -> dict[str, Any]:
    return horizons.posted(body, author_key=new_author_key(), **fields)


def _differences(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: answer["comment"][key] for key in ("html", "created_at")}


def _decide(horizons: Service, token: str, comment: dict[str, Any], action: str) -> None:
    decision = {"comment": comment["id"], "revision": 1, "from": comment["status"], "action": action}
    answer = horizons.decide(token, decision | ({"reason": "spam"} if action != "approve" else {}))
    assert [result["result"] for result in answer.get_json()["results"]] == ["done"]


def _status(horizons: Service, answer: dict[str, Any]) -> str:
    found: str = horizons.write(lambda session: session.get_one(Comment, answer["comment"]["id"]).status)
    return found


def _cluster(horizons: Service, cluster: int) -> int:
    """How many comments it has."""
    count = select(func.count(Comment.id)).where(in_cluster(cluster))
    found: int = horizons.write(lambda session: session.scalar(count))
    return found


def _evidence(horizons: Service, comment: int) -> list[dict[str, Any]]:
    columns = select(Evidence.rule, Evidence.message, Evidence.score).where(Evidence.comment_id == comment)
    found: list[dict[str, Any]] = horizons.write(
        lambda session: [dict(row._mapping) for row in session.execute(columns)]
    )
    return found
