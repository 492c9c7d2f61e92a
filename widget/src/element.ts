// <comments-thread>: the element that a page embeds; its attributes are its interface.

import { asker, type Page } from "./api";
import { fill, h } from "./dom";
import { languageOf } from "./language";
import { openStore } from "./store";
import text from "./styles.css";
import { openThread, type Thread } from "./thread";
import { Word } from "./words";

const ATTRIBUTES = ["site", "slug", "service", "sort", "theme", "load", "rules", "privacy", "contact"];

let sheet: CSSStyleSheet | undefined;

export class CommentsThread extends HTMLElement {
  static observedAttributes = ["site", "slug", "service", "lang"];

  private readonly _root = rooted(this);
  private _life?: AbortController | null;
  private _thread?: Thread | null;

  connectedCallback(): void {
    void this._start();
  }

  disconnectedCallback(): void {
    this._stop();
  }

  attributeChangedCallback(_name: string, before: string | null, after: string | null): void {
    // Several attributes often change together: one new start for all of them.
    if (!this._life || before === after) return;
    this._stop();
    queueMicrotask(() => this.isConnected && !this._life && this._start());
  }

  /** Asks the service for the thread again. */
  async reload(): Promise<void> {
    await this._thread?._load();
  }

  /** The one road to the network; a page may replace it. */
  fetch(input: string, init?: RequestInit): Promise<Response> {
    return window.fetch(input, init);
  }

  private async _start(): Promise<void> {
    const { _root: root } = this;
    const { signal } = (this._life = new AbortController());
    const { load, site, slug } = this;
    const sort = this.sort || "newest";
    const service = serviceOf(this);
    if (!site || !slug) {
      const sentence = `comments-thread needs a ${site ? "slug" : "site"} attribute.`;
      fill(root, h("p.error", { role: "alert" }, sentence));
      return void dispatch(this, "error", { problem: new Error(sentence) });
    }
    if (load === "click") {
      const words = (await languageOf(this, service))._say(Word.show);
      await new Promise((click) => fill(root, h("button.outline wide", { click }, words)));
    }
    if (load === "lazy") {
      if (!root.firstChild) fill(root, h("slot"));
      await new Promise<void>((near) => {
        const watcher = new IntersectionObserver(([entry]) => entry!.isIntersecting && near(), { rootMargin: "600px" });
        watcher.observe(this);
        signal.addEventListener("abort", () => watcher.disconnect());
      });
    }
    if (signal.aborted) return;
    const ask = asker(`${service}/api/v1/sites/${encodeURIComponent(site)}/`, (input, init) => this.fetch(input, init), signal);
    // The words may be on their way at the same time, unless only the answer says which.
    const page = ask<Page>("comments", { slug, sort }, {});
    const language = await languageOf(this, service, page.then(({ policy }) => policy.language, () => ""));
    if (signal.aborted) return;
    const place = {
      _host: this,
      _root: root,
      _slug: slug,
      _ask: ask,
      _store: openStore(`comments:${service}/${site}`),
      _language: language,
      _say: language._say,
      _signal: signal,
      _emit: (name: string, detail = {}, cancelable = false) => !signal.aborted && dispatch(this, name, detail, cancelable),
    };
    this._thread = openThread(place, sort);
    await this._thread._load(page);
  }

  private _stop(): void {
    this._life?.abort();
    this._life = this._thread = null;
    fill(this._root);
  }
}

export interface CommentsThread {
  site: string;
  slug: string;
  sort: string;
  load: string;
}

reflect(CommentsThread, ATTRIBUTES);

/** An element's shadow root, with the style sheet; what the service drew into it stays. */
export function rooted(element: HTMLElement): ShadowRoot {
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
  }
  root.adoptedStyleSheets = [sheet];
  return root;
}

/** Gives each attribute a property of the same name. */
export function reflect({ prototype }: { prototype: HTMLElement }, names: string[]): void {
  for (const name of names) {
    Object.defineProperty(prototype, name, {
      get(this: HTMLElement) {
        return this.getAttribute(name) ?? "";
      },
      set(this: HTMLElement, value: string) {
        this.setAttribute(name, value);
      },
    });
  }
}

/** The service's origin: where this script came from, unless the element names another. */
export function serviceOf(element: Element): string {
  return (element.getAttribute("service") || new URL(import.meta.url).origin).replace(/\/+$/, "");
}

/** Dispatches `comments:<name>`; false when a listener cancelled it. */
export function dispatch(element: Element, name: string, detail: object, cancelable = false): boolean {
  return element.dispatchEvent(new CustomEvent(`comments:${name}`, { detail, cancelable, bubbles: true, composed: true }));
}
