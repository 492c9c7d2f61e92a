"""The element and its page: events and methods as documented, and no trust in what surrounds it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.servers.chromium import PageErrors
from tests.widget.host import Host, Newspaper
from tests.widget.reader import Reader

Arrive = Callable[..., Reader]

REFERENCE = Path(__file__).parents[2] / "docs" / "embedding" / "reference.md"
README = REFERENCE.with_name("README.md")

TOLD = """window.told = [];
for (const name of ["ready", "load", "submit", "post", "vote", "report", "count", "error"])
    document.addEventListener("comments:" + name, ({ detail }) => told.push([name, Object.keys(detail)]));"""


HOSTILE = "<img src=x onerror=alert(1)>"

# Storage is forbidden, as in a frame without rights; violations are kept.
SURROUNDED = f"""window.name = "{HOSTILE}";
window.broken = [];
document.addEventListener("securitypolicyviolation", (event) => broken.push(event.violatedDirective));
const get = () => {{ throw new DOMException("no", "SecurityError") }};
Object.defineProperty(window, "localStorage", {{ get }});"""


def test_the_examples_of_the_reference_work(reader: Arrive, page_errors: PageErrors) -> None:
    page_errors.expect("/nowhere/api/")
    visitor = reader().open()
    methods, events = re.findall(r"```js\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), re.DOTALL)
    visitor.page.evaluate(
        """const link = document.createElement("a");
        link.id = "comments-link";
        document.querySelector("main").append(link);
        window.mayWrite = (name) => name !== "Nobody";"""
    )
    visitor.page.evaluate(events)
    visitor.start()
    visitor.type("Not from me.", name="Nobody").press("Post comment")
    visitor.type("From me.", name="Wren").press("Post comment")
    visitor.seen("From me.")
    expect(visitor.page.locator("#comments-link")).to_have_text("1 comments")
    assert [root["name"] for root in visitor.published()] == ["Wren"]
    # Another road to the network: here, one on which nothing answers.
    service = visitor.service.url
    methods = methods.replace("https://comments.example.org", service).replace(
        "/comments", service + "/nowhere"
    )
    visitor.page.evaluate(f"(async () => {{ {methods} }})()")
    assert any("/nowhere/api/v1/sites/horizons/comments" in line for line in visitor.asked)


def test_every_event_tells_what_is_documented(reader: Arrive, page_errors: PageErrors) -> None:
    page_errors.expect("422")
    visitor = reader()
    visitor.post_elsewhere("Somebody else's.")
    visitor.page.add_init_script(TOLD)
    visitor.open()
    visitor.press("Vote up")
    expect(visitor.page.get_by_role("button", name="Vote up")).to_have_attribute("aria-pressed", "true")
    visitor.press("Report this comment")
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_label("Off topic").check()
    dialog.get_by_role("button", name="Send report").click()
    dialog.get_by_role("button", name="Close").click()
    visitor.start()
    visitor.type("Mine.", name="x" * 61).press("Post comment")
    expect(visitor.page.get_by_label("Your name")).to_have_attribute("aria-invalid", "true")
    visitor.type("Mine.").press("Post comment")
    visitor.seen("Mine.")
    section = REFERENCE.read_text(encoding="utf-8").partition("\n## Events\n")[2]
    rows = re.findall(r"^\| `comments:(\w+)` \|[^|]*\| (.*?) \|$", section, re.MULTILINE)
    documented = {name: sorted(re.findall(r"`(\w+)`", keys)) for name, keys in rows}
    assert {name: sorted(keys) for name, keys in visitor.page.evaluate("told")} == documented


@pytest.fixture
def exact_policy(newspaper: Newspaper, monkeypatch: pytest.MonkeyPatch) -> str:
    """The policy of docs/embedding, word for word."""
    (policy,) = re.findall(r"```\n(default-src.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    policy = " ".join(policy.split()).replace("https://comments.example.org", newspaper.service.url)
    own_icon = "; img-src data:"
    monkeypatch.setattr(Host, "policy", lambda self, query: policy + own_icon)
    return policy


def test_what_surrounds_the_element_is_not_trusted(reader: Arrive, exact_policy: str) -> None:
    assert "trusted-types 'none'" in exact_policy
    visitor = reader(
        rules="javascript:alert(1)", privacy="data:text/html,x", contact=" vbscript:x", theme=HOSTILE
    )
    visitor.page.add_init_script(SURROUNDED)
    visitor.open(f"#comment-{HOSTILE}")
    visitor.page.evaluate("words => postMessage(words, '*')", HOSTILE)
    visitor.write(f"Said. {HOSTILE}", name="<b>Wren</b>")
    visitor.press("Edit")
    visitor.press("Preview")
    expect(visitor.page.locator("form .shown")).to_contain_text("onerror")
    visitor.press("Cancel")
    visitor.start()
    assert visitor.page.locator("form .foot a").count() == 0
    assert visitor.page.locator("comments-thread :is(img, script, b, iframe)").count() == 0
    assert visitor.page.evaluate("broken") == []
