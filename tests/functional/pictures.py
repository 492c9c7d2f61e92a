"""Makes the documents' pictures from a fresh demo: `python -m tests.functional.pictures [docs/pictures]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page, ViewportSize

from tests.demo.runs import Demo, free_pair
from tests.functional.people import Moderator, Reader
from tests.servers import programs
from tests.servers.chromium import chromium

DESKTOP = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
ARTICLE = "Town clock will stay four minutes fast, council decides by one vote"
MARGIN = 24
# So much of the conversation shows what a thread looks like.
WHOLE_PAGE_HEIGHT = 6_000
CONVERSATION_HEIGHT = 1000


def main(folder: Path) -> None:
    """Write front.png, widget.png, moderate.png and moderate-phone.png into `folder`."""
    with tempfile.TemporaryDirectory() as place, chromium(programs.need("chromium")) as browser:
        demo = Demo(Path(place) / "demo", free_pair())
        try:
            demo.started()
            take(browser, demo, folder)
        finally:
            demo.stop()


def take(browser: Browser, demo: Demo, folder: Path) -> None:
    reader = Reader(opened(browser), f"http://127.0.0.1:{demo.port + 1}", "Reader")
    reader.open_front_page()
    reader.counts_told(ARTICLE)
    reader.page.screenshot(path=folder / "front.png")

    # What is out of view is not drawn (content-visibility): a window as high as the page shows it all.
    reader.page.set_viewport_size({"width": DESKTOP["width"], "height": WHOLE_PAGE_HEIGHT})
    reader.open_article(ARTICLE)
    reader.page.screenshot(path=folder / "widget.png", full_page=True, clip=conversation(reader))

    nora = Moderator(opened(browser))
    nora.signs_in(demo.link)
    nora.opens_queue("Reported")
    nora.page.screenshot(path=folder / "moderate.png")
    nora.page.set_viewport_size(PHONE)
    nora.page.screenshot(path=folder / "moderate-phone.png")


def opened(browser: Browser) -> Page:
    return browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]


def conversation(reader: Reader) -> FloatRect:
    """The heading, the line to write in, and the first comments, cut above one that would be halved."""
    top = reader.thread.bounding_box()
    assert top is not None
    bottoms = [
        box["y"] + box["height"]
        for article in reader.thread.get_by_role("article").all()
        if (box := article.bounding_box()) is not None
    ]
    end = max(bottom for bottom in bottoms if bottom <= top["y"] + CONVERSATION_HEIGHT)
    return {
        "x": top["x"] - MARGIN,
        "y": top["y"] - MARGIN,
        "width": top["width"] + 2 * MARGIN,
        "height": end - top["y"] + 2 * MARGIN,
    }


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures"))
