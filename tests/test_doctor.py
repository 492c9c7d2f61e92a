"""The doctor's looks at settings, limits, disk, database and widget; `test_keeping` asks it as people do."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from comments_service import clock, doctor
from comments_service.config import Settings
from comments_service.doctor import FAIL, OK, WARN, Finding, configured, machine, stored, widget
from comments_service.doctor.addresses import shown
from comments_service.doctor.finding import timed
from comments_service.models import DayKey
from comments_service.web import address
from tests.app import Service
from tests.databases import SECRET, add_comment, add_site, add_thread, open_database

SCRIPT = b"customElements.define('comments-thread', Thread)"


def integrity(content: bytes) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A folder with a built widget."""
    (tmp_path / "v1.js").write_bytes(SCRIPT)
    (tmp_path / "v1.json").write_text(json.dumps({"hash": "abc", "integrity": integrity(SCRIPT)}))
    return tmp_path


def looked(**settings: str) -> list[Finding]:
    given = {"DATABASE_URL": "sqlite:////nowhere/comments.db", "SECRET_KEY": SECRET.decode(), **settings}
    return doctor.examine({f"COMMENTS_{name}": value for name, value in given.items()})


def has(findings: list[Finding], level: str, words: str) -> bool:
    return any(finding.level == level and words in finding.sentence for finding in findings)


def test_settings_that_cannot_be_read_are_a_finding() -> None:
    assert looked(SECRET_KEY="short")[0].level == FAIL
    assert has(looked(SECRET_KEY="short"), FAIL, "needs at least 32 bytes")
    assert has(looked(MAX_BODDY="1"), FAIL, "COMMENTS_MAX_BODDY is not a setting")


def test_metrics_that_nobody_would_see_are_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "install comments-service[metrics]"
    assert not has(looked(METRICS_TOKEN="t" * 16), WARN, words)
    monkeypatch.setattr(configured, "find_spec", lambda name: None)
    assert has(looked(METRICS_TOKEN="t" * 16), WARN, words)
    assert not has(looked(), WARN, words)


def test_a_long_key_that_is_easily_guessed_fails() -> None:
    assert has(looked(SECRET_KEY="changeme" * 8), FAIL, "easily guessed")
    assert has(looked(), OK, "comes from the environment")


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "RATE_LIMIT_STORAGE"])
def test_every_file_with_a_secret_is_for_its_owner_only(tmp_path: Path, name: str) -> None:
    file = tmp_path / "secret"
    file.write_text({"SECRET_KEY": SECRET.decode(), "DATABASE_URL": "sqlite:////nowhere/c.db"}.get(name, ""))
    for mode, level in ((0o640, FAIL), (0o604, FAIL), (0o400, OK)):
        file.chmod(mode)
        assert has(looked(**{f"{name}_FILE": str(file)}), level, f"COMMENTS_{name}_FILE"), oct(mode)
    missing = looked(**{f"{name}_FILE": str(tmp_path / "none")})
    assert has(missing, FAIL, f"COMMENTS_{name}_FILE: cannot look at")


@pytest.mark.parametrize(
    ("proxies", "level"),
    [("0.0.0.0/0", FAIL), ("0.0.0.0/1,128.0.0.0/1", FAIL), ("::/0", FAIL), ("10.0.0.0/8,fd00::/16", OK)],
)
def test_proxies_that_could_be_anybody_fail(proxies: str, level: str) -> None:
    assert has(looked(TRUSTED_PROXIES=proxies), FAIL, "believes everybody in") is (level == FAIL)


