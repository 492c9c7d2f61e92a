// The style sheet, made once and adopted by every element: neither inline styles nor a style element.

import text from "./styles.css";

let made: CSSStyleSheet[] | null = null;

export function sheets(): CSSStyleSheet[] {
  if (made) return made;
  const sheet = new CSSStyleSheet();
  const hues = Array.from({ length: 12 }, (_, hue) => `[data-hue="${hue}"]{--hue:${hue * 30}}`);
  sheet.replaceSync(text + hues.join(""));
  return (made = [sheet]);
}
