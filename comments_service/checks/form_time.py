"""Too fast: the time between opening the form and sending it, signed so that it cannot be forged."""

from __future__ import annotations

from sqlalchemy.orm import Session

from .draft import PUBLISH, Draft, Found, Verdict, hold

SHORTEST_SECONDS = 1.5

REASON = "A moderator looks at your comment first."


def check(session: Session, draft: Draft) -> Verdict:
    """Holds what was sent sooner than a person types; a missing token counts only if the policy says so."""
    if draft.is_edit:
        return PUBLISH
    if draft.form_age is None:
        if draft.policy.form_token == "hold":  # noqa: S105 (a choice, not a password)
            return hold(REASON, Found("form_time", "missing", "It came without the form's token."))
        return PUBLISH
    # A form from the future was opened before a clock was put right, which says nothing of its writer.
    if abs(draft.form_age) < SHORTEST_SECONDS:
        message = f"It was sent {max(draft.form_age, 0):.1f} seconds after the form was opened."
        return hold(REASON, Found("form_time", "too_fast", message, score=draft.form_age))
    return PUBLISH
