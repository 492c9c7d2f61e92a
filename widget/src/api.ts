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
  statement?: { text: string } | null;
  replies_total?: number;
  replies?: Comment[];
  replies_next?: string | null;
}

export interface Replies {
  comments: Comment[];
  next: string | null;
}

export interface Page extends Replies {
  thread: { slug: string; count: number; mode: string; closes_at: string | null };
  policy: Policy;
}

/** What the site decided about its comments, as far as it concerns their looks. */
export interface Policy {
  language: string;
  votes: "none" | "up" | "both";
  depth_drawn: number;
  rules_url: string;
  privacy_url: string;
  contact: string;
  max_body: number;
}

export interface Posted {
  comment: Comment;
  edit_token?: string | null;
  edit_until?: string | null;
  reason?: string | null;
}

/** What went wrong: a status (0 when no answer came), a sentence, errors of fields, seconds to wait. */
export interface Problem extends Error {
  status: number;
  detail: string;
  errors: { field: string; code: string; message: string }[];
  wait: number;
}

export type Fields = Record<string, string | number | undefined>;
export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

/** Asks for JSON; throws a Problem. `fields` are a form to send, or with `init` naming a GET its query. */
export type Ask = <T>(path: string, fields?: Fields, init?: RequestInit) => Promise<T>;

const PATIENCE = 20_000; // milliseconds before an answer counts as lost

/** An `Ask` for one site; what is asked ends with `signal`, unless it is told to outlive the page. */
export function asker(base: string, fetcher: Fetch, signal?: AbortSignal): Ask {
  return async (path, fields = {}, init = { method: "POST" }) => {
    const form = new URLSearchParams(JSON.parse(JSON.stringify(fields))); // which leaves out what is undefined
    const late = AbortSignal.timeout(PATIENCE);
    let answer: Response | undefined, told;
    try {
      answer = await fetcher(base + path + (init.method || !form.size ? "" : "?" + form), {
        body: init.method && form,
        credentials: "omit",
        signal: init.keepalive || !signal ? late : AbortSignal.any([signal, late]),
        ...init,
      });
      told = await answer.json();
    } catch {
      // No answer, or none of the service's: the status says which.
    }
    if (answer?.ok && told) return told;
    const { detail = "", errors = [] } = told ?? {};
    const wait = Number(answer?.headers.get("Retry-After")) || 0;
    throw Object.assign(new Error(detail), { status: answer?.status ?? 0, detail, errors, wait });
  };
}
