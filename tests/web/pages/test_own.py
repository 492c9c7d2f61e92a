"""An author's own comment by its edit link."""

from __future__ import annotations

from tests.web.pages.conftest import Pages, visible


def test_an_author_reads_why_a_change_was_not_accepted(pages: Pages) -> None:
    pages.service.set_policy(words_held=["clowns"])
    token = pages.service.add_moderator()
    comment, link = pages.posted("What a council.")
    address = f"/comments/{comment}"
    pages.send(f"{address}/revisions", {"edit_token": link, "body": "What clowns."})
    drop = {"comment": comment, "revision": 2, "from": "pending", "action": "reject", "reason": "abuse"}
    (result,) = pages.service.decide(token, drop).get_json()["results"]
    assert result["result"] == "done"

    said = visible(pages.text(f"{address}/own", edit_token=link))
    assert "Your comment is published." in said
    assert "a moderator decided that your change of" in said
    assert "is not accepted; the version before stays." in said

    pages.send(f"{address}/revisions", {"edit_token": link, "body": "What a wise council."})
    assert "not accepted" not in visible(pages.text(f"{address}/own", edit_token=link))
