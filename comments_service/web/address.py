"""Who is asking: the client's address behind the trusted proxies, and the bucket its limits share."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from threading import Lock
from typing import Any

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"
IPV6_PREFIX = 64
FORWARDING = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")

log = logging.getLogger(__name__)


def client_address(environ: Mapping[str, Any], trusted: Sequence[Network]) -> str:
    """The address of the client: the right-most hop that is not one of the `trusted` proxies.

    X-Forwarded-For counts only when the peer itself is trusted, and only as far left as the hops are
    well formed; no other header ever counts. To the server X_Forwarded_For and X-Forwarded-For are one
    name (the last one wins), so a trusted proxy must set the header itself and drop names with underscores,
    as nginx does; with `trusted` empty neither is looked at.
    """
    peer = _parsed(str(environ.get("REMOTE_ADDR", "")))
    if peer is None:
        return UNKNOWN
    if not _within(peer, trusted):
        _notice_forwarding(environ, peer, trusted)
        return str(peer)
    return str(_last_untrusted(peer, str(environ.get("HTTP_X_FORWARDED_FOR", "")), trusted))


def bucket(address: str) -> str:
    """The text that counts as one client: an IPv4 address whole, an IPv6 one by its /64."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((int(parsed), IPV6_PREFIX), strict=False))
    return UNKNOWN if parsed is None else str(parsed)


def forwarding_ignored() -> bool:
    """Whether this process saw a forwarding header from a private peer while no proxy was trusted."""
    return _ignored.seen


def _last_untrusted(peer: Address, forwarded: str, trusted: Sequence[Network]) -> Address:
    nearest = peer
    for hop in reversed(forwarded.split(",")):
        parsed = _parsed(hop.strip())
        if parsed is None:
            # What stands left of an unreadable hop may be anybody's invention.
            return nearest
        nearest = parsed
        if not _within(parsed, trusted):
            return nearest
    return nearest


def _parsed(text: str) -> Address | None:
    """The address in `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1` or `[2001:db8::1]:80`; None for anything else."""
    if text.startswith("["):
        text, bracket, port = text[1:].partition("]")
        if not bracket or not (port == "" or _is_port(port)):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _is_port(":" + port):
            return None
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isascii() and text[1:].isdigit()


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


class _Once:
    """Remembers that something was seen, and tells the first time from the rest."""

    def __init__(self) -> None:
        self.seen = False
        self._lock = Lock()

    def first(self) -> bool:
        with self._lock:
            first, self.seen = not self.seen, True
        return first


_ignored = _Once()


def _notice_forwarding(environ: Mapping[str, Any], peer: Address, trusted: Sequence[Network]) -> None:
    if trusted or _ignored.seen or not (peer.is_private or peer.is_loopback):
        return
    if any(name in environ for name in FORWARDING) and _ignored.first():
        log.warning(
            "A private peer sends a forwarding header, but COMMENTS_TRUSTED_PROXIES is empty: "
            "if that is your proxy, all readers share one rate limit until you name it there."
        )
