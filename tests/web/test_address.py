"""Which address is believed, and which addresses count as one client."""

from __future__ import annotations

import logging
from ipaddress import ip_network

import pytest

from comments_service.web import address
from comments_service.web.address import bucket, client_address, forwarding_ignored

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:aaaa::/48"))


def asked(peer: str, forwarded: str | None = None, **headers: str) -> str:
    environ = {"REMOTE_ADDR": peer, **headers}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded
    return client_address(environ, PROXIES)


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("1.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("1.1.1.1, 198.51.100.7, 10.0.0.9", "198.51.100.7"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("198.51.100.7, ::ffff:10.0.0.9", "198.51.100.7"),
        ("198.51.100.7, 2001:db8:aaaa::1", "198.51.100.7"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
    ],
)
def test_the_client_is_the_right_most_untrusted_hop(forwarded: str, client: str) -> None:
    assert asked("10.0.0.1", forwarded) == client


@pytest.mark.parametrize(
    "hop",
    [
        "",
        "unknown",
        "_hidden",
        "1.2.3",
        "1.2.3.4.5",
        "[2001:db8::7",
        "[::1]x",
        "1.2.3.4:port",
        "1.2.3.4:",
        "٣.1.1.1",
    ],
)
def test_what_stands_left_of_an_unreadable_hop_is_not_believed(hop: str) -> None:
    assert asked("10.0.0.1", f"198.51.100.7, {hop}") == "10.0.0.1"
    assert asked("10.0.0.1", f"198.51.100.7, {hop}, 10.0.0.2") == "10.0.0.2"


@pytest.mark.parametrize(
    "header", ["HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_CLIENT_IP"]
)
def test_no_header_of_an_untrusted_peer_is_believed(header: str) -> None:
    assert client_address({"REMOTE_ADDR": "198.51.100.1", header: "203.0.113.9"}, PROXIES) == "198.51.100.1"


@pytest.mark.parametrize(
    "header", ["HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_CLIENT_IP", "HTTP_X_CLUSTER_CLIENT_IP"]
)
def test_a_trusted_peer_is_believed_by_one_header_alone(header: str) -> None:
    assert asked("10.0.0.1", **{header: "203.0.113.9"}) == "10.0.0.1"


def test_a_peer_without_an_address_is_unknown() -> None:
    assert client_address({}, ()) == "unknown"
    assert bucket("unknown") == "unknown"


def test_ipv4_counts_whole_and_ipv6_by_its_64() -> None:
    assert bucket("198.51.100.7") != bucket("198.51.100.8")
    assert bucket("::ffff:198.51.100.7") == bucket("198.51.100.7")
    assert bucket("2001:db8:0:1::1") == bucket("2001:db8:0:1:ffff:ffff:ffff:ffff") == "2001:db8:0:1::/64"
    assert bucket("2001:db8:0:2::1") != bucket("2001:db8:0:1::1")
    assert bucket("fe80::1%eth0") == "fe80::/64"


def test_a_forwarding_header_that_nobody_believes_is_warned_of_once(
    fresh: None, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {"REMOTE_ADDR": "172.17.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert client_address(environ, ()) == "172.17.0.1"
    assert forwarding_ignored()
    assert len(caplog.records) == 1
    assert "COMMENTS_TRUSTED_PROXIES" in caplog.text
    assert "203.0.113.9" not in caplog.text
    assert "172.17" not in caplog.text


def test_a_public_peer_or_a_trusted_setup_is_no_reason_to_warn(fresh: None) -> None:
    client_address({"REMOTE_ADDR": "8.8.8.8", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, ())
    client_address({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, PROXIES)
    client_address({"REMOTE_ADDR": "127.0.0.1"}, ())
    assert not forwarding_ignored()


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has not seen anything yet."""
    monkeypatch.setattr(address, "_ignored", address._Once())
