// Elements made one by one: nothing in the widget parses a string as HTML.

import { alert } from "./icons";

type Settings = Record<string, unknown>;
type Child = Node | string | null | undefined | false | 0;
export type Part = Child | Settings;
type Tag = keyof HTMLElementTagNameMap;

const made: Record<string, Element> = {};

/** A copy of what was made first for this key: in a long thread, copying is half the work of making. */
export function twin<E extends Element>(key: string, make: () => E): E {
  return (made[key] ??= make()).cloneNode(true) as E;
}

/** An element: "tag.its classes" (which are its parts too), then children and settings; false and null are left out. */
export function h<K extends Tag>(tag: K | `${K}.${string}`, ...parts: Part[]): HTMLElementTagNameMap[K] {
  const [name, look] = tag.split(".") as [K, string?];
  return add(twin(tag, () => add(document.createElement(name), look && { class: look, part: look })), ...parts);
}

/** Replaces what an element contains. */
export function fill(element: Element | ShadowRoot, ...children: Child[]): void {
  element.replaceChildren();
  add(element, ...children);
}

function add<E extends Element | ShadowRoot>(element: E, ...parts: Part[]): E {
  for (const part of parts) {
    if (typeof part === "string" || part instanceof Node) element.append(part);
    else for (const name in part || {}) set(element as Element, name, (part as Settings)[name]);
  }
  return element;
}

/** Sets an attribute, or adds a listener (a function); null, false and undefined take an attribute away. */
export function set(element: Element, name: string, value: unknown): void {
  if (typeof value === "function") (element as unknown as Settings)["on" + name] = value;
  else if (value == null || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value as string);
}

/** A picture beside words: hidden from assistive technology. */
export function icon(d: string): Element {
  return twin(d, () => {
    const make = (name: string) => document.createElementNS("http://www.w3.org/2000/svg", name);
    const [svg, path] = [make("svg"), make("path")];
    svg.ariaHidden = "true";
    set(path, "d", d);
    svg.append(path);
    return svg;
  });
}

/** A note with an icon, a bold first line and quieter words below. */
export function note(picture: string, title: string, ...more: Part[]): HTMLElement {
  return h("div.note", icon(picture), h("strong", title), h("span", ...more));
}

/** Says in its place what is wrong; nothing when nothing is. */
export function wrong(place: HTMLElement, sentence: string | false | undefined): void {
  fill(place, sentence && icon(alert), sentence);
}
