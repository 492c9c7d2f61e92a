"""Sites: added once, found by key, with a policy that keeps only what differs."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy.orm import Session

from comments_service import clock, sites
from comments_service.db import Database
from comments_service.errors import Conflict, Invalid, NotFound
from comments_service.models.policy import Policy

ORIGIN = "https://news.example"


@pytest.fixture
def horizons(database: Database) -> str:
    database.write(lambda session: sites.add(session, key="horizons", name="Horizons", origins=[ORIGIN]))
    return "horizons"


def policy(database: Database, key: str) -> Policy:
    return database.write(lambda session: Policy.of(sites.by_key(session, key)))


def test_a_site_is_found_by_its_key_and_listed(database: Database, horizons: str) -> None:
    database.write(lambda session: sites.add(session, key="fells", name="Fells", origins=[]))
    found = database.write(lambda session: sites.by_key(session, horizons).name)
    keys = database.write(lambda session: [site.key for site in sites.listed(session)])
    assert found == "Horizons"
    assert keys == ["fells", "horizons"]


@pytest.mark.parametrize("key", ["a", "-ab", "Ab", "a_b", "a" * 41, "ab\n", ""])
def test_a_bad_key_is_refused(database: Database, key: str) -> None:
    with pytest.raises(Invalid):
        database.write(lambda session: sites.add(session, key=key, name="x", origins=[]))


@pytest.mark.parametrize("key", ["ab", "0-", "a" * 40])
def test_keys_at_the_limits_are_taken(database: Database, key: str) -> None:
    database.write(lambda session: sites.add(session, key=key, name="x", origins=[]))
    assert database.write(lambda session: sites.by_key(session, key).key) == key


def test_a_key_is_taken_once(database: Database, horizons: str) -> None:
    with pytest.raises(Conflict):
        database.write(lambda session: sites.add(session, key=horizons, name="x", origins=[]))


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\nb"])
def test_a_bad_name_is_refused(database: Database, name: str) -> None:
    with pytest.raises(Invalid):
        database.write(lambda session: sites.add(session, key="ab", name=name, origins=[]))


def test_a_bad_origin_is_refused(database: Database) -> None:
    with pytest.raises(Invalid):
        database.write(lambda session: sites.add(session, key="ab", name="x", origins=["news.example"]))


def test_an_unknown_key_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound):
        database.write(lambda session: sites.by_key(session, "nowhere").id)
    with pytest.raises(NotFound):
        database.write(lambda session: sites.set_policy(session, "nowhere", {"mode": "first"}))


def test_only_what_differs_from_the_defaults_is_kept(database: Database, horizons: str) -> None:
    database.write(lambda session: sites.set_policy(session, horizons, {"mode": "first", "links_max": 2}))
    kept = database.write(lambda session: sites.by_key(session, horizons).policy)
    assert kept == {"origins": [ORIGIN], "mode": "first"}


def test_changes_are_merged_and_none_resets_a_key(database: Database, horizons: str) -> None:
    database.write(lambda session: sites.set_policy(session, horizons, {"mode": "first"}))
    database.write(lambda session: sites.set_policy(session, horizons, {"words_held": ["casino"]}))
    assert policy(database, horizons) == Policy(mode="first", words_held=("casino",), origins=(ORIGIN,))
    database.write(lambda session: sites.set_policy(session, horizons, {"mode": None}))
    assert policy(database, horizons) == Policy(words_held=("casino",), origins=(ORIGIN,))


def test_a_bad_change_changes_nothing(database: Database, horizons: str) -> None:
    before = database.write(lambda session: sites.by_key(session, horizons).version)
    for changes in ({"mode": "first", "links_max": -1}, {"mode": "first", "unknown": None}):
        with pytest.raises(Invalid):
            database.write(partial(sites.set_policy, site_key=horizons, changes=changes))
    assert policy(database, horizons) == Policy(origins=(ORIGIN,))
    assert database.write(lambda session: sites.by_key(session, horizons).version) == before


def test_every_change_raises_the_version_even_when_the_clock_stands(
    database: Database, horizons: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)

    def change(session: Session) -> int:
        sites.set_policy(session, horizons, {"mode": "first"})
        return sites.by_key(session, horizons).version

    first, second = database.write(change), database.write(change)
    assert first >= clock.microseconds(moment)
    assert second == first + 1
