"""Runs Schemathesis in this process: all its phases against the WSGI application, as one kind of person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from tests.fuzz import checks

SEED = 20261122
# How often a value that leads somewhere is taken instead of any that is allowed.
KNOWN = 0.7
PHASES = ("examples", "coverage", "fuzzing", "stateful")
# What is at odds with the contract, which wins; all other checks of Schemathesis apply.
CHECKS: dict[str, Any] = {
    # Its own probes do not reach an application in this process; `checks.needs_a_token` asks the same.
    "ignored_auth": {"enabled": False},
    # Too large a text may make too large a request, and a token comes before what is sent.
    "negative_data_rejection": {
        "expected-statuses": ["400", "401", "403", "404", "405", "409", "411", "413", "415", "422"]
    },
    # A withdrawal ends a comment, too, and is no DELETE; see `checks.a_published_comment_can_be_read`.
    "ensure_resource_availability": {"enabled": False},
    # Nothing is created under an address of its own, but comments, which are others' to remove.
    "object_level_authorization": {"enabled": False},
}


@dataclass
class Outcome:
    """What came of a run: requests by phase, by operation and status; and what was wrong, once per kind."""

    sent: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Counter[int]] = field(default_factory=dict)
    wrong: dict[tuple[str, ...], str] = field(default_factory=dict)

    def without(self, *statuses: int) -> list[str]:
        """The operations, by their ids, that were never answered with one of the statuses."""
        return [name for name, answered in self.answers.items() if not set(statuses) & set(answered)]


def ask(
    app: Flask,
    *,
    examples: int,
    steps: int,
    headers: Mapping[str, str],
    known: Mapping[str, Sequence[str | int]],
    tag: str,
    also: Sequence[str] = (),
) -> Outcome:
    """Send what all phases make: per operation `examples` random requests, and chains of `steps` by links.

    `known` are values that lead somewhere, such as ids by `path.comment`. Asked are the
    operations of a `tag`, and those whose ids are in `also`.
    """
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "cache": {"enabled": False},
            "continue-on-failure": True,
            "checks": CHECKS,
            # What goes through a proxy compressed is the same answer, and this client reads none.
            "headers": {"Accept-Encoding": "identity", **headers},
            "dictionaries": {name: {"values": list(values)} for name, values in known.items()},
            "parameters": {name: {"dictionary": name, "probability": KNOWN} for name in known},
            # A change of the code would change what is sent.
            "analysis": {"constants": {"enabled": False}},
            "generation": {"max-examples": examples, "database": "none", "no-shrink": True},
            "phases": {"stateful": {"max-steps": steps, "generation": {"max-examples": 4 * examples}}},
        }
    )
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)
    schema.validate()
    schema.hook("filter_failure")(checks.matters)
    chosen = schema.include(tag=tag)
    if also:
        chosen = chosen.include(operation_id=list(also))
    outcome = Outcome()
    for event in from_schema(chosen).execute():
        _note(outcome, event)
    return outcome


def _note(outcome: Outcome, event: events.EngineEvent) -> None:
    if isinstance(event, events.NonFatalError):
        outcome.wrong["engine", str(event.label)] = str(event.info)
    if isinstance(event, events.FatalError):
        outcome.wrong["engine",] = repr(event.exception)
    if not isinstance(event, events.ScenarioFinished):
        return
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        operation = recorder.cases[case_id].value.operation
        name = operation.definition.raw["operationId"]
        status = interaction.response.status_code if interaction.response is not None else 0
        outcome.sent[event.phase.value] += 1
        if interaction.request.method == operation.method.upper():
            outcome.answers.setdefault(name, Counter())[status] += 1
        for check in recorder.checks.get(case_id, ()):
            if check.failure_info is not None:
                failure = check.failure_info.failure
                key = (check.name, failure.title, name, str(status))
                outcome.wrong.setdefault(key, f"{failure.message}\n{check.failure_info.code_sample}")
