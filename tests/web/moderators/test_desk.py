"""The desk: history, log, bans, threads, settings."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from comments_service import moderation
from comments_service.models import Decision, Revision, Site, Thread
from comments_service.models.policy import KEYS
from comments_service.reading import queues
from comments_service.web.moderators import settings
from tests.app import Service
from tests.databases import NOON
from tests.web.moderators.conftest import Desk, author, comment, report


@pytest.fixture
def ada(service: Service, site: int) -> Desk:
    service.add_moderator("Ada", sites=["horizons"], role="admin")
    return Desk(service, "Ada").sign_in()


def test_a_history_shows_the_present_text_first_and_the_changes_as_prose(
    desk: Desk, service: Service, site: int
) -> None:
    waiting = comment(service, site, body="The old words stand here.", revision=2)
    service.write(lambda s: s.add(_revision(waiting, 2, "The new words stand here.")))
    report(service, waiting, "abuse", "Not nice.")
    desk.decide(f"horizons/{waiting}/2/pending", "reject", reason="abuse")
    page = desk.get(f"comments/{waiting}").text
    assert page.index("The new words stand here.") < page.index("<del>old</del>")
    assert "<ins>new</ins>" in page
    assert "Not nice." in page
    assert "by Mara, revision 2" in page
    assert "Answers the report." in page
    assert "Log unbroken to row 1" in page


def test_a_database_that_is_away_is_said_in_a_page(
    desk: Desk, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(queues, "counts", away)
    page = desk.get()
    assert page.status_code == 503
    assert "The database cannot be reached just now." in page.text
    assert page.headers["Retry-After"] == "1"
    assert "Content-Security-Policy" in page.headers


def test_a_decision_can_be_undone_from_the_history(desk: Desk, service: Service, site: int) -> None:
    waiting = comment(service, site)
    desk.decide(f"horizons/{waiting}/1/pending")
    assert "Undo the approval" in desk.get(f"comments/{waiting}").text
    answer = desk.send("reversals", decision=_only_decision(service), back=waiting)
    page = desk.client.get(answer.location).text
    assert f"/comments/{waiting}" in answer.location
    assert "Undone" in page
    assert "Undo the approval" not in page


def test_the_log_lists_decisions_with_rows_and_hashes(desk: Desk, service: Service, site: int) -> None:
    waiting = comment(service, site)
    desk.decide(f"horizons/{waiting}/1/pending", "reject", reason="other", note="As agreed.")
    page = desk.get("log").text
    digits = service.write(lambda s: s.query(Decision).one().hash.hex())[:6]
    for words in ("Rejected", "for another reason", "Mara", "As agreed.", digits, "Log unbroken to row 1"):
        assert words in page


def test_a_decision_is_found_by_the_number_that_an_objection_names(
    desk: Desk, service: Service, site: int, other_site: int
) -> None:
    waiting, elsewhere = comment(service, site), comment(service, other_site)
    desk.decide(f"horizons/{waiting}/1/pending", "reject", reason="abuse")
    service.write(lambda session: _decide(session, other_site, elsewhere))
    ours, theirs = service.write(
        lambda session: list(session.scalars(select(Decision.id).order_by(Decision.id)))
    )
    assert desk.get("log", decision=ours).location == f"/moderate/comments/{waiting}"
    for number in (theirs, 10**17, "x", "-1"):
        assert f"There is no decision {number} on your sites." in desk.get("log", decision=number).text


def _decide(session: Session, site_id: int, comment_id: int) -> None:
    items = [moderation.Item(comment_id, 1, "pending", "approve")]
    moderation.decide(session, site_id=site_id, moderator_id=1, items=items)


def test_a_log_that_was_altered_is_called_broken(desk: Desk, service: Service, site: int) -> None:
    waiting = comment(service, site)
    desk.decide(f"horizons/{waiting}/1/pending")
    service.write(lambda s: setattr(s.query(Decision).one(), "action", "spam"))
    assert "Log broken at row 1" in desk.get("log").text


def test_an_author_is_banned_from_the_card_and_the_ban_is_lifted(
    desk: Desk, service: Service, site: int
) -> None:
    waiting = comment(service, site, author_id=author(service, site))
    form: dict[str, Any] = {
        "site": "horizons",
        "comment": waiting,
        "kind": "author",
        "days": 7,
        "reason": "Adverts.",
    }
    answer = desk.send("bans", **form, queue="pending", only="horizons")
    back = desk.client.get(answer.location).text
    assert f'data-card="{waiting}"' in back
    assert "Wren is banned until" in back
    page = desk.get("bans").text
    for words in ("Wren", "Adverts.", "by Mara"):
        assert words in page
    ban = page.split("/moderate/bans/")[1].split("/")[0]
    page = desk.client.get(desk.send(f"bans/{ban}/lift", site="horizons").location).text
    assert "Nobody is banned" in page
    assert desk.send(f"bans/{ban}/lift", site="horizons").status_code == 404


def test_a_ban_needs_a_reason_and_a_sensible_time(desk: Desk, service: Service, site: int) -> None:
    waiting = comment(service, site, author_id=author(service, site))
    form: dict[str, Any] = {
        "site": "horizons",
        "comment": waiting,
        "kind": "author",
        "days": 7,
        "reason": "Adverts.",
    }
    for changed in ({"reason": " "}, {"days": -1}, {"days": 10**9}, {"kind": "planet"}):
        assert desk.send("bans", **{**form, **changed}).status_code == 422, changed
    assert desk.send("bans", **{**form, "comment": 10**9}).status_code == 404


def test_a_threads_mode_is_changed(desk: Desk, service: Service, site: int) -> None:
    comment(service, site, slug="tarn")
    answer = desk.send("threads", site="horizons", slug="tarn", mode="closed", slow_seconds=30)
    page = desk.client.get(answer.location).text
    assert '<option value="closed" selected>' in page
    assert service.write(lambda s: _thread(s)) == ("closed", 30)


def test_a_thread_closes_at_a_time(desk: Desk, service: Service, site: int) -> None:
    comment(service, site, slug="tarn")
    form = {"site": "horizons", "slug": "tarn", "closes_at": "2031-12-24T18:00", "title": "The tarn"}
    page = desk.client.get(desk.send("threads", **form).location).text
    assert 'value="2031-12-24T18:00"' in page
    assert "The tarn" in page
    assert desk.send("threads", **{**form, "closes_at": "Christmas"}).status_code == 422
    desk.send("threads", **{**form, "closes_at": ""})
    assert service.write(lambda s: s.query(Thread).one().closes_at) is None


def test_an_admin_moves_a_thread(ada: Desk, service: Service, site: int) -> None:
    comment(service, site, slug="tarn")
    answer = ada.send("threads/moves", site="horizons", slug="tarn", to="fells/tarn")
    page = ada.client.get(answer.location).text
    assert "The thread is moved." in page
    assert "was tarn" in page
    assert ada.send("threads/moves", site="horizons", slug="nowhere", to="x").status_code == 404


def test_an_admin_drops_an_old_slug(ada: Desk, service: Service, site: int) -> None:
    comment(service, site, slug="tarn")
    ada.send("threads/moves", site="horizons", slug="tarn", to="fells/tarn")
    assert 'name="alias" value="tarn"' in ada.get("threads").text
    answer = ada.send("threads/aliases/removal", site="horizons", slug="fells/tarn", alias="tarn")
    page = ada.client.get(answer.location).text
    assert "The old slug is dropped." in page
    assert "was tarn" not in page
    assert ada.send("threads/aliases/removal", site="horizons", alias="fells/tarn").status_code == 404


def test_a_moderator_drops_no_slugs(desk: Desk, service: Service, site: int) -> None:
    assert desk.send("threads/aliases/removal", site="horizons", alias="tarn").status_code == 403


def test_every_setting_has_its_place_on_the_page() -> None:
    placed = [name for names in settings.GROUPS.values() for name in names]
    assert sorted(placed) == sorted(KEYS)


def test_the_figures_count_what_was_decided(desk: Desk, service: Service, site: int) -> None:
    desk.decide(f"horizons/{comment(service, site)}/1/pending", "reject", reason="abuse")
    page = desk.get("figures").text
    assert "<dt>decision</dt><dd>1</dd>" in page
    assert '<th scope="row">Abuse</th>' in page
    assert desk.get("figures", days=9).status_code == 400


def test_the_log_is_a_file(desk: Desk, service: Service, site: int) -> None:
    desk.decide(f"horizons/{comment(service, site)}/1/pending")
    for ending in ("csv", "jsonl"):
        answer = desk.get("log/export", site="horizons", format=ending)
        assert f"decisions-horizons.{ending}" in answer.headers["Content-Disposition"]
        assert "Mara" in answer.text
    assert desk.get("log/export", site="horizons", format="pdf").status_code == 404


def test_whole_word_lists_can_be_saved(ada: Desk, service: Service) -> None:
    words = [f"forbidden-{number}" for number in range(10_000)]
    answer = ada.send("settings", site="horizons", words_held="\r\n".join(words))
    assert answer.status_code == 303, answer.text
    assert service.write(lambda s: s.query(Site).one().policy)["words_held"] == words
    assert ada.send("bans", reason="x" * 100_000).status_code == 413


def test_who_sends_more_than_all_word_lists_is_told_how_much_may_be_sent(ada: Desk) -> None:
    answer = ada.send("settings", site="horizons", words_held="x" * (1024 * 1024 + 1))
    assert answer.status_code == 413
    assert "larger than 1024 kB" in answer.text


def test_a_thread_is_not_made_by_changing_it(desk: Desk, service: Service, site: int) -> None:
    assert desk.send("threads", site="horizons", slug="unheard", mode="closed").status_code == 404
    assert desk.send("threads", site="horizons", slug="\x00", mode="closed").status_code == 422


def test_threads_are_found_by_slug(desk: Desk, service: Service, site: int) -> None:
    comment(service, site, slug="tarn")
    comment(service, site, slug="100%")
    page = desk.get("threads", title="100%").text
    assert "100%" in page
    assert "tarn" not in page


def test_an_admin_changes_the_settings_of_the_site(ada: Desk, service: Service) -> None:
    page = ada.get("settings").text
    assert "Words that are held" in page
    form = {"site": "horizons", "mode": "premoderated", "words_held": "clowns\r\nstitch-up", "links_max": "5"}
    answer = ada.send("settings", **form)
    assert "The settings are saved." in ada.client.get(answer.location).text
    policy = service.write(lambda s: s.query(Site).one().policy)
    assert policy["mode"] == "premoderated"
    assert policy["words_held"] == ["clowns", "stitch-up"]
    assert policy["links_max"] == 5
    assert policy["origins"] == ["https://news.example"]


def test_settings_that_cannot_be_are_named_and_nothing_is_saved(ada: Desk, service: Service) -> None:
    answer = ada.send("settings", site="horizons", mode="premoderated", links_max="many", origins="nowhere")
    assert answer.status_code == 422
    assert "2 of the settings are not valid" in answer.text
    assert "is not an origin" in answer.text
    assert 'value="many"' in answer.text
    assert "mode" not in service.write(lambda s: s.query(Site).one().policy)


def test_an_admin_of_one_site_is_none_on_another(ada: Desk, service: Service, other_site: int) -> None:
    service.add_moderator("Ada", sites=["harbour"])
    assert ada.get("settings", site="harbour").status_code == 403
    assert ada.send("settings", site="harbour", mode="closed").status_code == 403


def _revision(comment_id: int, number: int, body: str) -> Revision:
    return Revision(
        comment_id=comment_id,
        revision=number,
        body=body,
        html=body,
        policy_version=1,
        salt=bytes(16),
        created_at=NOON,
    )


def _only_decision(service: Service) -> int:
    return int(service.write(lambda s: s.query(Decision).one().id))


def _thread(session: Any) -> tuple[str | None, int]:
    thread = session.query(Thread).one()
    return thread.mode, thread.slow_seconds


def test_the_desk_of_a_service_without_sites_says_so(service: Service) -> None:
    service.add_moderator("Ada", sites=None, role="admin")
    ada = Desk(service, "Ada").sign_in()
    answers = {path: ada.get(path).status_code for path in ("", "threads", "log", "bans")}
    assert answers == {"": 200, "threads": 200, "log": 404, "bans": 404}
