"""People: roles on sites, one-time links, sessions that end, tokens that are kept as hashes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from comments_service import clock, people, sites
from comments_service.db import Database
from comments_service.errors import Invalid, NotFound, Refused
from comments_service.identity import Signer
from comments_service.models import Grant, Moderator, SignInLink, SignInSession, Site, Token
from comments_service.people import Person
from tests.databases import NOON, SECRET

SIGNER = Signer(SECRET)
Later = Callable[[timedelta], None]


@pytest.fixture
def database(database: Database) -> Database:
    for key in ("fells", "horizons"):
        database.write(partial(sites.add, key=key, name=key, origins=[]))
    return database


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Pins the clock at noon, and moves it on."""
    now: list[datetime] = [NOON]
    monkeypatch.setattr(clock, "now", lambda: now[0])

    def move(by: timedelta) -> None:
        now[0] += by

    return move


def add(database: Database, name: str = "Ada", *keys: str, role: str = "moderator") -> None:
    database.write(lambda session: people.add(session, name=name, sites=keys or None, role=role))


def person(database: Database, name: str = "Ada") -> Person:
    return next(found for found in database.write(people.listed) if found.name == name)


def site_id(database: Database, key: str) -> int:
    return database.write(lambda session: session.scalars(select(Site.id).where(Site.key == key)).one())


def link(database: Database, name: str = "Ada") -> str:
    return database.write(lambda session: people.make_link(session, SIGNER, name))


def use(database: Database, secret: str) -> str:
    return database.write(lambda session: people.use_link(session, SIGNER, secret))


def signed_in(database: Database, secret: str) -> Person | None:
    return database.write(lambda session: people.person_of_session(session, SIGNER, secret))


def note_use(database: Database, secret: str) -> None:
    database.write(lambda session: people.note_session_use(session, SIGNER, secret))


def token(database: Database, name: str = "Ada") -> str:
    return database.write(lambda session: people.add_token(session, SIGNER, name))


def holder(database: Database, secret: str) -> Person | None:
    return database.write(lambda session: people.person_of_token(session, SIGNER, secret))


def test_a_role_on_one_site_is_none_on_another(database: Database) -> None:
    add(database, "Ada", "horizons")
    ada = person(database)
    assert ada.role_on(site_id(database, "horizons")) == "moderator"
    assert ada.role_on(site_id(database, "fells")) is None
    assert database.write(lambda session: [site.key for site in ada.sites(session)]) == ["horizons"]


def test_a_role_on_all_sites_holds_on_later_ones(database: Database) -> None:
    add(database)
    database.write(lambda session: sites.add(session, key="new", name="New", origins=[]))
    ada = person(database)
    assert ada.role_on(site_id(database, "new")) == "moderator"
    assert database.write(lambda session: [site.key for site in ada.sites(session)]) == [
        "fells",
        "horizons",
        "new",
    ]


def test_the_higher_of_two_roles_counts() -> None:
    assert Person(1, "Ada", {None: "moderator", 3: "admin"}).role_on(3) == "admin"
    assert Person(1, "Ada", {None: "admin", 3: "moderator"}).role_on(3) == "admin"
    assert Person(1, "Ada", {None: "moderator", 3: "admin"}).role_on(4) == "moderator"
    assert Person(1, "Ada", {}).role_on(3) is None


def test_adding_again_extends_and_changes_roles(database: Database) -> None:
    add(database, "Ada", "horizons")
    add(database, "Ada", "fells", "horizons", role="admin")
    add(database, "Ada")
    ada = person(database)
    assert ada.roles == {
        site_id(database, "horizons"): "admin",
        site_id(database, "fells"): "admin",
        None: "moderator",
    }
    assert len(database.write(people.listed)) == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x00b"])
def test_a_bad_name_is_refused(database: Database, name: str) -> None:
    with pytest.raises(Invalid):
        add(database, name)


def test_a_bad_role_no_site_and_an_unknown_site_are_refused(database: Database) -> None:
    with pytest.raises(Invalid):
        add(database, role="owner")
    with pytest.raises(Invalid):
        database.write(lambda session: people.add(session, name="Ada", sites=[], role="admin"))
    with pytest.raises(NotFound):
        add(database, "Ada", "horizons", "nowhere")
    assert database.write(people.listed) == []


def test_a_removed_person_is_nobody(database: Database) -> None:
    add(database)
    session_secret, token_secret = use(database, link(database)), token(database)
    link_secret = link(database)
    assert signed_in(database, session_secret)
    assert holder(database, token_secret)

    database.write(lambda session: people.remove(session, "Ada"))

    assert database.write(people.listed) == []
    assert signed_in(database, session_secret) is None
    assert holder(database, token_secret) is None
    assert database.write(lambda session: people.peek_link(session, SIGNER, link_secret)) is None
    with pytest.raises(Refused):
        use(database, link_secret)
    for act in (people.make_link, people.add_token):
        with pytest.raises(NotFound):
            database.write(partial(act, signer=SIGNER, name="Ada"))
    with pytest.raises(NotFound):
        database.write(lambda session: people.remove(session, "Ada"))


def test_a_person_looked_up_before_their_role_changed_is_refused(database: Database) -> None:
    def check(found: Person) -> None:
        database.write(partial(people.check_unchanged, person=found))

    add(database, "Ada", "horizons", role="admin")
    admin = person(database)
    check(admin)
    add(database, "Ada", "horizons", role="moderator")
    moderator = person(database)
    check(moderator)
    database.write(lambda session: people.remove(session, "Ada"))
    for old in (admin, moderator):
        with pytest.raises(Refused):
            check(old)


