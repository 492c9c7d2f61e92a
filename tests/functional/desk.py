"""A moderator's place at the real server, and a little work for it."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from comments_service import people, sites
from comments_service.identity import Signer
from comments_service.web.moderators.access import COOKIE
from tests.app import ORIGIN, Live
from tests.databases import SECRET

SIGNER = Signer(SECRET)
BODY = "A remark of {} on the tarn.\n\nAnd one more thing."


class Desk:
    """A moderator's place at the server."""

    def __init__(self, live: Live, person: str) -> None:
        self.live = live
        self.person = person

    @property
    def link(self) -> str:
        """A fresh one, as each is good for one sign-in."""
        secret = self.live.write(lambda session: people.make_link(session, SIGNER, self.person))
        return f"{self.live.url}/moderate/sign-in?token={secret}"

    def sign_in(self, page: Page) -> None:
        page.goto(self.link)
        expect(page.get_by_role("heading", name="Sign in as Mara")).to_be_visible()
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/moderate/")

    def come_back(self, page: Page) -> None:
        """In a browser that was signed in before."""

        def work(session: Session) -> str:
            return people.use_link(session, SIGNER, people.make_link(session, SIGNER, self.person))

        page.context.add_cookies([{"name": COOKIE, "value": self.live.write(work), "url": self.live.url}])
        page.goto(f"{self.live.url}/moderate/")


class Work(Desk):
    """A premoderated site of one test's own, where three comments wait for its moderator."""

    def __init__(self, live: Live, site: str) -> None:
        super().__init__(live, f"Mara of {site}")
        self.site = site
        live.write(self.prepare)
        for name in ("Ann", "Ben", "Cleo"):
            live.api(f"{site}/comments", {"slug": "tarn", "name": name, "body": BODY.format(name)})

    def prepare(self, session: Session) -> None:
        policy = {"mode": "premoderated"}
        sites.add(session, key=self.site, name=self.site, origins=[ORIGIN], policy=policy)
        people.add(session, name=self.person, sites=[self.site], role="admin")

    def published(self) -> list[str]:
        """Who is published, as readers see it."""
        comments = self.live.api(f"{self.site}/comments", slug="tarn", sort="oldest")["comments"]
        return [comment["name"] for comment in comments]
