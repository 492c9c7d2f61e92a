"""Too fast: the time between opening the form and sending it, signed so that it cannot be forged."""

from __future__ import annotations

from sqlalchemy.orm import Session

from .draft import PUBLISH, Draft, Found, Verdict, hold

SHORTEST_SECONDS = 1.5
LONGEST_SECONDS = 24 * 60 * 60

REASON = "A moderator looks at your comment first."


def check(session: Session, draft: Draft) -> Verdict:
    """Holds what was sent sooner than a person types. A missing token counts only if the policy says so,
    and one of more than a day ago is as good as none: it would be kept in store."""
    if draft.is_edit:
        return PUBLISH
    if draft.form_age is None:
        return _without_token(draft, "missing", "It came without the form's token.")
    if draft.form_age > LONGEST_SECONDS:
        return _without_token(draft, "too_old", "The form was opened more than a day before.")
    # A form from the future was opened before a clock was put right, which says nothing of its writer.
    if abs(draft.form_age) < SHORTEST_SECONDS:
        message = f"It was sent {max(draft.form_age, 0):.1f} seconds after the form was opened."
        return hold(REASON, Found("form_time", "too_fast", message, score=draft.form_age))
    return PUBLISH


def _without_token(draft: Draft, rule: str, message: str) -> Verdict:
    if draft.policy.form_token == "hold":  # noqa: S105 (a choice, not a password)
        return hold(REASON, Found("form_time", rule, message))
    return PUBLISH
