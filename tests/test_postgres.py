"""Connections that notice a PostgreSQL that hangs."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from comments_service import postgres
from tests.server.running import wait_for
from tests.servers.postgres import Postgres

# What a busy machine may add to a bound of a second or two.
ROOM_SECONDS = 4.0


def test_a_server_that_hangs_is_noticed_and_nobody_waits_for_it(
    hanging: Postgres, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "QUIET_SECONDS", 0.2)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        hanging.hang()
        began = time.monotonic()
        with pytest.raises(OperationalError, match="does not answer"):
            connection.execute(text("SELECT 1"))
        noticed = time.monotonic() - began
    assert postgres.QUIET_SECONDS <= noticed < postgres.QUIET_SECONDS + ROOM_SECONDS

    times = [refused(engine) for _ in range(50)]
    assert sorted(times)[len(times) // 2] < postgres.KNOCK_SECONDS, "only now and then somebody knocks"
    hanging.resume()
    wait_for_answer(engine)


def test_a_stuck_process_of_a_server_that_answers_is_given_up_later_or_never(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "QUIET_SECONDS", 0.1)
    with engine.connect() as connection:
        monkeypatch.setattr(postgres.Watched, "longest", 0.3)
        with pytest.raises(OperationalError, match="does not answer"):
            connection.execute(text("SELECT pg_sleep(20)"))
    monkeypatch.undo()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
        postgres.be_patient(connection)
        assert connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar() == "0"
        # What it would be, had nobody asked for patience.
        monkeypatch.setattr(postgres, "QUIET_SECONDS", 0.1)
        monkeypatch.setattr(postgres.Watched, "longest", 0.3)
        connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": 0.6})


def test_tidying_up_after_a_lost_connection_is_no_error(engine: Engine) -> None:
    session = Session(engine)
    lost = session.execute(text("SELECT pg_backend_pid()")).scalar()
    with engine.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": lost})
    session.close()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1


def test_a_server_that_hangs_from_the_first_is_not_waited_for_by_all(
    hanging: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who comes later than that knocks anew, as on a busy machine the second might.
    monkeypatch.setattr(postgres, "AGAIN_SECONDS", 3.0)
    engine = watched(hanging)
    hanging.hang()
    refused(engine)
    assert refused(engine) < 1
    hanging.resume()
    wait_for_answer(engine)
    engine.dispose()


def test_a_server_that_is_silent_where_it_was_is_found_where_it_is(engine: Engine) -> None:
    parameters = dict(engine.dialect.create_connect_args(engine.url)[1])
    server = postgres.Server()
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        server.connect(**parameters).close()
        server._place = mute.getsockname()
        assert not server.is_there()
        with pytest.raises(psycopg.OperationalError, match="does not answer"):
            server.connect(**parameters)
        wait_for(lambda: connects(server, parameters))
    assert server.is_there()


def test_each_host_is_looked_up_and_keeps_its_door(addresses: dict[str, list[str]]) -> None:
    addresses["db.example"] = ["192.0.2.1", "192.0.2.2"]
    given = {"host": "db.example,nobody.example,127.0.0.9", "port": "5433,5434,5435", "dbname": "comments"}
    assert postgres.found(given) == {
        "host": "db.example,db.example,127.0.0.9",
        "hostaddr": "192.0.2.1,192.0.2.2,127.0.0.9",
        "port": "5433,5433,5435",
        "dbname": "comments",
    }
    assert postgres.found({"host": "db.example"}) == {
        "host": "db.example,db.example",
        "hostaddr": "192.0.2.1,192.0.2.2",
        "port": None,
    }


@pytest.mark.parametrize("given", [{}, {"host": "/run/postgresql"}, {"host": "db", "hostaddr": "192.0.2.1"}])
def test_what_names_no_host_to_look_up_stays_as_it_is(given: dict[str, str]) -> None:
    assert postgres.found(given) == given


def test_a_name_that_nobody_knows_is_no_server(addresses: dict[str, list[str]]) -> None:
    with pytest.raises(psycopg.OperationalError, match="PostgreSQL is not found"):
        postgres.found({"host": "nobody.example", "port": 5432})


def connects(server: postgres.Server, parameters: dict[str, Any]) -> bool:
    try:
        server.connect(**parameters).close()
    except psycopg.OperationalError:
        return False
    return True


def refused(engine: Engine) -> float:
    """The seconds until a connection and a question fail."""
    began = time.monotonic()
    with pytest.raises(OperationalError), engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return time.monotonic() - began


def wait_for_answer(engine: Engine, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with engine.connect() as connection:
                assert connection.execute(text("SELECT 1")).scalar() == 1
                return
        except OperationalError:
            assert time.monotonic() < deadline


def watched(server: Postgres) -> Engine:
    url = server.url("postgres")
    engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 2})
    postgres.watch(engine)
    return engine


@pytest.fixture
def engine(postgres: Postgres) -> Iterator[Engine]:
    """A watched engine."""
    made = watched(postgres)
    yield made
    made.dispose()


@pytest.fixture
def hanging(postgres: Postgres) -> Iterator[Postgres]:
    """A PostgreSQL that the test may stop; it goes on at the end."""
    yield postgres
    postgres.resume()
