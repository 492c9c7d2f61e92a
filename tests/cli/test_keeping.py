"""`purge`, `doctor` and `serve`: what keeps a service going."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from comments_service.cli import serving
from comments_service.models import Comment, Revision
from tests.cli.running import SECRET, Shell
from tests.databases import NOON, add_comment, add_site, add_thread, open_database
from tests.servers.ports import free_port


def withdraw_one(shell: Shell) -> None:
    with open_database(shell.url) as database:
        site = database.write(lambda session: add_site(session, "becks"))
        database.write(
            lambda session: add_comment(
                session, add_thread(session, site), status="withdrawn", withdrawn_at=NOON
            )
        )


@pytest.fixture
def fresh(nothing: Shell) -> Shell:
    nothing.done("db", "upgrade")
    return nothing


def test_purge_says_what_it_erased_and_how_far_it_is(fresh: Shell) -> None:
    withdraw_one(fresh)
    ended = fresh.run("purge")
    assert ended.code == 0
    assert ended.out.startswith("Erased 1 withdrawn comments, ")
    assert "Forgetting addresses ..." in ended.err
    assert fresh.done("purge").startswith("Erased 0 withdrawn comments, ")


def test_the_hourly_purge_reads_its_settings_itself(fresh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    withdraw_one(fresh)
    for name, value in fresh.settings().items():
        monkeypatch.setenv(name, value)
    serving.purge_hourly()
    assert fresh.done("purge").startswith("Erased 0 withdrawn comments, ")


def test_serve_refuses_a_busy_port(fresh: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}" in fresh.failed("serve", "--port", str(port))


@pytest.mark.parametrize("words", [["--port", "0"], ["--workers", "0"], ["--threads", "8"]], ids=" ".join)
def test_serve_refuses_numbers_it_cannot_serve_with(fresh: Shell, words: list[str]) -> None:
    assert words[0] in fresh.misused("serve", *words)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def is_erased(shell: Shell) -> bool:
    with open_database(shell.url) as database:
        return database.write(lambda session: session.query(Comment).count()) == 0


def wait_until(process: subprocess.Popen[str], claim: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not claim():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, claim
        time.sleep(0.05)


# The first purge waits until the start is over: a minute, or here no time.
SERVES = "from comments_service import cli, server; server.SETTLING_SECONDS = 0; cli.main()"


def test_serve_answers_purges_and_ends_when_told(fresh: Shell) -> None:
    withdraw_one(fresh)
    assert not is_erased(fresh)
    port = free_port()
    process = fresh.start_python("-c", SERVES, "serve", "--port", str(port), "--workers", "1")
    try:
        wait_until(process, lambda: answers(port))
        wait_until(process, lambda: is_erased(fresh))
        process.terminate()
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert "Traceback" not in err


def doctor(shell: Shell, **settings: str) -> list[str]:
    return shell.run("doctor", **settings).out.splitlines()


def has(lines: list[str], level: str, words: str) -> bool:
    return any(line.startswith(level.ljust(6)) and words in line for line in lines)


def test_the_doctor_finds_a_sound_service_sound(fresh: Shell) -> None:
    fresh.done("site", "add", "fells", "--origin", "https://fells.example")
    fresh.done("moderator", "add", "Ada", "--all-sites")
    # How quick and how full this machine is, is its own affair.
    lines = [line for line in doctor(fresh) if " ms." not in line and " MB free." not in line]
    lines = [line for line in lines if " lies in " not in line and " lent by " not in line]
    assert not has(lines, "warn", "")
    for words in ("synchronous=FULL", "is migrated", "Sites: fells", "Moderators: Ada"):
        assert has(lines, "ok", words), lines


def test_the_doctor_names_what_is_missing(fresh: Shell) -> None:
    lines = doctor(fresh)
    assert has(lines, "warn", "comments-service site add")
    assert has(lines, "warn", "comments-service moderator add")


def test_the_doctor_warns_of_a_site_that_no_page_may_post_to(fresh: Shell) -> None:
    fresh.done("site", "add", "fells", "--origin", "https://fells.example")
    fresh.done("site", "set", "fells", "origins=")
    assert has(doctor(fresh), "warn", "No page may post to fells")


def test_the_doctor_fails_without_a_migrated_database(nothing: Shell) -> None:
    assert "failed" in nothing.failed("doctor")
    assert has(doctor(nothing), "fail", "comments-service db upgrade")
    assert list(nothing.folder.iterdir()) == [], "looking changes nothing"
    nothing.file.parent.mkdir()
    nothing.file.touch(0o600)
    assert has(doctor(nothing), "fail", "at no migration")


def test_the_doctor_fails_when_the_database_is_away(tmp_path: Path) -> None:
    away = Shell(tmp_path, "postgresql://nobody@127.0.0.1:1/nothing")
    assert has(doctor(away), "fail", "cannot be reached")


def test_the_doctor_warns_of_an_open_public_address(fresh: Shell) -> None:
    lines = doctor(fresh, PUBLIC_URL="http://comments.example")
    assert has(lines, "warn", "not https")
    assert has(lines, "warn", "COMMENTS_TRUSTED_PROXIES is empty")
    lines = doctor(fresh, PUBLIC_URL="https://comments.example", TRUSTED_PROXIES="10.0.0.0/8")
    assert has(lines, "ok", "https://comments.example")
    assert has(lines, "ok", "10.0.0.0/8")
    assert has(doctor(fresh, PUBLIC_URL="http://localhost:80"), "ok", "is http://localhost.")


def test_the_doctor_fails_when_everybody_is_a_trusted_proxy(fresh: Shell) -> None:
    assert has(doctor(fresh, TRUSTED_PROXIES="0.0.0.0/0"), "fail", "believes everybody")


def test_the_doctor_warns_of_limits_that_are_off(fresh: Shell) -> None:
    lines = doctor(fresh, LIMIT_POST="off", LIMIT_VOTE="off")
    assert has(lines, "warn", "COMMENTS_LIMIT_POST, COMMENTS_LIMIT_VOTE")


def test_the_doctor_looks_at_who_may_read_secret_and_database(fresh: Shell) -> None:
    secret = fresh.folder / "secret"
    secret.write_text(SECRET)
    for mode, level in ((0o644, "fail"), (0o600, "ok")):
        secret.chmod(mode)
        lines = doctor(fresh, SECRET_KEY_FILE=str(secret))
        assert has(
            lines, level, f"COMMENTS_SECRET_KEY_FILE: {'others may read ' * (level == 'fail')}{secret}"
        )
    os.chmod(fresh.file, 0o644)
    assert has(doctor(fresh), "warn", "may read the database")


def test_render_shows_how_far_it_is_and_says_what_it_did(fresh: Shell) -> None:
    with open_database(fresh.url) as database:
        site = database.write(lambda session: add_site(session, "becks"))
        database.write(lambda session: add_comment(session, add_thread(session, site), body="*Lovely*."))
        database.write(lambda session: session.execute(update(Revision).values(policy_version=1)))
    ended = fresh.run("render")
    assert (ended.code, ended.out) == (0, "Rendered 1 texts again; 1 look different now.\n")
    assert "Rendering" in ended.err
    assert fresh.done("render").strip() == "Rendered 0 texts again; 0 look different now."
