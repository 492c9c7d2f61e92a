"""`v1.d.ts` as a site with TypeScript uses it: what is promised compiles, and mistakes do not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.servers import programs
from tests.widget.host import STATIC

CONSUMER = """
import type { Comment, CommentsThread, Problem } from "./v1";

const thread: CommentsThread = document.createElement("comments-thread");
thread.site = "horizons";
thread.slug = "politics/coalition-talks";
thread.sort = "best";
thread.theme = "dark";
thread.load = "lazy";
thread.service = thread.rules = thread.privacy = thread.contact = "";
thread.fetch = (input, init) => window.fetch(input, { ...init, credentials: "omit" });
const loaded: Promise<void> = thread.reload();
document.body.append(thread);

const counted = document.querySelector("comments-count");
if (counted) [counted.site, counted.slug, counted.service, counted.format] = ["horizons", "a", "", "number"];

const names: string[] = [];
document.addEventListener("comments:submit", (event) => {
  names.push(event.detail.name, event.detail.body.trim());
  if (event.detail.parent === null && event.detail.edit === null) event.preventDefault();
});
thread.addEventListener("comments:post", ({ detail }) => {
  const comment: Comment = detail.comment;
  if (comment.status === "pending" && !detail.edited) names.push(comment.badge ?? comment.name);
});
thread.addEventListener("comments:load", ({ detail }) => detail.count.toFixed() + detail.sort + detail.slug);
thread.addEventListener("comments:ready", ({ detail }) => detail.slug.trim());
thread.addEventListener("comments:vote", ({ detail }) => detail.score + detail.value + detail.id);
thread.addEventListener("comments:report", ({ detail }) => detail.reason + detail.id);
window.addEventListener("comments:count", ({ detail }) => detail.count.toFixed() + detail.slug);
document.addEventListener("comments:error", ({ detail: { problem } }) => {
  if ("status" in problem) told(problem);
});

function told({ detail, errors, status, wait }: Problem): string {
  const fields = errors.map(({ code, field, message }) => field + code + message);
  return `${detail} ${status} ${wait} ${fields.join()}`;
}

// @ts-expect-error
thread.sort = "hottest";
// @ts-expect-error
thread.slug = 7;
// @ts-expect-error
document.addEventListener("comments:vote", ({ detail }) => detail.weight);
// @ts-expect-error
thread.addEventListener("comments:count", ({ detail }: CustomEvent<string>) => detail);

export { loaded, names };
"""

STRICT = ["--strict", "--noUnusedLocals", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"]
OPTIONS = [
    "--noEmit",
    "--target",
    "es2022",
    "--module",
    "esnext",
    "--moduleResolution",
    "bundler",
    "--skipDefaultLibCheck",
]


def test_a_page_in_typescript_is_checked_against_the_types(tmp_path: Path) -> None:
    compiler = programs.need("typescript")
    shutil.copy(STATIC / "v1.d.ts", tmp_path)
    (tmp_path / "article.ts").write_text(CONSUMER, encoding="utf-8")
    command = [str(compiler), *STRICT, *OPTIONS, "article.ts"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == ""
    assert done.returncode == 0
