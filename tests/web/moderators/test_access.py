"""What protects the pages: forms that are ours, GETs that change nothing, headers, roles."""

from __future__ import annotations

from sqlalchemy.orm import Session

from comments_service.models import Decision
from tests.app import Service
from tests.web.moderators.conftest import Desk, comment, status

FORMS = ("decisions", "reversals", "bans", "bans/1/lift", "threads", "settings", "sign-out")


def test_an_id_that_no_database_can_hold_is_not_found(desk: Desk) -> None:
    for number in (2**63, 10**30):
        assert desk.get(f"cards/{number}").status_code == 404
        assert desk.get(f"comments/{number}").status_code == 404
        assert desk.send(f"bans/{number}/lift", site="horizons").status_code == 404


def test_an_address_that_leads_nowhere_says_so_on_a_page(desk: Desk, service: Service) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path, status_, words in (
        ("nowhere", 404, "Back to the queue"),
        ("decisions", 405, "cannot be opened"),
    ):
        page = desk.client.get(f"/moderate/{path}", headers=browser)
        assert (page.status_code, page.mimetype) == (status_, "text/html")
        assert words in page.text
        assert "style-src 'self'" in page.headers["Content-Security-Policy"]
        asked = desk.client.get(f"/moderate/{path}", headers={"Accept": "application/json"})
        assert (asked.status_code, asked.mimetype) == (status_, "application/problem+json")
    assert "POST" in desk.client.get("/moderate/decisions", headers=browser).headers["Allow"]
    assert service.client.get("/api/v1/nowhere", headers=browser).mimetype == "application/problem+json"


def test_nul_is_refused_in_every_query_and_form(desk: Desk) -> None:
    assert [desk.get(path, q="a\0").status_code for path in ("", "threads", "bans")] == [422] * 3
    forms = [path for path in FORMS if path not in ("settings", "sign-out")]
    assert [desk.send(path, note="a\0").status_code for path in forms] == [422] * len(forms)


def test_a_referer_from_elsewhere_is_refused(desk: Desk) -> None:
    headers = {"Origin": "http://127.0.0.1:8000", "Referer": "https://evil.example/"}
    form = {"csrf": desk.csrf()}
    assert desk.client.post("/moderate/sign-out", data=form, headers=headers).status_code == 403


def test_pages_carry_a_strict_policy_and_are_kept_by_nobody(desk: Desk) -> None:
    page = desk.get()
    policy = page.headers["Content-Security-Policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert " style=" not in page.text
    assert " onclick=" not in page.text


def test_the_script_and_the_styles_have_names_that_never_change_meaning(desk: Desk) -> None:
    page = desk.get().text
    for name in ("moderators.", ".css", ".js"):
        assert name in page
    path = page.split('stylesheet" href="')[1].split('"')[0]
    answer = desk.client.get(path)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    again = desk.client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert desk.client.get("/moderate/static/moderators.css").status_code == 404
    assert desk.client.get("/moderate/static/..%2F__init__.py").status_code == 404


def test_a_moderator_cannot_see_or_change_settings(desk: Desk) -> None:
    assert desk.get("settings").status_code == 403
    assert desk.send("settings", site="horizons", mode="closed").status_code == 403
    assert "Settings" not in desk.get().text


def test_another_sites_comments_do_not_exist(desk: Desk, service: Service, other_site: int) -> None:
    foreign = comment(service, other_site, body="Not for Mara.", name="Outsider")
    assert "Outsider" not in desk.get().text
    assert "Outsider" not in desk.get(comment=foreign).text
    assert desk.get(f"cards/{foreign}").status_code == 404
    assert desk.get(f"comments/{foreign}").status_code == 404
    for site in ("harbour", "nowhere"):
        assert desk.get(site=site).status_code == 404
        assert desk.get("log", site=site).status_code == 404
        assert desk.decide(f"{site}/{foreign}/1/pending").status_code == 404
    # Under the name of one's own site it is as little there.
    assert "cannot+be" not in desk.decide(f"horizons/{foreign}/1/pending").location
    assert status(service, foreign) == "pending"


def test_another_sites_decision_cannot_be_undone(desk: Desk, service: Service, other_site: int) -> None:
    foreign = comment(service, other_site)
    service.add_moderator("Per", sites=["harbour"])
    per = Desk(service, "Per").sign_in()
    per.decide(f"harbour/{foreign}/1/pending")
    assert status(service, foreign) == "published"
    assert desk.send("reversals", decision=_latest_decision(service)).status_code == 404
    assert status(service, foreign) == "published"


def _latest_decision(service: Service) -> int:
    def newest(session: Session) -> int:
        return max(decision.id for decision in session.query(Decision))

    return int(service.write(newest))
