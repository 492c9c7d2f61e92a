"""What is looked at in every answer beside Schemathesis' own checks, and which of its findings are none."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import schemathesis
from schemathesis.checks import CheckContext
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import RejectedPositiveData
from werkzeug import Client

from comments_service.web.api.documentation import BEARER

# Shapes hold lengths and types. These codes say more: of which letters a text is and what of it would be
# seen, whether a time is past, what two fields say together, which words a site refuses.
BEYOND_SHAPES = {
    "characters",
    "marks",
    "required",
    "past",
    "differs",
    "reused",
    "word",
    "unknown",
    "repeated",
}
# Values that only the service makes, that a parser judges and not a pattern, or that depend on others.
JUDGED = {
    *(
        "title",
        "trust",
        "cursor",
        "closes_at",
        "expires_at",
        "from",
        "to",
        "url",
        "author",
        "comment",
        "kind",
    ),
    *("origins", "article_url", "words_refused", "words_held", "links_allowed", "name_reserved", "email"),
    *("rules_url", "privacy_url", "contact"),
}


def matters(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Whether a failure is one; valid data may be refused for a reason that no shape can say."""
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 422:
        return True
    # 10.0 is a whole number to JSON Schema, but not to us.
    if _has_floats(case.body) or _has_floats(case.query):
        return False
    return any(
        error["code"] not in BEYOND_SHAPES and error["field"].rpartition(".")[2] not in JUDGED
        for error in response.json()["errors"]
    )


@schemathesis.check
class NeedsAToken:
    """Whatever a moderator was given is refused to who has no token, or one that is not known."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def after_response(self, ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
        operation = case.operation.definition.raw
        request = response.request
        if not operation.get("security") or response.status_code >= 400 or request.method == "OPTIONS":
            return None
        assert BEARER in operation["security"][0]
        assert request.headers.get("Authorization"), "answered without a token"
        if operation["operationId"] in self.asked:
            return None
        self.asked.add(operation["operationId"])
        for token in (None, "Bearer x", "Bearer ", "Basic eDp4"):
            headers = [(name, value) for name, value in request.headers.items() if name != "Authorization"]
            headers += [("Authorization", token)] if token is not None else []
            parts = urlsplit(str(request.url))
            answer = Client(case.operation.app).open(
                parts.path,
                method=request.method,
                query_string=parts.query,
                headers=headers,
                data=request.body,
            )
            assert answer.status_code == 401, f"{token} was answered {answer.status_code}"
        return None


@schemathesis.check
class NoUseAfterWithdrawal:
    """What its author took back is read, voted on, reported and edited by nobody."""

    def __init__(self) -> None:
        self.withdrawn: set[int] = set()

    def after_response(self, ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
        name = case.operation.definition.raw["operationId"]
        is_others = response.request.method == "OPTIONS" or not name.startswith("readers_")
        if response.status_code >= 300 or is_others:
            return None
        comment = int((case.path_parameters or {}).get("comment", 0))
        if name == "readers_withdraw":
            self.withdrawn.add(comment)
        elif name != "readers_replies":
            assert comment not in self.withdrawn, "it was withdrawn before"
        if response.request.method == "GET":
            for shown in _comments(response.json()):
                assert shown["id"] not in self.withdrawn or "removed" in shown, "a withdrawn comment is shown"
        return None


@schemathesis.check
def a_published_comment_can_be_read(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """What was just published is found where its answer says."""
    if case.operation.definition.raw["operationId"] != "readers_post" or response.status_code != 201:
        return None
    # A retry is answered as the first time, with the comment as it is now.
    if response.json()["comment"]["status"] == "published":
        (where,) = response.headers["location"]
        assert Client(case.operation.app).get(where).status_code == 200, f"nothing at {where}"
    return None


def _has_floats(part: Any) -> bool:
    if isinstance(part, dict):
        part = list(part.values())
    return any(_has_floats(one) for one in part) if isinstance(part, list) else isinstance(part, float)


def _comments(part: Any) -> list[dict[str, Any]]:
    """All comments anywhere in an answer."""
    if isinstance(part, list):
        return [comment for one in part for comment in _comments(one)]
    if not isinstance(part, dict):
        return []
    inner = [comment for one in part.values() for comment in _comments(one)]
    return [part, *inner] if "created_at" in part else inner
