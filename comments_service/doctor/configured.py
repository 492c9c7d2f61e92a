"""The settings themselves: what is set, and what is unsafe about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from ipaddress import IPv4Network, ip_address
from pathlib import Path
from urllib.parse import urlsplit

from ..config import PREFIX, Network, Settings
from ..web.limits import KINDS, forwarding_was_ignored
from .finding import FAIL, OK, WARN, Finding, mode_for_others

# Whoever believes a wider range believes strangers: 10.0.0.0/8 is the widest that belongs to one owner.
WIDEST_IPV4 = 8
WIDEST_IPV6 = 16
# One letter held down, or a short word over and over, has fewer different ones.
FEWEST_BYTES = 10


def public_url(settings: Settings) -> Iterator[Finding]:
    """Cookies and tokens must not travel in the clear, and links must lead to readers' side of the proxy."""
    url = settings.public_url
    local = is_loopback(url)
    if not local and not url.startswith("https:"):
        yield Finding(
            WARN,
            f"The public address {url} is not https: anybody on the way can read sign-ins. "
            "Put a server that speaks HTTPS in front, and set COMMENTS_PUBLIC_URL=https://...",
        )
    elif local and not settings.is_sqlite and settings.trusted_proxies:
        yield Finding(
            WARN,
            f"The public address is {url}: links lead to this machine only. "
            "Set COMMENTS_PUBLIC_URL to the address that readers use.",
        )
    else:
        yield Finding(OK, f"The public address is {url}.")


def proxies(settings: Settings) -> Iterator[Finding]:
    """Behind a proxy nobody believes, all readers share one address and one limit."""
    if settings.trusted_proxies:
        named = ", ".join(map(str, settings.trusted_proxies))
        yield Finding(OK, f"Forwarding headers are believed from {named}.")
        wide = [str(network) for network in settings.trusted_proxies if _is_too_wide(network)]
        if wide:
            yield Finding(
                FAIL,
                f"COMMENTS_TRUSTED_PROXIES believes everybody in {', '.join(wide)}: readers can choose their "
                "address, and no limit holds. Name your proxies alone.",
            )
    elif _is_ignored(settings):
        yield Finding(
            WARN,
            "A proxy seems to stand in front, but COMMENTS_TRUSTED_PROXIES is empty: all readers share one "
            "limit. Name the proxy's address there.",
        )
    elif is_loopback(settings.public_url):
        yield Finding(OK, "No proxy is trusted; forwarding headers count for nothing.")
    else:
        yield Finding(
            WARN,
            "COMMENTS_TRUSTED_PROXIES is empty: if a proxy stands in front, all readers share one limit. "
            "Name its address there.",
        )


def secret_key(settings: Settings, files: Mapping[str, str]) -> Iterator[Finding]:
    """A key that can be guessed signs for anybody."""
    if len(set(settings.secret_key)) < FEWEST_BYTES:
        yield Finding(
            FAIL,
            "The secret key is long enough, but easily guessed: make one with "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    elif f"{PREFIX}SECRET_KEY_FILE" not in files:
        yield Finding(OK, "The secret key comes from the environment.")


def metrics(settings: Settings) -> Iterator[Finding]:
    """A token without what makes the numbers is a mistake that nobody would notice."""
    if settings.metrics_token and find_spec("prometheus_client") is None:
        yield Finding(
            WARN,
            "COMMENTS_METRICS_TOKEN is set, but there are no metrics: install comments-service[metrics].",
        )


def secret_files(files: Mapping[str, str]) -> Iterator[Finding]:
    """A secret that others may read is none; `files` are paths by the settings that name them."""
    for name, path in files.items():
        try:
            mode = mode_for_others(Path(path))
        except OSError as error:
            yield Finding(FAIL, f"{name}: cannot look at {path}: {error.strerror}.")
            continue
        if mode is not None:
            yield Finding(FAIL, f"{name}: others may read {path} (mode {mode}); run: chmod 600 {path}")
        else:
            yield Finding(OK, f"{name}: {path} is for its owner only.")


def limits(settings: Settings) -> Iterator[Finding]:
    """A limit that is off is meant for benchmarks."""
    off = [f"{PREFIX}LIMIT_{kind.upper()}" for kind in KINDS if getattr(settings, f"limit_{kind}") == "off"]
    if off:
        yield Finding(WARN, f"No limit at all: {', '.join(off)}. Unset them, unless this is a benchmark.")
    else:
        yield Finding(OK, "Every kind of write is limited.")


def is_loopback(address: str) -> bool:
    """Whether a URL leads to this machine itself."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_ignored(settings: Settings) -> bool:
    try:
        return forwarding_was_ignored(settings)
    except ValueError:  # the storage has a finding of its own
        return False


def _is_too_wide(network: Network) -> bool:
    return network.prefixlen < (WIDEST_IPV4 if isinstance(network, IPv4Network) else WIDEST_IPV6)
