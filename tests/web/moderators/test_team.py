"""People and their ways in: who sees them, who ends them."""

from __future__ import annotations

import pytest

from comments_service import people
from tests.app import Service
from tests.web.moderators.conftest import Desk


@pytest.fixture
def ada(service: Service, site: int) -> Desk:
    """An admin of Horizons."""
    service.add_moderator("Ada", sites=["horizons"], role="admin")
    return Desk(service, "Ada").sign_in()


def number_of(service: Service, name: str) -> int:
    return int(service.write(lambda s: next(one.id for one in people.listed(s) if one.name == name)))


def test_people_see_and_end_their_own_ways_in(desk: Desk, service: Service) -> None:
    phone = Desk(service, "Mara").sign_in()
    mara = number_of(service, "Mara")
    page = desk.get("you").text
    assert page.count("<b>This device") == 1
    assert page.count("<b>A device") == 1
    assert "never used" in page
    own = page.split("This device")[1].split('name="session" value="')[1].split('"')[0]
    phone.send(f"people/{mara}/sessions/end", session=own)
    assert (phone.get().status_code, desk.get().status_code) == (200, 401)


def test_signing_out_everywhere_ends_all_of_ones_sessions(desk: Desk, service: Service) -> None:
    phone = Desk(service, "Mara").sign_in()
    desk.send(f"people/{number_of(service, 'Mara')}/sessions/end")
    assert (desk.get().status_code, phone.get().status_code) == (401, 401)


def test_an_admin_revokes_signs_out_and_removes(ada: Desk, service: Service) -> None:
    token = service.add_moderator("Per", sites=["horizons"])
    per = Desk(service, "Per").sign_in()
    number = number_of(service, "Per")
    page = ada.get("people").text
    assert "moderator of Horizons" in page
    issued = page.split('name="token" value="')[-1].split('"')[0]
    assert "The token is revoked." in follow(ada, f"people/{number}/tokens/end", token=issued)
    bearer = {"Authorization": f"Bearer {token}"}
    answer = service.client.get("/api/v1/sites/horizons/moderation/queues", headers=bearer)
    assert answer.status_code == 401
    assert "Signed out." in follow(ada, f"people/{number}/sessions/end")
    assert per.get().status_code == 401
    assert "The person is removed" in follow(ada, f"people/{number}/removal")
    assert "Per" not in ada.get("people").text


def test_nobody_ends_the_ways_in_of_those_above_or_elsewhere(
    ada: Desk, service: Service, other_site: int
) -> None:
    service.add_moderator("Root", role="admin")
    service.add_moderator("Outsider", sites=["harbour"])
    service.add_moderator("Both", sites=["horizons", "harbour"])
    page = ada.get("people").text
    assert "admin of all sites" in page
    assert "1 site elsewhere" in page
    assert "Outsider" not in page
    for name, status in (("Root", 403), ("Both", 403), ("Outsider", 404), ("Ada", 403)):
        assert ada.send(f"people/{number_of(service, name)}/removal").status_code == status, name
    mara = Desk(service, "Both").sign_in()
    assert mara.send(f"people/{number_of(service, 'Ada')}/sessions/end").status_code == 404
    assert mara.send(f"people/{number_of(service, 'Both')}/tokens/end", token="1").status_code == 404


def follow(desk: Desk, path: str, **form: str) -> str:
    answer = desk.send(path, **form)
    assert answer.status_code == 303, answer.text
    return str(desk.client.get(answer.location).text)
