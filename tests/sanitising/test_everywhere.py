"""What visitors control, in every place where it is shown: nothing comes alive in a real Chromium."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Browser

from comments_service import people
from comments_service.config import Settings
from comments_service.identity import Signer
from comments_service.text.render import render
from comments_service.web.moderators.access import COOKIE
from tests.app import UNLIMITED, Live, Service
from tests.databases import SECRET
from tests.sanitising.payloads import BODIES, SHORT, SPELLINGS, STRINGS, together
from tests.sanitising.watching import Watch
from tests.widget.host import Host, prepared

ROOTS, REPLIES = 24, 5  # of a thread's first page
# Two texts in each comment, so that all are on one page.
PAIRED = ["\n\n".join(BODIES[place : place + 2]) for place in range(0, len(BODIES), 2)]
SHOWN = len(PAIRED)
ATOM = "{http://www.w3.org/2005/Atom}"
TOLD = [text for text in STRINGS if text.isprintable()]
SLUGS = together(tuple(TOLD), 512)
NAMED = SLUGS[:2]
"""Of threads with a comment; the second has a title too."""
POLYGLOT = (
    "'\"></title></textarea></script></style></template>--><script>alert(1)</script><svg/onload=alert(1)>"
)
# As hostile as an address may be that mail can be sent to.
EMAIL = "o'x=`{{alert(1)}}@evil.example"

# Where browsers read markup by other rules than in a body; % stands for a comment.
CONTEXTS = (
    *("%", "<svg>%</svg>", "<svg><desc>%", "<svg><title>%", "<svg><foreignObject>%", "<svg><style>%</style>"),
    *(
        "<math>%</math>",
        "<math><mtext>%",
        "<math><mi><mglyph>%",
        "<math><annotation-xml encoding=text/html>%",
    ),
    *("<math><mtext><table><mglyph><style>%</style>", "<form><math><mtext></form><form><mglyph><style>%"),
    *("<table>%</table>", "<table><tr>%", "<table><colgroup>%", "<table><caption>%", "<table><svg>%"),
    *("<select>%</select>", "<select><option>%", "<noscript>%</noscript>", "<template>%</template>"),
    *(
        "<textarea>%</textarea>",
        "<style>%</style>",
        "<title>%</title>",
        "<xmp>%</xmp>",
        "<noembed>%</noembed>",
    ),
    *("<noframes>%</noframes>", "<listing>%</listing>", "<pre>%", "<a>%</a>", "<button>%", "<p>%", "<ul>%"),
    *("<svg><p><style>%", "<dl><dt>%", "<ruby><rt>%", "<marquee>%", "<object>%", "<b><p><code>%", "<!--%-->"),
    "<plaintext>%",
)
# Parsed with and without script, written out and parsed again: what a page, an editor or a mail program does.
INSERT = """async ([bodies, contexts]) => {
  let count = 0;
  const framed = document.createElement("iframe");
  const one = contexts.map((context) => context.replace("%", () => bodies[0]));
  framed.srcdoc = [...bodies, ...one].join("<hr>");
  await new Promise((loaded) => { framed.onload = loaded; document.body.append(framed); });
  const quiet = new Set("p br strong em s code pre blockquote ul ol li a hr".split(" "));
  const written = contexts.map((context) => context.replace("%", ""));
  const own = new Set(written.flatMap((markup) => {
    const place = document.createElement("template");
    place.innerHTML = markup;
    return [...place.content.querySelectorAll("*")].map((one) => one.localName);
  }).concat("tbody", "tr", "html", "head", "body", "parsererror"));
  const found = [];
  const strange = `:not(${[...quiet, ...own].join(",")})`;
  const leading = "[href]:not([href^='http://'], [href^='https://'], [href^='mailto:'])";
  const attributes = ".//*[@*[not(name() = 'href' or name() = 'rel' or name() = 'encoding')]]";
  const look = (root) => {
    const odd = root.querySelector(strange) ?? root.querySelector(leading);
    const first = odd ?? (root.ownerDocument ?? root).evaluate(attributes, root, null, 9).singleNodeValue;
    if (first) found.push(first.outerHTML.slice(0, 200));
    for (const one of root.querySelectorAll("template")) {
      place.innerHTML = "";
      place.append(one.content.cloneNode(true));
      look(place);
    }
  };
  const place = document.createElement("div");
  document.body.append(place);
  look(framed.contentDocument);
  framed.remove();
  for (const context of contexts) {
    for (const body of bodies) {
      const markup = context.replace("%", () => body);
      place.innerHTML = markup;
      look(place);
      place.innerHTML = place.innerHTML;
      place.innerHTML = new DOMParser().parseFromString(markup, "text/html").body.innerHTML;
      look(place);
      count += 1;
    }
  }
  place.remove();
  await new Promise((done) => setTimeout(done));
  return [count, found];
}"""


class Stage(NamedTuple):
    """A service full of hostile texts, a page that embeds it, and a browser that watches."""

    live: Live
    host: Host
    watch: Watch
    comment: int
    """A published one that holds every body; a reply to it, held and reported, does too."""
    own: str
    """The page of its author."""
    edited: int
    """A published one whose edit waits, and about which notices were sent: all of it hostile."""

    def look(self, path: str, **how: Any) -> None:
        self.watch.look(self.live.url + path, **how)


def test_what_is_alive_would_be_seen(stage: Stage) -> None:
    stage.watch.page.goto(f"{stage.host.origin}/v1.js")
    alive = '<div class="body"><p onclick="alert(1)">x<p id="hurt">x<p style="color:red">x</div>'
    stage.watch.evaluate("(html) => { document.body.innerHTML = html; }", alive)
    assert len(stage.watch.alive()) == 6
    with stage.watch.page.expect_event("dialog"):
        stage.watch.evaluate("(html) => { document.body.innerHTML = html; }", SHORT[4])
    assert stage.watch.happened == ["dialog: 1"]
    stage.watch.happened.clear()
    for body in ("<p onclick=alert(1)>x", "<img>", "<a href=javascript:alert(1)>x", "<p id=hurt>"):
        assert inserted(stage, [body], ["%"])[1] != []


def test_comments_are_inert_in_the_widget(stage: Stage) -> None:
    stage.watch.look(stage.host.address("a"), at_least=SHOWN)


def test_comments_are_inert_on_the_page_without_script(stage: Stage) -> None:
    stage.look("/sites/horizons/thread?slug=a", at_least=SHOWN)
    stage.look(f"/sites/horizons/thread/comments/{stage.comment}", at_least=1)


def test_comments_are_inert_in_the_fragment(stage: Stage) -> None:
    stage.look("/sites/horizons/fragment?slug=a", at_least=SHOWN)


def test_comments_are_inert_in_the_feed(stage: Stage) -> None:
    entries: list[ET.Element] = []
    path: str | None = "/sites/horizons/feed.atom?slug=a&limit=100"
    while path:
        _, _, text = stage.live.request(path)
        feed = ET.fromstring(text)
        entries += feed.iter(f"{ATOM}entry")
        further = feed.find(f"{ATOM}link[@rel='next']")
        path = None if further is None else further.get("href", "").removeprefix(stage.live.url)
    assert len(entries) == SHOWN
    told = [one for entry in entries for one in entry.iter() if one.get("type") == "html"]
    shown = [one.text or "" for one in told]
    assert len(shown) >= SHOWN
    assert inserted(stage, shown, ["%"]) == [len(shown), []]
    stage.watch.is_quiet()


def test_comments_names_and_reports_are_inert_on_the_moderators_card(stage: Stage) -> None:
    stage.look(f"/moderate/?queue=pending&comment={stage.comment + 1}")
    assert stage.watch.page.get_by_text("onerror=alert(1)").count() >= 10
    stage.look(f"/moderate/?queue=published&comment={stage.comment}")
    stage.look(f"/moderate/comments/{stage.comment}")
    stage.look("/moderate/threads")
    assert POLYGLOT in stage.watch.page.inner_text("main")
    for q in (POLYGLOT, "alert"):
        stage.look(f"/moderate/?{urlencode({'queue': 'published', 'q': q})}")


def test_edits_and_notices_are_inert_where_moderators_read_them(stage: Stage) -> None:
    # First as one of a group of near duplicates, then alone.
    stage.look(f"/moderate/?queue=pending&comment={stage.edited}")
    singly = stage.watch.page.get_by_role("link", name="Decide singly").get_attribute("href")
    stage.look(str(singly))
    for part in ("Changed by the edit", "Notices of illegal content"):
        assert stage.watch.page.get_by_role("heading", name=part).count() == 1
    stage.look(f"/moderate/comments/{stage.edited}")
    for path in ("log", "bans", "figures", "people", "settings"):
        stage.look(f"/moderate/{path}")


@pytest.mark.parametrize(("form", "field"), [("report", "text"), ("notice", "reason")])
def test_a_complaint_is_inert_where_it_is_written_and_refused(stage: Stage, form: str, field: str) -> None:
    stage.look(f"/sites/horizons/thread/comments/{stage.edited}/{form}")
    page = stage.watch.page
    page.evaluate("for (const form of document.forms) form.noValidate = true")
    page.locator(f"[name={field}]").fill(POLYGLOT * 20)  # too long, so that it is drawn again
    for name in ("name", "email"):
        for box in page.locator(f"input[name={name}]").all():
            box.fill(POLYGLOT)
    page.locator("form button").click()
    page.locator("[aria-invalid=true]").first.wait_for()
    assert POLYGLOT in page.locator(f"[name={field}]").input_value()
    stage.watch.is_quiet()


def test_the_authors_own_page_and_a_preview_are_inert(stage: Stage) -> None:
    stage.look(stage.own)
    stage.look(f"/sites/horizons/thread/comment?slug=c&parent={stage.comment}")
    stage.watch.page.locator("textarea").fill("\n\n".join(BODIES)[:9_000])
    stage.watch.page.locator("[name=name]").fill(SHORT[0])
    stage.watch.page.locator("button[value=preview]").click()
    # What is answered stands above the form from the beginning, and says the same.
    stage.watch.page.locator(".preview").get_by_text("alert(1)").first.wait_for()
    stage.watch.is_quiet()


@pytest.mark.parametrize("slug", NAMED, ids=["slug", "title"])
def test_slugs_and_titles_are_inert_wherever_a_thread_is_named(stage: Stage, slug: str) -> None:
    named = urlencode({"slug": slug})
    for path in ("thread", "fragment"):
        stage.look(f"/sites/horizons/{path}?{named}", at_least=1)
    stage.look(f"/sites/horizons/thread/comment?{named}")
    stage.watch.look(
        f"{stage.host.origin}/article?{urlencode({'site': 'horizons', 'slug': slug})}", at_least=1
    )
    _, _, text = stage.live.request(f"/sites/horizons/feed.atom?{named}")
    assert ET.fromstring(text).find(f"{ATOM}entry") is not None


def test_the_embedding_pages_query_and_hash_are_inert(stage: Stage) -> None:
    for text in (POLYGLOT, "comment-\"'><svg/onload=alert(1)>"):
        address = f"{stage.host.address('c')}&{urlencode({'title': text})}"
        stage.watch.look(f"{address}#{quote(text)}", at_least=1)
        stage.watch.look(f"{address}&#{text}", at_least=1)


def test_what_is_wrong_with_a_request_is_told_inertly(stage: Stage) -> None:
    text = f"javascript:alert(1)//{POLYGLOT}"
    told = quote(text, safe="")
    names = ("User-Agent", "Accept-Language", "Referer", "X-Forwarded-Host", "X-Request-Id")
    stage.watch.page.set_extra_http_headers(dict.fromkeys(names, text))
    for path in (
        f"/sites/{told}/thread?slug=a",
        f"/sites/horizons/{told}",
        f"/sites/horizons/thread?slug=a&sort={told}&cursor={told}",
        f"/sites/horizons/fragment?slug=a&{told}={told}",
        f"/api/v1/sites/horizons/comments?slug={told}",
        f"/moderate/sign-in?token={told}",
        f"/moderate/?queue={told}&site={told}&author={told}",
        f"/{told}",
    ):
        stage.look(path)
    stage.watch.page.set_extra_http_headers({})


def test_canonical_bodies_stay_so_in_every_context(stage: Stage) -> None:
    bodies = sorted({render(body).html for body in BODIES})
    stage.watch.page.goto(f"{stage.host.origin}/v1.js")
    assert inserted(stage, bodies, CONTEXTS) == [len(bodies) * len(CONTEXTS), []]
    assert stage.watch.happened == []


def inserted(stage: Stage, bodies: list[str], contexts: Any) -> Any:
    """How many insertions were made, and what was found that no policy allows."""
    return stage.watch.evaluate(INSERT, [bodies, list(contexts)])


@pytest.fixture(scope="module")
def stage(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Stage]:
    """All hostile texts, published, held and reported, for all tests of this module."""
    paper = prepared(migrated_file, tmp_path_factory.mktemp("stage"))
    comment, token, edited = Writer(paper.service, paper.token).write()
    paper.service.start(workers=1)
    watch = Watch(browser, (paper.service.url, paper.host.origin))
    secret = paper.service.write(
        lambda session: people.use_link(
            session, Signer(SECRET), people.make_link(session, Signer(SECRET), "Ada")
        )
    )
    watch.context.add_cookies([{"name": COOKIE, "value": secret, "url": paper.service.url}])
    own = f"/sites/horizons/thread/comments/{comment}/own?{urlencode({'edit_token': token})}"
    yield Stage(paper.service, paper.host, watch, comment, own, edited)
    watch.close()
    paper.service.stop()
    paper.host.close()


class Writer:
    """Fills the service's database, as readers and a moderator would."""

    def __init__(self, live: Live, token: str) -> None:
        storage = f"sqlitefile:///{live.folder / 'limits.db'}"
        url = live.environ["COMMENTS_DATABASE_URL"]
        settings = Settings(secret_key=SECRET, database_url=url, rate_limit_storage=storage, **UNLIMITED)  # type: ignore[arg-type]
        self.service, self.token = Service(settings), token
        self.service.set_policy(links_max=100)

    def publish(self, body: str, **fields: Any) -> dict[str, Any]:
        """Post it, and approve what a check held; the answer to the post."""
        answer: dict[str, Any] = self.service.post(body, **fields).get_json()
        comment = answer["comment"]
        if comment["status"] == "pending":
            judged = {"comment": comment["id"], "revision": 1, "from": "pending", "action": "approve"}
            assert self.service.decide(self.token, judged).get_json()["results"][0]["result"] == "done"
        return answer

    def converse(self, slug: str, bodies: Sequence[str]) -> None:
        """A thread whose first page shows them all."""
        parent: dict[str, int] = {}
        for number, body in enumerate(bodies):
            about = parent if number % (1 + REPLIES) else {}
            posted = self.publish(body, slug=slug, name=SHORT[number % len(SHORT)], **about)
            parent = about or {"parent": posted["comment"]["id"]}

    def name(self, slug: str, **changes: str) -> int:
        """The status of a moderator's change to what a thread is called and where its article stands."""
        path = f"/api/v1/sites/horizons/moderation/threads?{urlencode({'slug': slug})}"
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.service.client.patch(path, json=changes, headers=headers).status_code

    def complain(self, comment: int, text: str) -> None:
        said = {"reason": "other", "text": text}
        assert self.service.post_json(f"horizons/comments/{comment}/reports", said).status_code == 201

    def notify(self, comment: int, reason: str, name: str) -> None:
        sent = {"comment": comment, "reason": reason, "name": name, "email": EMAIL, "good_faith": True}
        assert self.service.post_json("horizons/notices", sent).status_code == 202

    def edit(self, comment: int, token: str, body: str) -> None:
        sent = {"body": body, "edit_token": token}
        edited = self.service.post_json(f"horizons/comments/{comment}/revisions", sent)
        assert edited.status_code == 202

    def write(self) -> tuple[int, str, int]:
        """Everything; the comment with all bodies, its edit token, and the one with an edit that waits."""
        whole = "\n\n".join(BODIES)[:10_000]
        answer = self.publish(whole, slug="c", name=SHORT[1])
        comment = int(answer["comment"]["id"])
        self.service.set_policy(words_held=["alert"])
        held = self.service.posted(whole, slug="c", name=SHORT[2], parent=comment)
        assert held["status"] == "pending"
        other = self.publish(whole, slug="e", name=SHORT[4])
        edited = int(other["comment"]["id"])
        self.edit(edited, other["edit_token"], "\n\n".join(reversed(BODIES))[:10_000])
        self.service.set_policy(words_held=[])
        for text, name in zip(together(STRINGS, 2_000), SHORT, strict=False):
            self.notify(edited, text, name)
        for text in (*together(STRINGS, 2_000), POLYGLOT):
            self.complain(comment, text)
        for slug in NAMED:
            self.publish(POLYGLOT, slug=slug, name=SHORT[3])
        assert self.name(NAMED[1], title=POLYGLOT + SLUGS[2][:150]) == 200
        assert {self.name(NAMED[1], url=address) for address in SPELLINGS} == {422}
        self.converse("a", PAIRED)
        self.service.close()
        return comment, str(answer["edit_token"]), edited
