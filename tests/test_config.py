"""Settings: every one read, checked and refused in words."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from comments_service.config import SETTINGS, Settings, SettingsError

SECRET = {"COMMENTS_SECRET_KEY": "x" * 32}


def read(**values: str) -> Settings:
    return Settings.read({**SECRET, **{f"COMMENTS_{name}": value for name, value in values.items()}})


def refusal(**values: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read(**values)
    return str(caught.value)


def test_the_defaults_of_the_table_are_those_of_the_class() -> None:
    assert read() == Settings(secret_key=b"x" * 32)
    assert [setting.name.lower() for setting in SETTINGS if setting.name != "SECRET_KEY"] == [
        field.name for field in fields(Settings) if field.name != "secret_key"
    ]


def test_the_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMENTS_SECRET_KEY", "y" * 32)
    monkeypatch.setenv("COMMENTS_MAX_BODY", "500")
    assert Settings.read().max_body == 500


def test_without_a_secret_nothing_starts() -> None:
    with pytest.raises(SettingsError, match="make one with"):
        Settings.read({})


@pytest.mark.parametrize(("secret", "is_enough"), [("x" * 31, False), ("x" * 32, True), ("é" * 16, True)])
def test_a_secret_has_32_bytes(secret: str, is_enough: bool) -> None:
    if is_enough:
        assert read(SECRET_KEY=secret).secret_key == secret.encode()
    else:
        assert "32 bytes" in refusal(SECRET_KEY=secret)


def test_the_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("z" * 40 + "\n")
    assert Settings.read({"COMMENTS_SECRET_KEY_FILE": str(file)}).secret_key == b"z" * 40
    assert "cannot read" in refusal(SECRET_KEY_FILE=str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("DATABASE_URL", "postgresql+psycopg://a:b@c/d"), ("RATE_LIMIT_STORAGE", "redis://:b@c/0")],
)
def test_what_may_carry_a_password_may_stand_in_a_file(tmp_path: Path, name: str, value: str) -> None:
    file = tmp_path / "url"
    file.write_text(f"{value}\n")
    settings = read(**{f"{name}_FILE": str(file), name: "overruled"})
    assert getattr(settings, name.lower()) == value
    file.write_text("mysql://a:b@c/d")
    if name == "DATABASE_URL":
        assert refusal(DATABASE_URL_FILE=str(file)).startswith("COMMENTS_DATABASE_URL: must start with")


def test_what_is_no_secret_is_read_from_no_file() -> None:
    assert "COMMENTS_MAX_BODY_FILE is not a setting" in refusal(MAX_BODY_FILE="/etc/hostname")


def test_an_unknown_name_is_an_error_and_our_tests_own_are_not() -> None:
    assert "COMMENTS_MAX_BODDY is not a setting" in refusal(MAX_BODDY="1")
    assert read(TEST_REQUIRE="all") == read()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresqls_addresses_are_normalised(scheme: str) -> None:
    settings = read(DATABASE_URL=f"{scheme}://a@b/c")
    assert settings.database_url == "postgresql+psycopg://a@b/c"
    assert not settings.is_sqlite
    with pytest.raises(ValueError, match="not a file"):
        _ = settings.database_path


def test_a_sqlite_path_is_relative_or_absolute() -> None:
    assert read().database_path == Path("var/comments.db").absolute()
    assert read(DATABASE_URL="sqlite:////data/c.db").database_path == Path("/data/c.db")


@pytest.mark.parametrize("url", ["", "mysql://a/b", "comments.db", "sqlite://"])
def test_another_database_is_refused(url: str) -> None:
    assert refusal(DATABASE_URL=url).startswith("COMMENTS_DATABASE_URL: must start with")


def test_the_public_url_loses_its_last_slash() -> None:
    assert read(PUBLIC_URL="https://c.example/talk/").public_url == "https://c.example/talk"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://C.Example:443/", "https://c.example"),
        ("HTTP://c.example:80", "http://c.example"),
        ("https://c.example:8443/talk", "https://c.example:8443"),
        ("http://[::1]:80/", "http://[::1]"),
    ],
)
def test_the_origin_is_as_browsers_send_it(url: str, origin: str) -> None:
    settings = read(PUBLIC_URL=url)
    assert settings.origin == origin
    assert settings.public_url.startswith(origin), "and links say it as it is"


@pytest.mark.parametrize("url", ["https://a@c.example", "https://bücher.example", "https://c.example:x"])
def test_an_address_that_no_browser_sends_back_is_refused(url: str) -> None:
    assert "COMMENTS_PUBLIC_URL" in refusal(PUBLIC_URL=url)


@pytest.mark.parametrize(
    "url", ["", "c.example", "ftp://c.example", "https://", "https://c.example/?a=1", "https://c.example/#a"]
)
def test_an_unusable_public_url_is_refused(url: str) -> None:
    assert "COMMENTS_PUBLIC_URL" in refusal(PUBLIC_URL=url)


def test_trusted_proxies_are_networks() -> None:
    assert read().trusted_proxies == ()
    networks = read(TRUSTED_PROXIES="10.0.0.0/8, ::1").trusted_proxies
    assert [str(network) for network in networks] == ["10.0.0.0/8", "::1/128"]
    assert "COMMENTS_TRUSTED_PROXIES" in refusal(TRUSTED_PROXIES="10.0.0.1/8")
    assert "COMMENTS_TRUSTED_PROXIES" in refusal(TRUSTED_PROXIES="proxy.example")


@pytest.mark.parametrize("name", ["POST", "VOTE", "REPORT", "PREVIEW", "SIGN_IN", "THREADS"])
def test_a_limit_is_a_list_of_rates_or_off(name: str) -> None:
    for good in ("1 per second", "5 per minute; 60 per hour", "off"):
        assert getattr(read(**{f"LIMIT_{name}": good}), f"limit_{name.lower()}") == good
    for bad in ("", "often", "5 per fortnight", "5 per minute;", "OFF", "-1 per hour"):
        assert f"COMMENTS_LIMIT_{name}" in refusal(**{f"LIMIT_{name}": bad})


def test_the_longest_body_is_a_number_from_one() -> None:
    assert read(MAX_BODY="1").max_body == 1
    for bad in ("0", "-1", "", "many", "1.5", "²"):
        assert "COMMENTS_MAX_BODY" in refusal(MAX_BODY=bad)
