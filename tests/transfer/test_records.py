"""Records: each column of a site's rows is exported, made again at import, or left behind knowingly."""

from __future__ import annotations

import pytest

from comments_service.models import Comment
from comments_service.transfer.records import SHAPES

# Record kinds are named as their tables. What is another row's number stands in the file under another name.
NUMBERS = {"id", "site_id", "thread_id", "parent_id", "root_id", "author_id", "comment_id", "moderator_id"}
NAMED_OTHERWISE = {"check_name", "span_start", "span_end", "decision_id", "bucket", "bucket_day"}
MADE_AGAIN = {
    "thread": {"version", "count"},
    "author": {"published", "rejected"},
    "comment": {"leaf", "rank", "replies_total", "open_reports", "fingerprint"},
    "revision": {"html", "policy_version"},
}
# Which comments are alike is looked for among new ones only.
LEFT_BEHIND = {"comment": {"band_1", "band_2", "cluster_id"}}


@pytest.mark.parametrize(
    "kind", ["thread", "author", "comment", "revision", "evidence", "vote", "report", "decision", "ban"]
)
def test_somebody_decided_what_becomes_of_every_column(kind: str) -> None:
    columns = set(Comment.metadata.tables[kind].c.keys())
    decided = SHAPES[kind].keys() | MADE_AGAIN.get(kind, set()) | LEFT_BEHIND.get(kind, set())
    assert columns - decided - NUMBERS - NAMED_OTHERWISE == set()
