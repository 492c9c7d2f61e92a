"""The door: one-time links, the session's cookie, signing out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from comments_service import clock, people
from comments_service.config import Settings
from comments_service.web.moderators.access import COOKIE
from tests.app import Service
from tests.web.moderators.conftest import OURS, Desk


@pytest.fixture
def mara(service: Service, site: int) -> Desk:
    service.add_moderator("Mara Lindqvist", sites=["horizons"])
    return Desk(service, "Mara Lindqvist")


def test_a_link_shows_a_button_first_and_uses_nothing_up(mara: Desk) -> None:
    token = mara.link()
    for _ in range(3):
        page = mara.get("sign-in", token=token)
        assert page.status_code == 200
        assert "Sign in as Mara Lindqvist" in page.text
        assert "Horizons" in page.text
        assert "Set-Cookie" not in page.headers
    assert mara.send("sign-in", token=token, csrf=None).status_code == 303


def test_the_button_signs_in_and_leads_to_the_queue(mara: Desk) -> None:
    answer = mara.send("sign-in", token=mara.link(), csrf=None)
    assert answer.location == "/moderate/"
    page = mara.get()
    assert page.status_code == 200
    assert "Mara Lindqvist" in page.text


def test_signing_in_never_adopts_a_planted_session(mara: Desk) -> None:
    mara.client.set_cookie(COOKIE, "planted")
    mara.sign_in()
    assert mara.get().status_code == 200
    mara.client.set_cookie(COOKIE, "planted")
    assert mara.get().status_code == 401


def test_a_link_works_once(mara: Desk) -> None:
    token = mara.link()
    mara.send("sign-in", token=token, csrf=None)
    again = mara.send("sign-in", token=token, csrf=None)
    assert again.status_code == 410
    assert "This link does not work" in again.text
    assert mara.get("sign-in", token=token).status_code == 410


def test_a_link_expires(mara: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    token = mara.link()
    later = clock.now() + people.LINK_LIFETIME + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert mara.get("sign-in", token=token).status_code == 410
    assert mara.send("sign-in", token=token, csrf=None).status_code == 410


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 5000, "\x00"])
def test_a_wrong_link_is_refused_without_a_name(mara: Desk, token: str) -> None:
    page = mara.get("sign-in", token=token)
    assert page.status_code == 410
    assert "Mara" not in page.text


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://127.0.0.1:8001"])
def test_signing_in_from_elsewhere_is_refused_and_leaves_the_link_good(
    mara: Desk, origin: str | None
) -> None:
    token = mara.link()
    assert mara.send("sign-in", token=token, csrf=None, origin=origin).status_code == 403
    assert mara.send("sign-in", token=token, csrf=None).status_code == 303


def test_the_page_with_the_token_tells_no_referrer(mara: Desk) -> None:
    page = mara.get("sign-in", token=mara.link())
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert page.headers["Cache-Control"] == "no-store"
    assert "http" not in page.text.replace("http-equiv", "")


def test_the_cookie_is_strict_and_hidden_from_scripts(mara: Desk) -> None:
    cookie = mara.send("sign-in", token=mara.link(), csrf=None).headers["Set-Cookie"]
    assert cookie.startswith("comments_session=")
    assert {"HttpOnly", "Path=/", "SameSite=Strict"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_over_https_the_cookie_is_bound_to_the_host(settings: Settings) -> None:
    service = Service(replace(settings, public_url="https://comments.example"))
    try:
        service.add_site()
        service.add_moderator("Mara", sites=["horizons"])
        mara = Desk(service, "Mara")
        answer = mara.send("sign-in", token=mara.link(), csrf=None, origin="https://comments.example")
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-comments_session=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= set(cookie.split("; "))
        assert mara.send("sign-in", token=mara.link(), csrf=None, origin=OURS).status_code == 403
    finally:
        service.close()


def test_sign_ins_are_limited(settings: Settings) -> None:
    service = Service(replace(settings, limit_sign_in="2 per year"))
    try:
        desk = Desk(service, "Mara")
        answers = [desk.send("sign-in", token="guess", csrf=None) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [410, 410, 429]
        assert int(answers[-1].headers["Retry-After"]) > 0
    finally:
        service.close()


def test_nobody_sees_a_page_without_signing_in(mara: Desk) -> None:
    for path in ("", "cards/1", "comments/1", "log", "bans", "threads", "settings"):
        page = mara.get(path)
        assert page.status_code == 401, path
        assert "You are not signed in" in page.text


def test_signing_out_ends_the_session(mara: Desk) -> None:
    mara.sign_in()
    cookie = mara.client.get_cookie("comments_session")
    assert cookie is not None
    assert mara.send("sign-out").status_code == 200
    assert mara.get().status_code == 401
    mara.client.set_cookie("comments_session", cookie.value)
    assert mara.get().status_code == 401


def test_a_removed_person_is_out_at_once(mara: Desk, service: Service) -> None:
    mara.sign_in()
    service.write(lambda session: people.remove(session, "Mara Lindqvist"))
    assert mara.get().status_code == 401
