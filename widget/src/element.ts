// <comments-thread>: the element that a page embeds; its attributes are its interface.

import { Api } from "./api";
import { Clock } from "./clock";
import type { Context } from "./context";
import { fill, h } from "./dom";
import { Language } from "./language";
import { Store } from "./storage";
import { sheets } from "./sheet";
import { sortOf, ThreadView } from "./thread";

const ATTRIBUTES = ["site", "slug", "service", "sort", "lang", "theme", "load", "rules", "privacy", "contact"] as const;

export class CommentsThread extends HTMLElement {
  static observedAttributes = ["site", "slug", "service", "lang"];

  private readonly _root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
  private _life = new AbortController();
  private _view: ThreadView | null = null;
  private _started = false; // attributes that are there from the beginning are read by the start
  private _queued = false;

  connectedCallback(): void {
    this._root.adoptedStyleSheets = sheets();
    this._start();
  }

  disconnectedCallback(): void {
    this._stop();
  }

  attributeChangedCallback(_name: string, before: string | null, after: string | null): void {
    // Several attributes often change together: one new start for all of them.
    if (!this._started || before === after || this._queued) return;
    this._queued = true;
    queueMicrotask(() => {
      this._queued = false;
      if (!this._started) return;
      this._stop();
      this._start();
    });
  }

  /** Asks the service for the thread again. */
  reload(): Promise<void> {
    return this._view?.load() ?? Promise.resolve();
  }

  /** The one road to the network; a page may replace it. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    return window.fetch(input, init);
  }

  private _start(): void {
    this._started = true;
    const missing = (["site", "slug"] as const).find((name) => !this.getAttribute(name)?.trim());
    const language = languageOf(this);
    if (missing) return this._complain(language.say("missing", { name: missing }));
    this._life = new AbortController();
    const begin = () => this._open(language);
    const load = this.getAttribute("load");
    if (load === "click") this._offer(language, begin);
    else if (load === "lazy") this._await(begin);
    else begin();
  }

  private _open(language: Language): void {
    const { signal } = this._life;
    const service = serviceOf(this);
    const site = this.getAttribute("site")!.trim();
    const status = h("div", { role: "status", class: "unseen" });
    const context: Context = {
      service,
      site,
      slug: this.getAttribute("slug")!,
      host: this,
      root: this._root,
      api: new Api(service, site, (input, init) => this.fetch(input, init), signal),
      store: new Store(`comments:${service}/${site}`),
      clock: new Clock(signal),
      language,
      say: (word, places) => language.say(word, places),
      signal,
      emit: (name, detail, cancelable) => this._emit(name, detail, cancelable),
      announce: (sentence) => fill(status, sentence),
    };
    fill(this._root, status);
    this._view = new ThreadView(context, sortOf(this.getAttribute("sort")));
    void this._view.load();
  }

  private _stop(): void {
    this._started = false;
    this._life.abort();
    this._view = null;
    fill(this._root);
  }

  private _offer(language: Language, begin: () => void): void {
    const show = h("button", { type: "button", class: "outline wide", click: begin }, language.say("show"));
    fill(this._root, show);
  }

  private _await(begin: () => void): void {
    const watcher = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        watcher.disconnect();
        begin();
      },
      { rootMargin: "600px" },
    );
    this._life.signal.addEventListener("abort", () => watcher.disconnect());
    fill(this._root, h("slot"));
    watcher.observe(this);
  }

  private _complain(sentence: string): void {
    fill(this._root, h("p", { class: "error", role: "alert" }, sentence));
    this._emit("error", { problem: new Error(sentence) });
  }

  private _emit(name: string, detail: object = {}, cancelable = false): boolean {
    return dispatch(this, name, detail, cancelable);
  }
}

export interface CommentsThread extends Record<Exclude<(typeof ATTRIBUTES)[number], "lang">, string> {}

reflect(CommentsThread.prototype, ATTRIBUTES);

/** Gives each attribute a property of the same name. */
export function reflect(prototype: HTMLElement, names: readonly string[]): void {
  for (const name of names) {
    if (name === "lang") continue; // the platform has it
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
  return (element.getAttribute("service") ?? new URL(import.meta.url).origin).replace(/\/+$/, "");
}

/** The nearest language that the page declares, else English. */
export function languageOf(element: Element): Language {
  return new Language(element.closest<HTMLElement>("[lang]")?.lang || "en");
}

/** Dispatches `comments:<name>`; false when a listener cancelled it. */
export function dispatch(element: Element, name: string, detail: object, cancelable = false): boolean {
  return element.dispatchEvent(new CustomEvent(`comments:${name}`, { detail, cancelable, bubbles: true, composed: true }));
}
