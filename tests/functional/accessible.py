"""Looks for faults of accessibility with axe, in the ways that people see a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Page, ViewportSize

from tests.servers import programs

RUN = """async (rules) => {
  const options = { resultTypes: ["violations"], elementRef: false, preload: false, selectors: false };
  if (rules) options.runOnly = rules;
  const found = await axe.run(document, options);
  return found.violations.flatMap((fault) => fault.nodes.map(
    (node) => `${fault.id}: ${fault.help}\\n    ${node.html.slice(0, 200)}\\n    ${node.failureSummary}`));
}"""


OF_COLOURS = ["color-contrast", "link-in-text-block"]


@dataclass(frozen=True)
class Look:
    """A width and a way of colouring."""

    name: str
    size: ViewportSize
    scheme: Literal["light", "dark"]
    forced: Literal["active", "none"] = "none"

    def put_on(self, page: Page) -> None:
        """Show the page this way."""
        page.set_viewport_size(self.size)
        # Without motion, as a colour that still fades from one look to the next has no contrast of its own.
        page.emulate_media(color_scheme=self.scheme, forced_colors=self.forced, reduced_motion="reduce")


DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
LOOKS = (
    Look("desktop light", DESKTOP, "light"),
    Look("desktop dark", DESKTOP, "dark"),
    Look("desktop forced", DESKTOP, "dark", "active"),
    Look("phone light", PHONE, "light"),
    Look("phone dark", PHONE, "dark"),
    Look("phone forced", PHONE, "light", "active"),
)


def bring_axe(page: Page) -> None:
    """Have axe in all that this page opens from now on. Skips where axe is not installed."""
    page.add_init_script(path=programs.need("axe"))


def faults(page: Page, looks: tuple[Look, ...] = LOOKS) -> Iterator[str]:
    """What axe finds in the page as it stands: by all rules in the first look, by colours in the rest.

    The looks are of one width; the page was opened after `bring_axe`.
    """
    for number, look in enumerate(looks):
        look.put_on(page)
        # Other colours change nothing but colours.
        for fault in page.evaluate(RUN, None if number == 0 else OF_COLOURS):
            yield f"{page.url}, {look.name}: {fault}"
