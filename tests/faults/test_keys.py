"""An idempotency key stands for one stored comment of one author, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from comments_service.models import IdempotencyKey, Thread
from tests.app import ORIGIN, Service, new_author_key

# What refuses a request, the status that tells so, and what lets it in again.
REFUSALS: list[tuple[str, int, Callable[[Service], object], Callable[[Service], object], dict[str, Any]]] = [
    ("closed", 403, lambda s: s.set_policy(mode="closed"), lambda s: s.set_policy(mode="open"), {}),
    (
        "words",
        422,
        lambda s: s.set_policy(words_refused=["heron"]),
        lambda s: s.set_policy(words_refused=[]),
        {},
    ),
    ("slow mode", 429, lambda s: slow(s, 3600), lambda s: slow(s, 0), {}),
    ("a parent that is gone", 404, lambda s: None, lambda s: None, {"parent": 999}),
    ("another site's page", 403, lambda s: None, lambda s: None, {"Origin": "null"}),
]


def test_a_refused_request_leaves_its_key_free(horizons: Service) -> None:
    for what, status, shut, let_in, extra in REFUSALS:
        author = new_author_key()
        words = {"slug": what, "name": "Wren", "body": "A heron!", "author_key": author, "key": "one"}
        horizons.posted("Here before", author_key=author, slug=what)
        shut(horizons)
        headers = {"Origin": extra.get("Origin", ORIGIN)}
        fields = {name: value for name, value in extra.items() if name != "Origin"}
        refused = horizons.post_json("horizons/comments", words | fields, **headers)
        assert refused.status_code == status, what
        let_in(horizons)
        other = horizons.post_json("horizons/comments", words | {"body": "Two herons!"})
        assert other.status_code == 201, what
        assert horizons.page(what)["thread"]["count"] == 2
    assert horizons.write(lambda session: session.query(IdempotencyKey).count()) == len(REFUSALS)


def test_a_key_of_one_author_says_nothing_to_another(horizons: Service) -> None:
    mine, theirs = new_author_key(), new_author_key()
    horizons.set_policy(mode="premoderated")
    first = horizons.posted("The same words", author_key=mine, key="one")
    horizons.set_policy(mode="open")
    other = horizons.post("The same words", author_key=theirs, key="one")
    assert other.status_code == 201, "the first one's status would tell of it"
    assert other.get_json()["comment"]["id"] != first["id"]
    stranger = horizons.post("Different words", author_key=new_author_key(), key="one")
    assert stranger.status_code == 201, "a 422 would tell of it"
    again = horizons.post("The same words", author_key=mine, key="one")
    assert (again.status_code, again.get_json()["comment"]["id"]) == (202, first["id"])


def test_a_key_of_one_site_says_nothing_on_another(horizons: Service) -> None:
    horizons.add_site("fells")
    author = new_author_key()
    first = horizons.posted("The same words", author_key=author, key="one")
    other = horizons.posted("The same words", author_key=author, key="one", site="fells")
    assert other["id"] != first["id"]


def slow(service: Service, seconds: int) -> None:
    """Set the pause between two comments of an author in every thread."""
    service.write(lambda session: session.query(Thread).update({"slow_seconds": seconds}))
