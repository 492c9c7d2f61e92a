"""May this draft go in? One check per file; CHAIN is the order in which they look, cheap first."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from .. import counting
from . import (
    banned,
    closed,
    duplicate,
    first,
    form_time,
    honeypot,
    links,
    mode,
    names,
    near,
    personal_data,
    record,
    slow,
    words,
)
from .draft import PUBLISH, AuthorFacts, Draft, Found, Seen, ThreadFacts, Verdict, hold
from .looking import look

__all__ = [
    "CHAIN",
    "EXACT",
    "AuthorFacts",
    "Draft",
    "Found",
    "Seen",
    "ThreadFacts",
    "Verdict",
    "judge",
    "judge_again",
    "look",
]

Check = Callable[[Session, Draft], Verdict]

CHAIN: tuple[Check, ...] = (
    closed.check,
    banned.check,
    slow.check,
    duplicate.check,
    honeypot.check,
    form_time.check,
    names.check,
    words.check,
    links.check,
    personal_data.check,
    near.check,
    record.check,
    first.check,
    mode.check,
)
# What must still hold in the very transaction that stores the comment.
EXACT: tuple[Check, ...] = (closed.check, banned.check, slow.check, duplicate.check)

UNCHECKED = "A check could not be made, so a moderator looks at your comment first."

logger = logging.getLogger(__name__)


def judge(session: Session, draft: Draft) -> Verdict:
    """The verdict of the whole chain. Holds add up, a refusal ends it, a check that fails holds."""
    verdict = _judge(session, draft, CHAIN)
    counting.count("verdicts", "all", verdict.action)
    return verdict


def judge_again(session: Session, draft: Draft) -> Verdict:
    """The exact checks once more, inside the transaction that stores the comment."""
    return _judge(session, draft, EXACT)


def _judge(session: Session, draft: Draft, chain: tuple[Check, ...]) -> Verdict:
    verdict = PUBLISH
    for check in chain:
        answer = _answer(check, session, draft)
        if answer is PUBLISH:
            continue
        if answer.action != "publish":
            counting.count("verdicts", _name(check), answer.action)
        verdict = verdict.joined(answer)
        if verdict.action == "refuse":
            return verdict
    return verdict


def _answer(check: Check, session: Session, draft: Draft) -> Verdict:
    try:
        return check(session, draft)
    except DBAPIError:
        raise  # the database is away: nothing can be stored anyway
    except Exception:
        name = _name(check)
        logger.exception("the check %s failed", name)
        return hold(UNCHECKED, Found(name, "failed", "This check failed; see the log of the service."))


def _name(check: Check) -> str:
    return check.__module__.rpartition(".")[2]
