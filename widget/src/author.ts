// How an author looks without any picture: initials on a colour drawn from the name.

import { h } from "./dom";

/** A round sign with initials; nothing in it for a screen reader, because the name stands beside it. */
export function avatar(name: string): HTMLElement {
  return h("span", { class: "avatar", "data-hue": hue(name), "aria-hidden": "true", part: "avatar" }, initials(name));
}

function initials(name: string): string {
  const words = name.match(/[\p{L}\p{N}][^\s]*/gu) ?? [];
  const ends = words.length > 1 ? [words[0]!, words.at(-1)!] : words;
  return ends.map((word) => [...word][0]!.toLocaleUpperCase()).join("");
}

// Twelve colours: they are rules of the style sheet, since a style attribute would need a looser policy of the page.
function hue(name: string): number {
  let sum = 7;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)!) % 9973;
  return sum % 12;
}
