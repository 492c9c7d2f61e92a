"""The description of the API: valid, complete, and its examples fit its shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask

from comments_service.config import Settings
from comments_service.web.api import documentation, links
from comments_service.web.api.documentation import METHODS
from comments_service.web.audience import ADMIN, AUTHOR, MODERATOR
from comments_service.web.problem_types import PROBLEM_TYPES
from comments_service.web.problems import CONTENT_TYPE
from tests.app import Service, new_author_key

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """One database is enough: that the service is the same on both is tested elsewhere."""
    return sqlite_url


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    return documentation.description()


def operations(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation by its id."""
    for item in spec["paths"].values():
        for method in METHODS:
            if method in item:
                yield item[method]["operationId"], item[method]


def resolved(spec: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The part itself, or what it refers to."""
    found = part
    if "$ref" in part:
        found = spec
        for word in part["$ref"].removeprefix("#/").split("/"):
            found = found[word]
    return found


def validator(spec: dict[str, Any], schema: dict[str, Any]) -> Any:
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": spec["components"]}
    return jsonschema_rs.validator_for(whole | schema, validate_formats=True)


def contents(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body that is sent or answered, with where it stands."""
    for name, operation in operations(spec):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} {kind}", content
        for status, response in operation["responses"].items():
            for kind, content in resolved(spec, response).get("content", {}).items():
                yield f"{name} {status} {kind}", content


def test_the_description_is_served_as_it_is(service: Service, spec: dict[str, Any]) -> None:
    served = service.get("/openapi.json").get_json()
    assert served["openapi"] == "3.1.0"
    assert served == service.app.json.loads(service.app.json.dumps(spec))


def test_starting_does_not_make_the_description() -> None:
    documentation.description.cache_clear()
    documentation.init_app(Flask("bare"))
    assert documentation.description.cache_info().currsize == 0


def test_every_reference_leads_somewhere_and_every_component_is_used(spec: dict[str, Any]) -> None:
    used = set()

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str) and part["$ref"] not in used:
                used.add(part["$ref"])
                walk(resolved(spec, part))
            for one in part.values():
                walk(one)
        elif isinstance(part, list):
            for one in part:
                walk(one)

    walk(spec["paths"])
    kinds = ("schemas", "headers", "responses")
    assert used == {f"#/components/{kind}/{name}" for kind in kinds for name in spec["components"][kind]}


def test_every_body_has_an_example_that_fits_its_shape(spec: dict[str, Any]) -> None:
    for where, content in contents(spec):
        examples = [one["value"] for one in content.get("examples", {}).values()]
        examples += [content["example"]] if "example" in content else []
        if "x-ndjson" in where or "csv" in where:
            continue
        assert examples, where
        check = validator(spec, content["schema"])
        for example in examples:
            assert list(check.iter_errors(example)) == [], (where, example)


def test_every_parameter_that_must_be_given_has_an_example_that_fits(spec: dict[str, Any]) -> None:
    for item in spec["paths"].values():
        for part in (item, *(item[method] for method in METHODS if method in item)):
            for parameter in part.get("parameters", ()):
                assert "example" in parameter or not parameter.get("required"), parameter
                if "example" in parameter:
                    assert validator(spec, parameter["schema"]).is_valid(parameter["example"]), parameter


def test_every_route_of_the_api_is_described(service: Service, spec: dict[str, Any]) -> None:
    described = {
        (path, method) for path, item in spec["paths"].items() for method in METHODS if method in item
    }
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in service.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    assert described == routes


def test_writes_take_forms_beside_json(spec: dict[str, Any]) -> None:
    for name, operation in operations(spec):
        if "requestBody" in operation:
            kinds = set(operation["requestBody"]["content"])
            # A form cannot say what is in a list of objects.
            assert kinds == ({JSON} if name == "moderation_decide" else {JSON, FORM}), name


