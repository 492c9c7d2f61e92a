"""Makes the documents' pictures from a fresh demo: `python -m tests.functional.pictures [docs/pictures]`."""

from __future__ import annotations

import re
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

# Each part that the reference names: a frame around the first of them, and its name where no other stands.
# The smallest comes first: its name has little room that is near.
FRAMED = """(names) => {
    const root = document.querySelector("comments-thread").shadowRoot;
    const add = (tag, text, style) => {
        const made = Object.assign(document.createElement(tag), { textContent: text });
        Object.assign(made.style, { position: "absolute" }, style);
        document.body.append(made);
        return made;
    };
    const labels = [];
    const framed = names
        .map((name) => [name, root.querySelector(`[part~="${name}"]`)])
        .filter(([, part]) => part?.checkVisibility())
        .map(([name, part]) => [name, part.getBoundingClientRect()])
        .sort(([, one], [, other]) => one.width * one.height - other.width * other.height);
    for (const [name, { x, y, width, height }] of framed) {
        const px = (length) => `${length}px`;
        const box = { left: px(x - 2), top: px(y - 2), width: px(width + 4), height: px(height + 4) };
        add("div", "", { ...box, border: "1px solid #b3261e", boxSizing: "border-box" });
        const look = { background: "#b3261e", color: "#fff", padding: "0 4px", zIndex: 1 };
        const label = add("b", name, { ...look, font: "600 11px/13px sans-serif", top: px(y - 9) });
        const wide = label.offsetWidth;
        let left = x + width + 2 - wide;
        const isOver = ([other, across, down]) =>
            Math.abs(y - down) < 15 && left < across + other.offsetWidth + 2 && across < left + wide + 2;
        while (labels.some(isOver)) left -= 4;
        label.style.left = px(left);
        labels.push([label, left, y]);
    }
}"""

REFERENCE = Path(__file__).parents[2] / "docs" / "embedding" / "reference.md"


def main(folder: Path) -> None:
    """Write all pictures that docs/pictures/README.md names into `folder`."""
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

    take_looks(browser, demo, folder)

    nora = Moderator(opened(browser))
    nora.signs_in(demo.link)
    nora.opens_queue("Reported")
    nora.page.screenshot(path=folder / "moderate.png")
    nora.page.set_viewport_size(PHONE)
    nora.page.screenshot(path=folder / "moderate-phone.png")


def take_looks(browser: Browser, demo: Demo, folder: Path) -> None:
    """parts.png, styled.png, writing.png and report.png: what the reference of the elements shows."""
    narrow: ViewportSize = {"width": 584, "height": WHOLE_PAGE_HEIGHT}
    newspaper = f"http://127.0.0.1:{demo.port + 1}"
    reader = Reader(opened(browser), newspaper, "Wren Ross")
    reader.page.set_viewport_size(narrow)
    reader.open_article(ARTICLE)
    styling = REFERENCE.read_text(encoding="utf-8").partition("\n## Styling\n")[2]
    rules, *_ = re.findall(r"```css\n(.*?)```", styling, re.DOTALL)
    names = re.findall(r"`([a-z]+)`", styling.partition("| part |")[2])

    adopt = """rules => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(rules);
        document.adoptedStyleSheets = [sheet];
    }"""
    reader.page.evaluate(adopt, rules)
    writes_first(reader)
    shot(reader, folder / "styled.png")
    reader.page.evaluate(adopt, "")
    reader.form.get_by_role("button", name="Cancel").click()
    reader.starts_reply(reader.others().first)
    reader.writes("The *north* face is the right one.")
    reader.page.evaluate(FRAMED, names)
    shot(reader, folder / "parts.png")

    phone = Reader(browser.new_page(viewport=PHONE, color_scheme="dark"), newspaper, reader.name)
    phone.open_article(ARTICLE)
    writes_first(phone)
    phone.page.set_viewport_size({"width": PHONE["width"], "height": WHOLE_PAGE_HEIGHT})
    shot(phone, folder / "writing.png")
    phone.page.set_viewport_size(PHONE)
    phone.form.get_by_role("button", name="Cancel").click()
    phone.others().first.get_by_role("button", name="Report this comment").click()
    dialog = phone.page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Off topic").check()
    dialog.screenshot(path=folder / "report.png")


def writes_first(reader: Reader) -> None:
    """Has begun a conversation of their own."""
    with reader.opens_form():
        reader.thread.get_by_role("button", name="Leave a comment").click()
    reader.writes("My grandfather wound it **on Sundays**, and never on time.")


def shot(reader: Reader, file: Path) -> None:
    """The upper part of the conversation, down to the open form's button and one comment at least."""
    reader.page.evaluate("scrollTo(0, 0)")
    bottoms = [
        box["y"] + box["height"]
        for place in (
            reader.form.get_by_role("button", name="Post"),
            reader.thread.get_by_role("article").first,
        )
        if (box := place.bounding_box()) is not None
    ]
    whole = conversation(reader)
    clip: FloatRect = {**whole, "height": max(bottoms) + MARGIN / 2 - whole["y"]}
    reader.page.screenshot(path=file, full_page=True, clip=clip)


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
