"""A site's settings: one form, made from the keys of the policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, request, url_for

from ... import sites as sites_verbs
from ...errors import Invalid, Refused
from ...models import Site
from ...models.policy import KEYS, Policy
from ..audience import ADMIN
from ..auth import write
from . import access, frame, phrases
from .access import open_to


@dataclass(frozen=True)
class Field:
    """One key of the policy as a field of the form."""

    name: str
    label: str
    why: str
    kind: str
    choices: Mapping[str, str]
    value: str
    fault: str = ""


# In the order of the page; every key of the policy has its place.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Who may comment, and when": ("mode", "threads", "close_after_days", "edit_minutes", "origins"),
    "What is read first": ("words_refused", "words_held", "links_max", "links_allowed", "name_reserved"),
    "Reports and programs": ("hide_after_reports", "form_token"),
    "What readers see": ("votes", "depth_drawn", "language", "rules_url", "privacy_url", "contact"),
    "Articles": ("article_url",),
}
LABELS = {
    "threads": "New threads",
    "origins": "Pages that may post",
    "article_url": "Address of an article",
    "words_refused": "Words that are refused",
    "words_held": "Words that are held",
    "links_max": "Links at most",
    "links_allowed": "Domains that may be linked",
    "edit_minutes": "Minutes to edit",
    "depth_drawn": "Depth of replies",
    "close_after_days": "Days until a thread closes",
    "form_token": "Form token",
    "hide_after_reports": "Reports that hide",
    "name_reserved": "Reserved names",
    "rules_url": "House rules",
    "privacy_url": "Privacy page",
}
# What choices mean, where the word alone does not say it.
CHOICES: Mapping[str, Mapping[str, str]] = {
    "mode": phrases.MODES,
    "threads": {
        "open": "open: a first comment makes one",
        "registered": "registered: only articles that the site registered",
    },
    "form_token": {"ignore": "ignore: it may be missing", "hold": "hold: without it a comment waits"},
}


def add_to(blueprint: Blueprint) -> None:
    """The routes of this module."""
    blueprint.add_url_rule("/settings", "settings", settings)
    blueprint.add_url_rule("/settings", "change_settings", change_settings, methods=["POST"])


@open_to(ADMIN)
def settings() -> str:
    """The policy of one of the sites that the person administers."""
    site = _chosen(request.args.get("site"))
    message = "The settings are saved." if request.args.get("done") else ""
    return _page(site, _fields(Policy.of(site).document(), {}), message=message)


@open_to(ADMIN)
def change_settings() -> Response:
    """Change a site's policy; when a value is not valid nothing is saved and each fault is named."""
    site = _chosen(request.form.get("site", ""))
    document = {name: _read(name, request.form[name]) for name in KEYS if name in request.form}
    try:
        write(lambda session: _set(session, site.key, document))
    except Invalid as error:
        faults = {one.field: one.message for one in error.errors}
        shown = {**Policy.of(site).document(), **document}
        return make_response(_page(site, _fields(shown, faults), faults=faults), 422)
    return Response(
        status=303, headers={"Location": url_for("moderators.settings", site=site.key, done="saved")}
    )


def _set(session: Any, site_key: str, document: Mapping[str, Any]) -> None:
    sites_verbs.set_policy(session, site_key, document)


def _chosen(key: str | None) -> Site:
    mine = access.administered()
    if not key:
        return mine[0]
    site = access.site_of(key)
    if site not in mine:
        raise Refused("Only an admin of this site may see and change its settings.")
    return site


def _page(site: Site, fields: Mapping[str, list[Field]], **values: Any) -> str:
    others = [
        {"name": other.name, "href": url_for("moderators.settings", site=other.key)}
        for other in access.administered()
        if other is not site
    ]
    return frame.rendered(
        "settings.html",
        view=frame.view(desk="settings"),
        site_name=site.name,
        site_key=site.key,
        others=others,
        groups=fields,
        **values,
    )


def _fields(document: Mapping[str, Any], faults: Mapping[str, str]) -> Mapping[str, list[Field]]:
    return {
        heading: [_field(name, document[name], faults.get(name, "")) for name in names]
        for heading, names in GROUPS.items()
    }


def _field(name: str, value: Any, fault: str) -> Field:
    key = KEYS[name]
    kind, words = _kind(key.type)
    choices = {word: CHOICES.get(name, {}).get(word, word) for word in words}
    shown = "\n".join(value) if isinstance(value, list) else str(value)
    return Field(name, LABELS.get(name, name.capitalize()), key.why, kind, choices, shown, fault)


def _kind(type_: str) -> tuple[str, tuple[str, ...]]:
    if "|" in type_:
        return "choice", tuple(type_.split("|"))
    if type_ in ("list", "text"):
        return type_, ()
    return "number", ()


def _read(name: str, text: str) -> Any:
    if KEYS[name].type == "list":
        return [line.strip() for line in text.splitlines() if line.strip()]
    return text.strip()
