"""Personal details that may be somebody else's: phone numbers, e-mail addresses, bank accounts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from sqlalchemy.orm import Session

from ..text import personal
from .draft import PUBLISH, Draft, Found, Verdict, hold

REASON = "It seems to hold somebody's phone number, address or account, so a moderator looks at it first."
MOST_MARKED = 20
NOUNS = {
    personal.PHONE: "what looks like a phone number",
    personal.MAIL: "an e-mail address",
    personal.BANK: "the number of a bank account",
}


def check(session: Session, draft: Draft) -> Verdict:
    """Holds each detail that is not the site's own `contact`; in the body, what is shown of it, the name."""
    evidence = list(_found(draft))[:MOST_MARKED]
    return hold(REASON, *evidence) if evidence else PUBLISH


def _found(draft: Draft) -> Iterator[Found]:
    known = set(_of_contact(draft.policy.contact))
    for detail in personal.find(draft.body):
        if detail.value not in known:
            known.add(detail.value)
            yield Found(
                "personal_data", detail.kind, f"It holds {NOUNS[detail.kind]}.", detail.start, detail.end
            )
    hidden = personal.find(draft.shown) if draft.shown != draft.body else ()
    for where, details in (("hidden by formatting", hidden), ("in the name", personal.find(draft.name))):
        for detail in details:
            if detail.value not in known:
                known.add(detail.value)
                yield Found("personal_data", detail.kind, f"It holds {NOUNS[detail.kind]}, {where}.")


@lru_cache(maxsize=256)
def _of_contact(contact: str) -> tuple[str, ...]:
    return tuple(detail.value for detail in personal.find(contact))
