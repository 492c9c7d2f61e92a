// What a page loads: defines both elements, once.

import { CommentsCount } from "./count";
import { CommentsThread } from "./element";

if (!customElements.get("comments-thread")) {
  customElements.define("comments-thread", CommentsThread);
  customElements.define("comments-count", CommentsCount);
}

export { CommentsCount, CommentsThread };
export { readBody } from "./body";
