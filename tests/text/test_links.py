"""Links."""

from __future__ import annotations

import pytest
from hypothesis import given

from comments_service.text import links

from .samples import any_text, quick


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTPS://Example.COM:443/a b?q=ä#f", "https://example.com/a%20b?q=%C3%A4#f"),
        ("http://bank.example@evil.example/", "http://evil.example/"),
        ("https://user:secret@example.com/", "https://example.com/"),
        ("https:\\\\evil.example\\a", "https://evil.example/a"),
        (" \thttps://exa\nmple.com ", "https://example.com/"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("mailto:ada@example.com", "mailto:ada@example.com"),
        ("mailto:ada+x@example.com?bcc=all@example.com&body=hi#f", "mailto:ada+x@example.com"),
    ],
)
def test_absolute_web_and_mail_addresses_are_kept_in_canonical_form(url: str, safe: str) -> None:
    assert links.safe(url) == safe


@pytest.mark.parametrize(
    "url",
    [
        *(
            "javascript:alert(1)",
            " java\nscript:alert(1)",
            "\x01javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
        ),
        *(
            "file:///etc/passwd",
            "ftp://example.com",
            "ws://example.com",
            "blob:https://example.com/1",
            "tel:1",
            "x:y",
        ),
        *(
            "",
            "/a",
            "a",
            "//example.com",
            "?q",
            "#f",
            "../a",
            "http://",
            "https:",
            "http://a b/",
            "http://[::1",
            "http://%00/",
        ),
        *(
            "mailto:",
            "mailto:ada",
            "mailto:a@b.example,c@d.example",
            "mailto:a%0Abcc:b@c.example",
            "mailto:@example.com",
        ),
        *("http://a.example:99999/", "http://\ud800.example/", "view-source:http://a.example"),
    ],
)
def test_all_else_is_no_link(url: str) -> None:
    assert links.safe(url) is None
    assert links.domain(url) == ""


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://User@WWW.Example.com.:8080/x", "www.example.com"),
        ("http://пример.example/", "xn--e1afmkfd.example"),
        ("mailto:Ada@Example.com", "example.com"),
        ("http://[::1]:80/", "[::1]"),
    ],
)
def test_the_domain_is_where_the_link_leads(url: str, domain: str) -> None:
    assert links.domain(url) == domain


def shown(text: str) -> str:
    href = links.claimed_address(text)
    assert href is not None
    return links.shown(text, href)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "https://example.com/a",
            "www.example.com",
            "http://bücher.example/",
            "https://пример.рф/",
            "http://例え.example/",
        ),
        *(
            "https://日本語カタカナ.example/",
            "https://example.com/@ada",
            "https://example.com/?mail=a@b.example",
        ),
    ],
)
def test_an_honest_address_is_shown_as_written(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "punycode"),
    [
        ("https://аpple.example/", "https://xn--pple-43d.example/"),
        ("https://раура.example/", "https://xn--80aa0cbo.example/"),
        ("www.gοοgle.example", "http://www.xn--ggle-0nda.example/"),
    ],
)
def test_a_host_that_mixes_scripts_or_only_looks_latin_is_shown_as_punycode(text: str, punycode: str) -> None:
    assert shown(text) == punycode


def test_a_host_hidden_behind_a_user_name_is_shown_bare() -> None:
    assert shown("http://bank.example@evil.example/") == "http://evil.example/"


@pytest.mark.parametrize("text", ["http://bank.example", "https://bank.example/login", "www.bank.example"])
def test_a_text_that_names_another_host_is_replaced(text: str) -> None:
    assert links.shown(text, "http://evil.example/") == "http://evil.example/"


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u3164"])
def test_a_link_without_text_shows_its_address(text: str) -> None:
    assert links.shown(text, "http://evil.example/") == "http://evil.example/"


@pytest.mark.parametrize("text", ["the bank", "bank.example says so", "http", "see http://bank.example"])
def test_other_texts_stay(text: str) -> None:
    assert links.shown(text, "http://news.example/") == text


@quick
@given(any_text)
def test_what_is_safe_is_canonical(text: str) -> None:
    for url in (text, f"http://{text}", f"mailto:{text}"):
        safe = links.safe(url)
        if safe is not None:
            assert links.safe(safe) == safe
            assert safe.startswith(("http://", "https://", "mailto:"))
            assert safe.isascii()
            assert not set(safe) & set(' \n\t<>"')
            assert links.domain(safe)
