// The part of the widget that only those need who write, edit, withdraw or report; fetched when the first of them acts.

import type { Context } from "../context";
import words from "../languages/en.writing.json";
import text from "./styles.css";

const sheet = new CSSStyleSheet();
sheet.replaceSync(text);

/** Gives a thread the words and styles of this part. */
export function prepare({ language, root }: Context): void {
  language.learn(words);
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

export { Composer } from "./composer";
export { drawNews, mine, ownActions, ownNote } from "./own";
export { openReport } from "./report";
export { withdraw } from "./withdrawal";
