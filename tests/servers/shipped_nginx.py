"""The nginx configuration that is shipped, brought to a private nginx in front of services on 127.0.0.1."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "deploy" / "nginx"


def configuration(ports: Sequence[int]) -> str:
    """What stands in the http section: only addresses and folders are not as they are shipped."""
    upstream = (FOLDER / "upstream.conf").read_text()
    asked = " fail_timeout=1s;"
    servers = "\n    ".join(f"server 127.0.0.1:{port}{asked}" for port in ports)
    upstream = replaced(upstream, f"server app:8000 resolve{asked}", servers)
    return upstream + local((FOLDER / "comments.conf").read_text())


def whole(ports: Sequence[int], *, proxy: str) -> str:
    """All of nginx.conf with what it includes; `proxy` is the address that stands in front of it."""
    text = (FOLDER / "nginx.conf").read_text()
    proxies = replaced((FOLDER / "proxies.conf").read_text(), "from 172.31.250.1;", f"from {proxy};")
    at = "include /etc/nginx/comments_service"
    text = replaced(text, f"{at}/proxies.conf;", proxies)
    text = replaced(text, f"{at}/upstream.conf;", "")
    return replaced(text, f"{at}/comments.conf;", configuration(ports))


def local(text: str) -> str:
    """The configuration with this machine's places in it."""
    text = replaced(text, "listen 8080;", "listen 127.0.0.1:@PORT@;")
    text = replaced(text, "/var/cache/nginx/comments", "@PREFIX@/cache")
    return text.replace("access_log /dev/stdout", "access_log @PREFIX@/access.log")


def replaced(text: str, old: str, new: str) -> str:
    """`text` with the one place where `old` stands changed; ValueError when it is not there once."""
    if len(re.findall(re.escape(old), text)) != 1:
        raise ValueError(f"{old!r} must stand in nginx's configuration once")
    return text.replace(old, new)
