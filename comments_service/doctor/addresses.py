"""Addresses of servers, without what nobody may see."""

from __future__ import annotations

import re

# Up to the last @, however oddly a password is written: no parser's opinion may let a part of it through.
ADDRESS = re.compile(
    r"(?P<scheme>\w+)(\+\w+)?://((?P<user>[^:@/]*)(:(?P<password>.*))?@)?(?P<place>[^?@]*)(\?.*)?", re.DOTALL
)


def shown(url: str) -> str:
    """The address without password and options."""
    found = ADDRESS.fullmatch(url)
    if found is None:
        return "***"
    hidden = ":***" if found["password"] else ""
    user = f"{found['user']}{hidden}@" if found["user"] or hidden else ""
    return f"{found['scheme']}://{user}{found['place']}"


def password(url: str) -> str:
    """The password in an address; empty when there is none."""
    found = ADDRESS.fullmatch(url)
    return (found["password"] or "") if found else ""
