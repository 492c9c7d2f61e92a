// Elements made one by one: nothing in the widget parses a string as HTML.

export type Child = Node | string | null | undefined | false;
type Settings = Record<string, unknown>;

/** An element with attributes (false, null and undefined are left out), listeners (functions) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  settings: Settings = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value === "function") element.addEventListener(name, value as EventListener);
    else set(element, name, value);
  }
  fill(element, ...children);
  return element;
}

/** Sets an attribute; true makes it empty, and false, null or undefined take it away. */
export function set(element: Element, name: string, value: unknown): void {
  if (value === false || value == null) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/** Replaces what an element contains. */
export function fill(element: Element | ShadowRoot, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child) => child || child === "").map((child) => child as Node | string));
}

/** A plain button that never submits a form. */
export function button(look: string, press: (event: Event) => void, ...children: Child[]): HTMLButtonElement {
  return h("button", { type: "button", class: look, click: press }, ...children);
}
