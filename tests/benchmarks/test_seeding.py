"""A seeded thread is what publishing would have left."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.reading import seeding
from tests.app import Service

SIZE = 9
# The benchmark's database is SQLite.
pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def test_a_seeded_thread_reads_like_a_posted_one(service: Service) -> None:
    site_id = service.add_site()
    service.write(lambda session: seeding.seed(session, site_id, "seeded", SIZE, seeding.Texts()))
    _post(service, "posted")
    seeded, posted = service.page("seeded"), service.page("posted")
    assert seeded["thread"]["count"] == posted["thread"]["count"] == SIZE
    assert _shape(seeded) == _shape(posted)
    assert [root["replies_total"] for root in seeded["comments"]] == [0, 3, 3]


def test_a_seeded_thread_goes_on_where_it_ended(service: Service) -> None:
    site_id = service.add_site()
    service.write(lambda session: seeding.seed(session, site_id, "seeded", SIZE, seeding.Texts()))
    comment = service.posted("The next", slug="seeded")
    page = service.page("seeded")
    assert page["comments"][0]["id"] == comment["id"]
    assert page["thread"]["count"] == SIZE + 1


def _post(service: Service, slug: str) -> None:
    root: int | None = None
    last: int | None = None
    for number in range(SIZE):
        place = number % seeding.FAMILY
        parent = None if place == 0 else last if place == 2 else root
        fields: dict[str, Any] = {} if parent is None else {"parent": parent}
        last = service.posted(f"Comment {number}", slug=slug, **fields)["id"]
        root = last if place == 0 else root


def _shape(page: dict[str, Any]) -> list[Any]:
    return [
        [[sorted(root), len(root["replies"])], [sorted(reply) for reply in root["replies"]]]
        for root in page["comments"]
    ]
