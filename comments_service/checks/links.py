"""Links: more than the site likes, not counting the domains it trusts."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ..text import links
from .draft import PUBLISH, Draft, Found, Verdict, hold


def check(session: Session, draft: Draft) -> Verdict:
    """Holds a comment with more links than `links_max`; each foreign domain is evidence."""
    allowed = draft.policy.links_allowed
    foreign = [link for link in draft.links if not _is_allowed(links.domain(link), allowed)]
    if len(foreign) <= draft.policy.links_max:
        return PUBLISH
    evidence = (_found(draft.body, domain) for domain in dict.fromkeys(map(links.domain, foreign)))
    return hold("Comments with several links are read by a moderator first.", *evidence)


def _is_allowed(domain: str, allowed: tuple[str, ...]) -> bool:
    return any(domain == name or domain.endswith("." + name) for name in allowed)


def _found(body: str, domain: str) -> Found:
    lower = body.lower()
    # Lower case may be longer than what was sent; then offsets would point elsewhere.
    start = lower.find(domain) if domain and len(lower) == len(body) else -1
    span = (start, start + len(domain)) if start >= 0 else (None, None)
    return Found("links", domain[:200], f"It links to {domain[:200]}.", *span)