def test_a_proxy_that_nobody_named_is_told_until_it_is(
    migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "_ignored", address._Once())
    file = tmp_path / "comments.db"
    file.write_bytes(migrated_file.read_bytes())
    url = f"sqlite:///{file}"
    service = Service(Settings(secret_key=SECRET, database_url=url))
    service.add_site()
    told = "A proxy seems to stand in front"
    service.posted()
    assert not has(looked(DATABASE_URL=url), WARN, told)
    forwarded = {"slug": "tarn", "name": "Wren", "body": "Another."}
    service.post_json("horizons/comments", forwarded, **{"X-Forwarded-For": "203.0.113.9"})
    service.close()
    assert has(looked(DATABASE_URL=url), WARN, told)
    assert not has(looked(DATABASE_URL=url, TRUSTED_PROXIES="127.0.0.1"), WARN, told)


def test_a_storage_that_is_none_is_a_finding() -> None:
    assert has(looked(RATE_LIMIT_STORAGE="memcached://a"), FAIL, "must start with redis://")


def test_a_scaled_out_service_with_a_local_address_is_warned() -> None:
    findings = looked(DATABASE_URL="postgresql://127.0.0.1:1/c", TRUSTED_PROXIES="10.0.0.0/8")
    assert has(findings, WARN, "links lead to this machine only")


def test_limits_that_workers_do_not_share_are_told() -> None:
    assert has(looked(RATE_LIMIT_STORAGE="memory://"), FAIL, "each worker counts for itself")
    assert has(looked(DATABASE_URL="postgresql://127.0.0.1:1/c"), WARN, "RATE_LIMIT_STORAGE=redis://")
    assert has(looked(), OK, "all workers of this machine share")


def test_a_redis_that_answers_is_found_and_timed(redis_url: str) -> None:
    findings = looked(RATE_LIMIT_STORAGE=redis_url)
    assert has(findings, OK, f"Limits are counted in {redis_url}.")
    assert any("A round trip to Redis took " in finding.sentence for finding in findings)


def test_what_is_away_is_named_without_its_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    findings = looked(
        DATABASE_URL="postgresql://ada:pass%2Fword@127.0.0.1:1/comments",
        RATE_LIMIT_STORAGE="redis://:hush-hush@127.0.0.1:1/0",
    )
    assert has(findings, FAIL, "postgresql://ada:***@127.0.0.1:1/comments cannot be reached")
    assert has(findings, FAIL, "redis://:***@127.0.0.1:1/0 cannot be reached")
    told = " ".join(finding.sentence for finding in findings)
    for secret in ("pass%2Fword", "pass/word", "hush-hush", SECRET.decode()):
        assert secret not in told
    assert list(tmp_path.iterdir()) == [], "looking changes nothing"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql+psycopg://ada@db/c", "postgresql://ada@db/c"),
        ("postgresql://ada:a/b@c:d@db:5432/c?sslmode=require", "postgresql://ada:***@db:5432/c"),
        ("rediss://:hush@[::1]:6379/0", "rediss://:***@[::1]:6379/0"),
        ("redis://host", "redis://host"),
        ("nothing at all", "***"),
    ],
)
def test_an_address_is_told_without_its_password(url: str, told: str) -> None:
    assert shown(url) == told


