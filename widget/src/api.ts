// The service's public API, in simple requests only: no custom header, so never a preflight.

export interface Comment {
  id: number;
  parent: number | null;
  created_at: string;
  removed?: "moderator" | "author" | "review";
  name: string;
  badge?: string | null;
  html: string;
  edited_at?: string | null;
  score: number;
  status: string;
  revision: number;
  reason?: string | null;
  replies_total?: number;
  replies?: Comment[];
  replies_next?: string | null;
}

export interface Thread {
  slug: string;
  count: number;
  mode: "open" | "first" | "premoderated" | "closed";
  closes_at: string | null;
  slow_seconds: number | null;
}

export interface Page {
  thread: Thread;
  comments: Comment[];
  next: string | null;
}

export interface Replies {
  comments: Comment[];
  next: string | null;
}

export interface Posted {
  comment: Comment;
  edit_token?: string;
  edit_until?: string;
  reason?: string | null;
}

interface FieldError {
  field: string;
  code: string;
  message: string;
}

type Fields = Record<string, string | number | null | undefined>;
const PATIENCE = 20_000; // milliseconds before an answer counts as lost

/** What went wrong: a status (0 when no answer came), a sentence, errors of fields, seconds to wait. */
export class Problem extends Error {
  override name = "Problem";
  constructor(
    readonly status: number,
    readonly detail = "",
    readonly errors: FieldError[] = [],
    readonly wait = 0,
  ) {
    super(detail || `Status ${status}`);
  }

  /** Is trying again later worth it? */
  get passing(): boolean {
    return !this.status || this.status >= 500;
  }
}

export class Api {
  private readonly _base: string;

  constructor(
    service: string,
    site: string,
    private readonly _fetch: typeof fetch,
    private readonly _signal: AbortSignal,
  ) {
    this._base = `${service}/api/v1/sites/${encodeURIComponent(site)}/`;
  }

  /** Reads; `fresh` asks the service again even if the browser holds a copy. */
  get<T>(path: string, fields: Fields = {}, fresh = false): Promise<T> {
    const query = encoded(fields).toString();
    return this._ask(path + (query && "?" + query), { cache: fresh ? "no-cache" : "default" });
  }

  /** Writes a form. `keepalive` lets it outlive the page. */
  post<T>(path: string, fields: Fields = {}, keepalive = false): Promise<T> {
    return this._ask(path, { method: "POST", body: encoded(fields), keepalive });
  }

  private async _ask<T>(path: string, init: RequestInit): Promise<T> {
    const late = AbortSignal.timeout(PATIENCE);
    let answer: Response;
    try {
      answer = await this._fetch(this._base + path, {
        ...init,
        credentials: "omit",
        referrerPolicy: "strict-origin-when-cross-origin",
        signal: init.keepalive ? late : AbortSignal.any([this._signal, late]),
      });
      if (answer.ok) return (await answer.json()) as T;
    } catch (error) {
      this._signal.throwIfAborted(); // the element has left: nobody waits for this any more
      throw new Problem(0, String(error));
    }
    const told = await answer.json().catch(() => ({}));
    const wait = Number(answer.headers.get("Retry-After")) || 0;
    throw new Problem(answer.status, told.detail ?? told.title, told.errors, wait);
  }
}

function encoded(fields: Fields): URLSearchParams {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value != null && value !== "") form.set(name, String(value));
  return form;
}
