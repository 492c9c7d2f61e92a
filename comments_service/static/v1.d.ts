// Types of the elements that /embed/v1.js defines. Copy this file beside your sources, or reference it.

/** `<comments-thread>`: the comments of one article. Each attribute has a property of the same name. */
export class CommentsThread extends HTMLElement {
  /** The site's key. */
  site: string;
  /** The article's key. */
  slug: string;
  /** Another origin of the service than the script's. */
  service: string;
  sort: "" | "newest" | "oldest" | "best";
  theme: "" | "light" | "dark";
  load: "" | "eager" | "lazy" | "click";
  /** Addresses to link instead of those of the site's policy. */
  rules: string;
  privacy: string;
  contact: string;
  /** Asks the service for the thread again. */
  reload(): Promise<void>;
  /** The one road to the network; may be replaced. */
  fetch(input: string, init?: RequestInit): Promise<Response>;
}

/** `<comments-count>`: the number of comments of one article. */
export class CommentsCount extends HTMLElement {
  site: string;
  slug: string;
  service: string;
  format: "" | "number";
}

export interface Comment {
  id: number;
  parent: number | null;
  name: string;
  badge: string | null;
  html: string;
  created_at: string;
  edited_at: string | null;
  score: number;
  status: "published" | "pending" | "rejected" | "spam";
  revision: number;
}

/** What went wrong: a status (0 when no answer came), a sentence, errors of fields, seconds to wait. */
export interface Problem extends Error {
  status: number;
  detail: string;
  errors: { field: string; code: string; message: string }[];
  wait: number;
}

export interface CommentsEvents {
  "comments:ready": CustomEvent<{ slug: string }>;
  "comments:load": CustomEvent<{ slug: string; count: number; sort: string }>;
  /** Cancelable: nothing is sent then. */
  "comments:submit": CustomEvent<{ slug: string; parent: number | null; edit: number | null; body: string; name: string }>;
  "comments:post": CustomEvent<{ comment: Comment; edited: boolean }>;
  "comments:vote": CustomEvent<{ id: number; value: -1 | 0 | 1; score: number }>;
  "comments:report": CustomEvent<{ id: number; reason: string }>;
  "comments:count": CustomEvent<{ slug: string; count: number }>;
  "comments:error": CustomEvent<{ problem: Problem | Error }>;
}

declare global {
  interface HTMLElementTagNameMap {
    "comments-thread": CommentsThread;
    "comments-count": CommentsCount;
  }
  interface WindowEventMap extends CommentsEvents {}
  interface DocumentEventMap extends CommentsEvents {}
  interface HTMLElementEventMap extends CommentsEvents {}
}
