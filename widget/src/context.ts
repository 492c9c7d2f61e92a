// What the parts of one thread share: where they are, what they may call, and how they speak.

import type { Api } from "./api";
import type { Clock } from "./clock";
import type { Language } from "./language";
import type { Store } from "./storage";
import { button, h, type Child } from "./dom";
import { icon } from "./icons";

export interface Context {
  readonly service: string;
  readonly site: string;
  readonly slug: string;
  readonly host: HTMLElement;
  readonly root: ShadowRoot;
  readonly api: Api;
  readonly store: Store;
  readonly clock: Clock;
  readonly language: Language;
  /** `language.say`, which every part needs. */
  readonly say: Language["say"];
  /** Ends when the element leaves the page or shows another thread. */
  readonly signal: AbortSignal;
  /** Dispatches `comments:<name>` from the element; false when a listener cancelled it. */
  emit(name: string, detail?: object, cancelable?: boolean): boolean;
  /** Says a sentence in the one status line. */
  announce(sentence: string): void;
}

/** A note with an icon, a bold first line and quieter words below. */
export function note(picture: string, title: string, more: Child[], look = ""): HTMLElement {
  const words = more.map((child) => (typeof child === "string" ? h("span", {}, child) : child));
  return h("div", { class: "note " + look, part: "note" }, icon(picture), h("strong", {}, title), h("span", {}, ...words));
}

/** A quiet button with words. */
export function quiet(words: string, press: (event: Event) => void): HTMLButtonElement {
  return button("quiet", press, words);
}

/** A button that is only an icon; its name is for screen readers and the tooltip. */
export function iconButton(picture: string, name: string, press: (event: Event) => void): HTMLButtonElement {
  const made = button("icon-button", press, icon(picture));
  made.setAttribute("aria-label", name);
  made.title = name;
  return made;
}
