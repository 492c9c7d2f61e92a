"""What can go wrong, in our words; the edge turns each kind into a status."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One bad value: the field's name, a stable code that the widget translates, a sentence for people."""

    field: str
    code: str
    message: str


class ServiceError(Exception):
    """The root of the family.

    `message` is a sentence a reader may see; `code` is stable and becomes the problem's `type`.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class NotFound(ServiceError):
    """There is nothing here that the asker may see."""

    code = "not_found"


class CommentNotFound(NotFound):
    """No comment, or one that the asker may not see: the two look alike on purpose."""

    code = "comment_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such comment.")


class Refused(ServiceError):
    """Understood, but not allowed: a closed thread, a banned author, a wrong token, a foreign origin."""

    code = "refused"


class Unauthorised(ServiceError):
    """Nobody has said who is asking, or the token is not known."""

    code = "unauthorised"


class Invalid(ServiceError):
    """Values out of bounds; `errors` names each field."""

    code = "invalid"

    def __init__(self, *errors: FieldError, message: str = "Some values are not valid.") -> None:
        super().__init__(message)
        self.errors = errors

    @classmethod
    def field(cls, field: str, code: str, message: str) -> Invalid:
        """One bad field."""
        return cls(FieldError(field, code, message))


class Conflict(ServiceError):
    """The request is at odds with what is stored: a duplicate, somebody else was first."""

    code = "conflict"


class TooFast(ServiceError):
    """Allowed again after `retry_after` whole seconds."""

    code = "too_fast"

    def __init__(self, message: str, *, retry_after: int, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class Unavailable(ServiceError):
    """The service cannot do this now (database away, queue full); try again after `retry_after` seconds."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after
