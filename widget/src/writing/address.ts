// The addresses that a site gives in attributes of the element: its rules, its privacy notice, its contact.

import type { Context } from "../context";

const SAFE = new Set(["http:", "https:", "mailto:"]);

/** The attribute as an address that a link may carry, never a script; null otherwise. A bare e-mail address will do. */
export function addressIn({ host }: Context, attribute: "rules" | "privacy" | "contact"): string | null {
  const text = host.getAttribute(attribute);
  if (!text) return null;
  try {
    const url = new URL(/^[^:/]+@[^:/]+$/.test(text) ? `mailto:${text}` : text, document.baseURI);
    return SAFE.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