def test_who_comes_back_has_only_what_they_are_given_now(database: Database) -> None:
    add(database, role="admin")
    before, secret = person(database), token(database)
    database.write(lambda session: people.remove(session, "Ada"))
    add(database, "Ada", "horizons")
    assert person(database) == Person(before.id, "Ada", {site_id(database, "horizons"): "moderator"})
    assert holder(database, secret) is None


def test_a_link_is_good_once(database: Database) -> None:
    add(database)
    secret = link(database)
    assert signed_in(database, use(database, secret)) == person(database)
    with pytest.raises(Refused):
        use(database, secret)


def test_looking_at_a_link_uses_nothing_up(database: Database) -> None:
    add(database)
    secret = link(database)
    for _ in range(2):
        assert database.write(lambda session: people.peek_link(session, SIGNER, secret)) == person(database)
    use(database, secret)
    assert database.write(lambda session: people.peek_link(session, SIGNER, secret)) is None


def test_a_link_dies_after_fifteen_minutes(database: Database, later: Later) -> None:
    add(database)
    secret = link(database)
    later(timedelta(minutes=14, seconds=59))
    assert database.write(lambda session: people.peek_link(session, SIGNER, secret))
    later(timedelta(seconds=1))
    assert database.write(lambda session: people.peek_link(session, SIGNER, secret)) is None
    with pytest.raises(Refused):
        use(database, secret)


def test_a_new_link_kills_the_persons_older_ones_only(database: Database) -> None:
    add(database)
    add(database, "Ben")
    older, bens, newer = link(database), link(database, "Ben"), link(database)
    with pytest.raises(Refused):
        use(database, older)
    assert use(database, newer)
    assert use(database, bens)


def test_many_at_once_use_a_link_exactly_once(database: Database) -> None:
    add(database)
    secret = link(database)
    outcomes: list[str] = []

    def attempt() -> None:
        try:
            use(database, secret)
            outcomes.append("in")
        except Refused:
            outcomes.append("refused")

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in"] + ["refused"] * 5


def test_a_session_ends_twelve_hours_after_its_last_use(database: Database, later: Later) -> None:
    add(database)
    secret = use(database, link(database))
    later(timedelta(hours=11))
    note_use(database, secret)
    later(timedelta(hours=11, minutes=59))
    assert signed_in(database, secret)
    later(timedelta(minutes=1))
    assert signed_in(database, secret) is None
    note_use(database, secret)
    assert signed_in(database, secret) is None, "noting a use wakes no dead session"


def test_a_session_ends_after_seven_days_however_busy(database: Database, later: Later) -> None:
    add(database)
    secret = use(database, link(database))
    for _ in range(14):
        later(timedelta(hours=11, minutes=59))
        assert signed_in(database, secret)
        note_use(database, secret)
    later(timedelta(minutes=14))
    assert signed_in(database, secret) is None


def test_signing_out_ends_that_session_only(database: Database) -> None:
    add(database)
    one, other = use(database, link(database)), use(database, link(database))
    database.write(lambda session: people.end_session(session, SIGNER, one))
    assert signed_in(database, one) is None
    assert signed_in(database, other)


def test_a_sessions_use_is_noted_once_a_minute(database: Database, later: Later) -> None:
    add(database)
    secret = use(database, link(database))

    def due(session: Session) -> bool:
        return people.session_use_is_due(session, SIGNER, secret)

    assert not database.write(due)
    later(timedelta(minutes=1))
    assert database.write(due)
    note_use(database, secret)
    assert not database.write(due)
    assert not database.write(lambda session: people.session_use_is_due(session, SIGNER, "unknown"))


def test_a_token_is_good_until_it_is_revoked(database: Database) -> None:
    add(database)
    secret, other = token(database), token(database)
    assert holder(database, secret) == person(database)
    number = database.write(people.tokens)[0].id
    for _ in range(2):
        database.write(lambda session: people.revoke_token(session, number))
    assert holder(database, secret) is None
    assert holder(database, other)
    assert holder(database, "unknown") is None
    with pytest.raises(NotFound):
        database.write(lambda session: people.revoke_token(session, 999))


def test_a_tokens_use_is_noted_once_a_minute(database: Database, later: Later) -> None:
    add(database)
    secret = token(database)

    def due(session: Session) -> bool:
        return people.token_use_is_due(session, SIGNER, secret)

    def note() -> datetime | None:
        database.write(lambda session: people.note_token_use(session, SIGNER, secret))
        return database.write(people.tokens)[0].last_used_at

    assert database.write(due)
    assert note() == NOON
    assert not database.write(due)
    later(timedelta(seconds=59))
    assert note() == NOON
    later(timedelta(seconds=1))
    assert database.write(due)
    assert note() == NOON + timedelta(minutes=1)
    assert not database.write(lambda session: people.token_use_is_due(session, SIGNER, "unknown"))


def test_secrets_are_kept_as_hashes_only(database: Database) -> None:
    add(database)
    first, api = link(database), token(database)
    cookie = use(database, first)
    with Session(database.writer) as session:
        stored = [session.scalars(select(model.hash)).one() for model in (SignInLink, Token, SignInSession)]
    assert stored == [SIGNER.token(secret) for secret in (first, api, cookie)]
    assert len({first, api, cookie}) == 3
    assert all(len(secret) >= 43 for secret in (first, api, cookie))


def test_a_removed_persons_row_stays_for_the_log(database: Database) -> None:
    add(database)
    database.write(lambda session: people.remove(session, "Ada"))
    with Session(database.writer) as session:
        assert session.scalars(select(Moderator.name)).all() == ["Ada"]
        assert session.scalars(select(Grant)).all() == []


def test_a_links_secret_stands_in_the_query() -> None:
    assert people.link_address("https://c.example", "s3") == "https://c.example/moderate/sign-in?token=s3"