def test_addresses_that_cannot_be_meant_are_findings_without_their_passwords() -> None:
    findings = looked(DATABASE_URL="postgresql://ada:hush/hush@db:port/comments")
    assert has(findings, FAIL, "COMMENTS_DATABASE_URL cannot be used")
    findings += looked(RATE_LIMIT_STORAGE="redis://:hush/hush@redis:port/0")
    assert has(findings, FAIL, "no address of a Redis")
    assert not any("hush" in finding.sentence for finding in findings)


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:26 / /tmp rw,nosuid shared:5 - tmpfs tmpfs rw
41 22 0:40 / /srv rw shared:9 - nfs4 filer:/export rw
42 41 8:2 / /srv/local\\040disk rw shared:9 - xfs /dev/sdb1 rw
43 22 0:50 / /lent rw - 9p host rw,trans=virtio
44 22 0:51 / /srv/over rw - nfs4 filer:/two rw
45 44 0:52 / /srv/over rw - overlay overlay rw,lowerdir=/a:/b
broken
"""


@pytest.mark.parametrize(
    ("folder", "level", "words"),
    [
        ("/var/lib/comments", OK, "lies on ext4"),
        ("/tmp/comments", WARN, "the machine's memory"),
        ("/srv/comments", FAIL, "network file system (nfs4)"),
        ("/srv/local disk/comments", OK, "lies on xfs"),
        ("/lent/comments", WARN, "lent by another system (9p)"),
        ("/srv/over/comments", WARN, "a container's own layer"),
    ],
)
def test_the_file_system_under_sqlite_is_judged(folder: str, level: str, words: str) -> None:
    (finding,) = machine.file_system(Path(folder), MOUNTS)
    assert (finding.level, words in finding.sentence) == (level, True), finding


def test_nothing_is_said_of_a_file_system_that_is_not_known() -> None:
    assert list(machine.file_system(Path("/var"), "")) == []


@pytest.mark.parametrize(("megabytes", "level"), [(99, FAIL), (1_023, WARN), (1_024, OK)])
def test_a_disk_that_fills_up_is_told_in_time(megabytes: int, level: str) -> None:
    assert machine.free_space(Path("/var"), megabytes * 2**20).level == level


def test_what_took_long_is_a_warning_with_its_reason() -> None:
    assert timed("A look", 0.05, 0.1, "Hurry.") == Finding(OK, "A look took 50.0 ms.")
    assert timed("A look", 0.2, 0.1, "Hurry.") == Finding(WARN, "A look took 200.0 ms. Hurry.")


def test_the_disk_under_sqlite_is_timed_and_left_as_it_was(migrated_file: Path) -> None:
    before = sorted(migrated_file.parent.iterdir())
    findings = list(machine.looks(migrated_file))
    assert any("through to the disk took " in finding.sentence for finding in findings)
    assert sorted(migrated_file.parent.iterdir()) == before


def test_a_clock_that_was_set_back_and_a_purge_that_does_not_run_are_told(migrated_url: str) -> None:
    def rows(session: Session) -> None:
        thread = add_thread(session, add_site(session))
        add_comment(session, thread, created_at=clock.now() + timedelta(hours=1))
        session.add(DayKey(day="2026-01-01", key=bytes(32)))

    with open_database(migrated_url) as database:
        assert not has(list(stored.looks(database)), WARN, "purge")
        database.write(rows)
        findings = list(stored.looks(database))
    assert has(findings, WARN, "this machine's clock is wrong")
    assert has(findings, WARN, "run: comments-service purge")


def test_a_postgresql_that_forgets_fails(postgres_url: str) -> None:
    # The tests' own runs so, to be quick.
    with open_database(postgres_url) as database:
        findings = list(stored.looks(database))
    for words in ("fsync=off", "synchronous_commit is off", "at no migration"):
        assert has(findings, FAIL, words), findings
    assert has(findings, WARN, "full_page_writes is off")
    assert has(findings, OK, "clock and PostgreSQL's agree")


def look(folder: Path) -> Finding:
    settings = Settings(secret_key=SECRET, public_url="https://c.example")
    (finding,) = widget.looks(settings, folder)
    return finding


def test_the_widgets_address_and_integrity_are_printed(static: Path) -> None:
    finding = look(static)
    assert finding.level == OK
    address = f'https://c.example/embed/v1.abc.js integrity="{integrity(SCRIPT)}"'
    assert address in finding.sentence


def test_an_altered_script_is_named(static: Path) -> None:
    (static / "v1.js").write_bytes(b"alert(1)")
    finding = look(static)
    assert finding.level == FAIL
    assert finding.sentence.endswith(": v1.js.")


@pytest.mark.parametrize("name", ["v1.js", "v1.json"])
def test_a_missing_file_fails(static: Path, name: str) -> None:
    (static / name).unlink()
    assert look(static).level == FAIL


def test_unreadable_notes_fail(static: Path) -> None:
    for notes in ("[]", "{}", "no json"):
        (static / "v1.json").write_text(notes)
        assert look(static).level == FAIL