def test_moderators_operations_need_a_token_and_say_whose(spec: dict[str, Any]) -> None:
    for name, operation in operations(spec):
        is_moderators = operation["x-audience"] in (MODERATOR, ADMIN)
        assert ("security" in operation) == is_moderators, name
        assert ("401" in operation["responses"]) == is_moderators, name
        assert is_moderators == name.startswith("moderation_"), name
    assert dict(operations(spec))["readers_vote"]["x-audience"] == AUTHOR


def test_every_problem_of_the_api_is_an_answer_of_some_operation(spec: dict[str, Any]) -> None:
    described = {
        code
        for response in spec["components"]["responses"].values()
        for code in response["content"][CONTENT_TYPE]["examples"]
    }
    # No operation's own: another method, what only commands and faults of ours answer.
    apart = {"method_not_allowed", "internal", "refused", "conflict"}
    assert described == {one.code for one in PROBLEM_TYPES} - apart


def test_what_goes_with_a_status_is_described(spec: dict[str, Any]) -> None:
    for name, operation in operations(spec):
        for status, response in operation["responses"].items():
            headers = set(resolved(spec, response).get("headers", {}))
            if status in ("429", "503"):
                assert "Retry-After" in headers, name
            if status == "429":
                assert {"RateLimit", "RateLimit-Policy"} <= headers, name
            if status == "304":
                assert "ETag" in headers, name
                assert "ETag" in operation["responses"]["200"]["headers"], name


def test_links_lead_to_operations_and_name_their_parameters(spec: dict[str, Any]) -> None:
    known = dict(operations(spec))
    paths = {
        item[method]["operationId"]: [*item.get("parameters", ()), *item[method].get("parameters", ())]
        for item in spec["paths"].values()
        for method in METHODS
        if method in item
    }
    for (source, status), those in links.LINKS.items():
        assert known[source]["responses"][status]["links"] == those
        for link in those.values():
            names = {one["name"] for one in paths[link["operationId"]]}
            required = {one["name"] for one in paths[link["operationId"]] if one.get("required")}
            assert required <= set(link["parameters"]) <= names, (source, link)


def test_a_published_comment_says_where_it_can_be_read(horizons: Service) -> None:
    answer = horizons.post("Deep.", author_key=new_author_key())
    assert answer.status_code == 201
    found = horizons.get(answer.headers["Location"])
    assert found.get_json()["comment"]["id"] == answer.get_json()["comment"]["id"]


def test_a_comment_that_waits_can_be_read_nowhere(horizons: Service) -> None:
    horizons.set_policy(mode="premoderated")
    answer = horizons.post("Deep.")
    assert answer.status_code == 202
    assert "Location" not in answer.headers


def test_answers_of_rare_days_keep_to_the_description(
    spec: dict[str, Any], horizons: Service, settings: Settings
) -> None:
    horizons.set_policy(mode="closed")
    site = "/api/v1/sites/horizons"
    words = {"slug": "tarn", "name": "Wren", "body": "Deep."}
    limited = Service(replace(settings, limit_post="1 per year"))
    limited.post()
    full = Service(settings)
    full.app.extensions["comments_gate"].admit(0)
    try:
        answers = {
            "400": horizons.client.post(f"{site}/comments", data=b"{", content_type=JSON),
            "403": horizons.post_json(f"{site}/comments", words),
            "411": horizons.client.post(f"{site}/comments", headers={"Transfer-Encoding": "chunked"}),
            "413": horizons.client.post(f"{site}/comments", data=b"x" * 70_000, content_type=JSON),
            "415": horizons.client.post(f"{site}/comments", data=b"x", content_type="text/plain"),
            "429": limited.post(),
            "503": full.post(),
        }
    finally:
        limited.close()
        full.close()
    described = dict(operations(spec))["readers_post"]["responses"]
    for status, answer in answers.items():
        assert answer.status_code == int(status)
        response = resolved(spec, described[status])
        schema = response["content"][answer.content_type]["schema"]
        assert list(validator(spec, schema).iter_errors(answer.get_json())) == []
        for name, header in response.get("headers", {}).items():
            assert name in answer.headers, (status, name)
            value: Any = answer.headers[name]
            value = int(value) if name == "Retry-After" else value
            assert validator(spec, resolved(spec, header)["schema"]).is_valid(value)
