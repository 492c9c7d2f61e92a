// <comments-count>: the number of comments of one article; all of a page's elements share one request.

import { asker } from "./api";
import { fill, h } from "./dom";
import { dispatch, reflect, rooted, serviceOf } from "./element";
import { languageOf } from "./language";
import { Word } from "./words";

const ATTRIBUTES = ["site", "slug", "service", "format"];
const MOST = 100; // slugs that the service takes in one request

const waiting = new Set<CommentsCount>();

export class CommentsCount extends HTMLElement {
  static observedAttributes = [...ATTRIBUTES, "lang"];

  readonly _root = rooted(this);

  connectedCallback(): void {
    if (!this._root.firstChild) fill(this._root, h("slot"));
    enqueue(this);
  }

  disconnectedCallback(): void {
    waiting.delete(this);
  }

  attributeChangedCallback(): void {
    if (this.isConnected) enqueue(this);
  }
}

export interface CommentsCount {
  site: string;
  slug: string;
  format: string;
}

reflect(CommentsCount, ATTRIBUTES);

function enqueue(element: CommentsCount): void {
  if (!waiting.size) queueMicrotask(askAll);
  waiting.add(element);
}

function askAll(): void {
  const groups = Map.groupBy(waiting, (element) => `${serviceOf(element)}/api/v1/sites/${encodeURIComponent(element.site)}/`);
  waiting.clear();
  for (const [address, group] of groups) {
    const slugs = [...new Set(group.map(({ slug }) => slug))];
    while (slugs.length) void askOne(address, group, slugs.splice(0, MOST));
  }
}

async function askOne(address: string, group: CommentsCount[], slugs: string[]): Promise<void> {
  const ask = asker(address, fetch);
  const counted = ask<{ counts: Record<string, number> }>("counts?" + new URLSearchParams(slugs.map((slug) => ["slug", slug])), {}, {});
  for (const element of group.filter(({ slug }) => slugs.includes(slug))) {
    try {
      const language = await languageOf(element, serviceOf(element));
      const count = (await counted).counts[element.slug] ?? 0;
      const words = count ? language._say(Word.count, count) : language._say(Word.none);
      fill(element._root, h("span.count", element.format === "number" ? language._number(count) : words));
    } catch (problem) {
      dispatch(element, "error", { problem });
    }
  }
}
