// <comments-count>: the number of comments of one article; all of a page's elements share one request.

import { fill, h } from "./dom";
import { dispatch, languageOf, reflect, serviceOf } from "./element";
import { sheets } from "./sheet";

const ATTRIBUTES = ["site", "slug", "service", "lang", "format"];
const MOST = 100; // slugs that the service takes in one request

const waiting = new Set<CommentsCount>();

export class CommentsCount extends HTMLElement {
  static observedAttributes = ATTRIBUTES;

  private readonly _root = this.shadowRoot ?? this.attachShadow({ mode: "open" });

  connectedCallback(): void {
    this._root.adoptedStyleSheets = sheets();
    if (!this._root.firstChild) fill(this._root, h("slot"));
    enqueue(this);
  }

  disconnectedCallback(): void {
    waiting.delete(this);
  }

  attributeChangedCallback(): void {
    if (this.isConnected) enqueue(this);
  }

  /** Where this element's number is asked for; null while an attribute is missing. */
  get address(): string | null {
    const site = this.getAttribute("site")?.trim();
    return site && this.getAttribute("slug")?.trim() ? `${serviceOf(this)}/api/v1/sites/${encodeURIComponent(site)}/counts` : null;
  }

  show(count: number): void {
    const language = languageOf(this);
    const words = count ? language.say("count", { n: count }) : language.say("count_none");
    const text = this.getAttribute("format") === "number" ? language.number(count) : words;
    fill(this._root, h("span", { part: "count" }, text));
  }

  fail(problem: unknown): void {
    dispatch(this, "error", { problem });
  }
}

reflect(CommentsCount.prototype, ATTRIBUTES);

function enqueue(element: CommentsCount): void {
  if (!waiting.size) queueMicrotask(ask);
  waiting.add(element);
}

function ask(): void {
  const elements = [...waiting];
  waiting.clear();
  for (const element of elements) if (!element.address) element.fail(new Error("comments-count needs a site and a slug attribute."));
  const asked = Map.groupBy(elements.filter((element) => element.address), (element) => element.address!);
  for (const [address, group] of asked) void askOne(address, group);
}

async function askOne(address: string, elements: CommentsCount[]): Promise<void> {
  const slugs = [...new Set(elements.map((element) => element.slug))];
  for (let start = 0; start < slugs.length; start += MOST) {
    const batch = slugs.slice(start, start + MOST);
    const concerned = elements.filter((element) => batch.includes(element.slug));
    try {
      const query = new URLSearchParams(batch.map((slug) => ["slug", slug]));
      const answer = await fetch(`${address}?${query}`, { credentials: "omit" });
      if (!answer.ok) throw new Error(`Status ${answer.status}`);
      const { counts } = (await answer.json()) as { counts: Record<string, number> };
      for (const element of concerned) element.show(counts[element.slug] ?? 0);
    } catch (problem) {
      for (const element of concerned) element.fail(problem);
    }
  }
}

export interface CommentsCount {
  site: string;
  slug: string;
  service: string;
  format: string;
}
